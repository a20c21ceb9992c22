"""The right-sizing audit: real calls of a window, and what they would cost on a model that fits."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from finops.complexity import Band
from finops.money import ROUNDED, calculated_in
from finops.periods import Period
from finops.right_sizing import Candidate, Evidence, Sized, Work, right_size
from finops.tokens import INPUT_CLASSES, OUTPUT_CLASSES
from ingestion.models import Evaluation
from ingestion.queries.call_profiles import CallProfile, call_profiles
from ingestion.queries.evaluations import Graded, evidence_of, standing_evaluations
from ingestion.queries.prices import Name, price_book_version
from ingestion.queries.what_if import usd_on
from policy.models import QualityRequirement, Tier, WorkflowLabel
from policy.queries.hierarchy import Hierarchy, hierarchy_on
from policy.queries.requirements import Requirements, requirements_on

ASYNC = WorkflowLabel.Latency.ASYNC
BATCH = "batch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What calls are: as they say themselves, else as their workflow is labelled; "" unknown."""

    workflow: str
    task_type: str
    complexity: str
    risk: str
    latency: str
    human_review: bool

    @property
    def is_known(self) -> bool:
        return bool(self.task_type and self.complexity and self.risk)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """One kind of work on the model that does it now.

    `now_usd` is by the price book at the calls' own time, None where it cannot say. `sized`
    is None while `missing` says what is not known yet.
    """

    kind: Kind
    name: Name
    tier: Tier | None
    profile: CallProfile
    now_usd: Decimal | None
    required: QualityRequirement | None
    evidence: Evidence | None
    sized: Sized | None
    missing: tuple[str, ...]

    @property
    def is_frontier_on_simple(self) -> bool:
        return self.tier == Tier.FRONTIER and self.kind.complexity == Band.SIMPLE

    @property
    def cache_share(self) -> Decimal | None:
        """Return how much of the input came from the cache; None without input."""
        return _share(self._sum(("in_cache_read",)), self._sum(INPUT_CLASSES))

    @property
    def cache_achievable(self) -> Decimal | None:
        """Return the share if every call hit as those that hit do; None where none ever did."""
        return self.profile.hit_share

    @property
    def reasoning_share(self) -> Decimal | None:
        return _share(self._sum(("out_reasoning",)), self._sum(OUTPUT_CLASSES))

    @property
    def input_spread(self) -> Decimal | None:
        """Return the 95th percentile of input as a multiple of the median: prompt bloat."""
        return _share(self.profile.p95_input, self.profile.median_input)

    @property
    def batch_eligible_calls(self) -> int | None:
        """Return the calls that nobody waits for and no batch took; None where nobody said."""
        if not self.kind.latency:
            return None
        return self.profile.calls - self.batched_calls if self.kind.latency == ASYNC else 0

    @property
    def batched_calls(self) -> int:
        return sum(part.calls for part in self.profile.parts if part.service_tier == BATCH)

    def _sum(self, names: Iterable[str]) -> int:
        return sum(self.profile.tokens.get(name, 0) for name in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Everything audited in a window, the most avoidable first."""

    period: Period
    on: date
    rows: tuple[Audited, ...]
    days: int

    @property
    def calls(self) -> int:
        return self._calls(lambda _: True)

    @property
    def spend_usd(self) -> Decimal:
        """Return what the calls cost whose cost is known."""
        return sum((row.now_usd for row in self.rows if row.now_usd is not None), Decimal(0))

    @property
    def avoidable_usd(self) -> Decimal:
        return sum((row.sized.avoidable_usd for row in self.rows if row.sized), Decimal(0))

    @property
    def potential_usd(self) -> Decimal:
        return sum((row.sized.potential_usd for row in self.rows if row.sized), Decimal(0))

    @property
    def avoidable_share(self) -> Decimal | None:
        return _share(self.avoidable_usd, self.spend_usd)

    @property
    def frontier_share(self) -> Decimal | None:
        """Return the frontier's share of what the calls cost."""
        frontier = (row.now_usd or 0 for row in self.rows if row.tier == Tier.FRONTIER)
        return _share(sum(frontier, Decimal(0)), self.spend_usd)

    @property
    def frontier_call_share(self) -> Decimal | None:
        return _share(self._calls(lambda row: row.tier == Tier.FRONTIER), self.calls)

    @property
    def frontier_on_simple_share(self) -> Decimal | None:
        """Return the share of calls that ask a frontier model for simple work."""
        return _share(self._calls(lambda row: row.is_frontier_on_simple), self.calls)

    @property
    def unknown_calls(self) -> int:
        """Return the calls of which nobody says what kind of work they are."""
        return self._calls(lambda row: not row.kind.is_known)

    @property
    def calls_without_latency(self) -> int:
        return self._calls(lambda row: not row.kind.latency)

    @property
    def missing(self) -> list[str]:
        """Return what is not known yet, each sentence once."""
        return list(dict.fromkeys(told for row in self.rows for told in row.missing))

    def _calls(self, counts: Callable[[Audited], bool]) -> int:
        return sum(row.profile.calls for row in self.rows if counts(row))


def audit(
    *,
    period: Period,
    on: date,
    cost_object_id: int | None = None,
    unit_paths: Sequence[str] | None = None,
) -> Audit:
    """Audit the calls of a window by the tiers, requirements, labels and evidence of a day."""
    profiles = call_profiles(period=period, cost_object_id=cost_object_id, unit_paths=unit_paths)
    bench = _Bench(on=on)
    rows = sorted((bench.audited(profile) for profile in profiles), key=_most_avoidable)
    days = max((profile.days for profile in profiles), default=0)
    return Audit(period=period, on=on, rows=tuple(rows), days=days)


class _Bench:
    """What calls are judged by, read once for all of them."""

    def __init__(self, *, on: date) -> None:
        self._hierarchy: Hierarchy = hierarchy_on(on)
        self._requirements: Requirements = requirements_on(on)
        self._evaluations = standing_evaluations(until=on)
        self._version = price_book_version()
        placed = self._hierarchy.rows()
        self._names = [Name(*each.name) for each in placed if not each.row.task_type]

    def audited(self, profile: CallProfile) -> Audited:
        kind, name = self._kind(profile), Name(profile.group.provider, profile.group.model)
        now_usd = self._now_usd(profile, name)
        required = self._requirements.of(kind.task_type, kind.risk) if kind.risk else None
        evidence = self._evidence(name, kind)
        missing = _missing(kind, name, now_usd, required)
        work = None
        if now_usd is not None and required is not None and not missing:
            work = Work(
                calls=profile.calls,
                total_usd=now_usd,
                evidence=evidence,
                required=required.required,
                floor_rank=Tier(required.floor_tier).rank,
                has_human_review=kind.human_review,
            )
        sized = right_size(work, self._candidates(profile, name, kind)) if work else None
        if sized is not None:
            missing += _ungraded(kind, name, evidence, sized)
        return Audited(
            kind=kind,
            name=name,
            tier=self._hierarchy.tier(name, kind.task_type),
            profile=profile,
            now_usd=now_usd,
            required=required,
            evidence=evidence,
            sized=sized,
            missing=tuple(missing),
        )

    def _kind(self, profile: CallProfile) -> Kind:
        group = profile.group
        label = self._requirements.labels.get(group.workflow) if group.workflow else None
        return Kind(
            workflow=group.workflow,
            task_type=group.task_type or (label.task_type if label else ""),
            complexity=group.complexity or (label.complexity if label else ""),
            risk=group.risk or (label.risk if label else ""),
            latency=group.latency or (label.latency if label else ""),
            human_review=label.human_review if label else False,
        )

    def _now_usd(self, profile: CallProfile, name: Name) -> Decimal | None:
        """Return the cost by the book, or what the ledger says where the book has no price."""
        usd = usd_on(profile.parts, name=name, at_home=name.provider, version=self._version)
        return profile.ledger_usd if usd is None and not profile.unpriced_calls else usd

    def _candidates(self, profile: CallProfile, now: Name, kind: Kind) -> list[Candidate]:
        return [
            Candidate(
                name=name.model,
                total_usd=usd_on(
                    profile.parts, name=name, at_home=now.provider, version=self._version
                ),
                rank=(self._hierarchy.tier(name, kind.task_type) or Tier.LOCAL).rank,
                evidence=self._evidence(name, kind),
            )
            for name in self._names
            if name != now
        ]

    def _evidence(self, name: Name, kind: Kind) -> Evidence | None:
        found = self._evaluation(name, kind)
        return evidence_of(found) if found else None

    def _evaluation(self, name: Name, kind: Kind) -> Evaluation | None:
        return self._evaluations.get(Graded(*name, kind.task_type, kind.complexity))


def _missing(
    kind: Kind, name: Name, now_usd: Decimal | None, required: QualityRequirement | None
) -> list[str]:
    """Say what has to be known before anything can be recommended."""
    what = f"of {kind.workflow}" if kind.workflow else "without a workflow"
    if not kind.is_known:
        return [f"Nobody says what the calls {what} are: label the workflow or tag its calls."]
    told = []
    if now_usd is None:
        told.append(f"{name.model} has no price that the book can put to the calls {what}.")
    if required is None:
        told.append(f"No quality is required of {kind.task_type} at {kind.risk} risk: set one.")
    return told


def _ungraded(kind: Kind, name: Name, evidence: Evidence | None, sized: Sized) -> list[str]:
    """Say whose answers have to be graded, where a cheaper model might do."""
    work = f"{kind.task_type}, {kind.complexity}"
    told = []
    if sized.to_test is not None and evidence is None:
        told.append(f"{name.model} was never graded for {work}: grade what runs now.")
    if sized.to_test is not None and evidence is not None:
        told.append(f"{sized.to_test.candidate.name} needs a shadow test for {work}.")
    return told


def _most_avoidable(row: Audited) -> tuple[Decimal, Decimal, tuple[str, ...]]:
    avoidable = row.sized.avoidable_usd if row.sized else Decimal(0)
    return -avoidable, -(row.now_usd or Decimal(0)), tuple(row.profile.group)


@calculated_in(ROUNDED)
def _share(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    return Decimal(part) / whole if whole else None
