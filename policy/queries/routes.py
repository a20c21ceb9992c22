"""Where calls go by their labels: derived from tiers, requirements and evidence, or decided."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from finops.complexity import Band
from finops.money import EXACT, calculated_in
from finops.routing import (
    HIGH_RISK,
    TASK_TYPES,
    TYPICAL_IN,
    TYPICAL_OUT,
    Choice,
    Option,
    Why,
    choose,
    in_tier,
    mapped_rank,
    with_batch,
)
from ingestion.models import Evaluation
from ingestion.queries.evaluations import Graded, evidence_of, standing_evaluations
from policy.document import ModelEntry, RouteEntry
from policy.models import Risk, Route, Tier, WorkflowLabel
from policy.queries.requirements import Requirements, requirements_on

PER_MTOK = Decimal(1_000_000)
SYNC, BATCH = Route.Queue.SYNC, Route.Queue.BATCH


class Labels(NamedTuple):
    """What calls are, as a router or a classifier says it."""

    task_type: str
    complexity: str
    risk: str


@dataclass(frozen=True, slots=True)
class Routed:
    """A route with what it was chosen by; `decided` is there where a person chose it."""

    labels: Labels
    choice: Choice
    queue: str
    decided: Route | None

    @property
    def tier(self) -> Tier:
        return list(Tier)[self.choice.rank]

    @property
    def entry(self) -> RouteEntry:
        return RouteEntry(*self.labels, self.tier, self.choice.models, self.queue)


def routes_on(models: Sequence[ModelEntry], *, on: date) -> list[Routed]:
    """Return the route of every kind of work, for the models of a day, in four queries."""
    if not models:
        return []
    map_ = _Map(models, on=on)
    found = (map_.routed(labels) for labels in map_.kinds())
    return [each for each in found if each is not None]


def decided_routes() -> dict[Labels, Route]:
    """Return what people decided, where it was not left to be derived again."""
    rows = Route.objects.select_related("by__person").order_by("pk")
    newest = {Labels(row.task_type, row.complexity, row.risk): row for row in rows}
    return {labels: row for labels, row in newest.items() if row.tier}


class _Map:
    """What routes follow from, read once for all of them."""

    def __init__(self, models: Sequence[ModelEntry], *, on: date) -> None:
        self._models = models
        self._requirements: Requirements = requirements_on(on)
        self._evaluations: Mapping[Graded, Evaluation] = standing_evaluations(until=on)
        self._decided = decided_routes()
        self._async = _waited_for_by_nobody(self._requirements.labels.values())

    def kinds(self) -> Iterator[Labels]:
        """Yield all labels that calls may have: a classifier's, and those that are spoken of."""
        labels = self._requirements.labels.values()
        named = {task_type for task_type, _ in self._requirements.required}
        named |= {each.task_type for each in labels} | {row.task_type for row in self._decided}
        named |= {name for model in self._models for name in model.task_tiers}
        for task_type in sorted({*TASK_TYPES, *named} - {""}):
            for complexity in Band:
                for risk in Risk:
                    yield Labels(task_type, complexity.value, risk.value)

    def routed(self, labels: Labels) -> Routed | None:
        options = [self._option(model, labels) for model in self._models]
        decided = self._decided.get(labels)
        choice = self._decided_choice(decided, options) or self._derived(labels, options)
        if choice is None:
            return None
        wanted = decided.queue if decided else BATCH if labels in self._async else SYNC
        queued = with_batch(options, choice.models) if wanted == BATCH else ()
        if queued:
            return Routed(labels, Choice(choice.rank, queued, choice.why), BATCH, decided)
        return Routed(labels, choice, SYNC, decided)

    def _derived(self, labels: Labels, options: Sequence[Option]) -> Choice | None:
        required = self._requirements.of(labels.task_type, labels.risk)
        return choose(
            options,
            mapped=mapped_rank(*labels),
            floor=Tier(required.floor_tier).rank if required else 0,
            required=required.required if required else None,
            is_high_risk=labels.risk == HIGH_RISK,
        )

    def _decided_choice(self, decided: Route | None, options: Sequence[Option]) -> Choice | None:
        if decided is None:
            return None
        rank = Tier(decided.tier).rank
        models = in_tier(options, rank)
        return Choice(rank, models, Why.DECIDED) if models else None

    def _option(self, model: ModelEntry, labels: Labels) -> Option:
        graded = Graded(model.provider, model.model, labels.task_type, labels.complexity)
        evaluation = self._evaluations.get(graded)
        return Option(
            name=model.model,
            rank=Tier(model.task_tiers.get(labels.task_type, model.tier)).rank,
            usd=_typical_usd(model),
            evidence=evidence_of(evaluation) if evaluation else None,
            has_batch=model.batch,
        )


def least_tier(labels: Labels, *, on: date) -> Tier:
    """Return the lowest tier that a person may send these calls to.

    High risk stays where its labels put it, and no requirement's floor is undercut.
    """
    required = requirements_on(on).of(labels.task_type, labels.risk)
    floor = Tier(required.floor_tier).rank if required else 0
    mapped = mapped_rank(*labels) if labels.risk == HIGH_RISK else 0
    return list(Tier)[max(floor, mapped)]


def history_of_routes() -> list[Route]:
    """Return every decision on a route, the newest first."""
    return list(Route.objects.select_related("by__person").order_by("-pk"))


def _waited_for_by_nobody(labels: Iterable[WorkflowLabel]) -> set[Labels]:
    """Return the labels under which nobody waits for an answer in any workflow."""
    latencies: dict[Labels, set[str]] = {}
    for each in labels:
        key = Labels(each.task_type, each.complexity, each.risk)
        latencies.setdefault(key, set()).add(each.latency)
    return {key for key, said in latencies.items() if said == {WorkflowLabel.Latency.ASYNC}}


@calculated_in(EXACT)
def _typical_usd(model: ModelEntry) -> Decimal | None:
    """Return a typical call at list prices; None where either price is not known."""
    prices = model.usd_per_mtok
    if "in_text" not in prices or "out_text" not in prices:
        return None
    tokens_usd = prices["in_text"] * TYPICAL_IN + prices["out_text"] * TYPICAL_OUT
    return tokens_usd / PER_MTOK
