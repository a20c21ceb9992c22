"""What a call would get and why, by a published document: the same rules as routers obey. Pure.

Left out is what only a router knows: its calls of the last minute, its leases, what its
classifier makes of the text, whether it can still ask the server. A router in touch that has
counted nothing yet, and that gets its leases, decides the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

from finops.rules import Rule, matches
from policy.listed_models import Document, Listed, Size, is_free, tier_for
from policy.refusal_body import Refused
from policy.verdicts import Case, Verdict, above_ceiling, is_passed_over, verdict_of

# `queue` is what some calls get and others not.
Outcome = Literal["allow", "downgrade", "queue", "refuse"]

SOURCE = "tokenops"
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Asked:
    """A call before it is made; attributes are named as rules name them."""

    provider: str
    model: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    size: Size = field(default_factory=Size)

    @property
    def task_type(self) -> str:
        return self.attributes.get("task_type", "")

    @property
    def name(self) -> str:
        return f"{self.provider}/{self.model}"

    @property
    def told(self) -> dict[str, str]:
        """What rules are tried with."""
        own = {"source": SOURCE, "provider": self.provider, "model": self.model}
        return {**own, **self.attributes}


@dataclass(frozen=True, slots=True)
class Simulation:
    """The answer. `place` is the line of `assign` that holds, counted from 0; None for none."""

    outcome: Outcome
    model: str
    text: str
    place: int | None
    path: Sequence[Verdict]
    refused: Refused | None
    reserve_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class _Way:
    """The model that a call goes to, and the scope whose highest tier led it there."""

    model: Document | None
    lowered_by: Document | None = None
    nothing_fits: bool = False


def simulate(
    asked: Asked, document: Document, *, spent_usd: Mapping[str, Decimal], at: datetime
) -> Simulation:
    """Return what a call would get; `spent_usd` is the meter of each cap that is known."""
    rules = [Rule(line["when"], line["scope"]) for line in document["assign"]]
    place = next((n for n, rule in enumerate(rules) if matches(rule.when, asked.told)), None)
    if place is None:
        words = "No line of the policy says which scope this call falls under."
        none = Refused(code="no_scope", text=words, revision=document["revision"])
        return Simulation("refuse", asked.model, words, None, [], none, None)
    path, listed = path_of(document, rules[place].scope), Listed(document)
    # A protected scope answers for itself alone: what lies above pages people instead.
    binding = path[:1] if path[0]["protected"] else path
    way = _way(asked, binding, listed)
    usd = listed.reserve_usd(way.model, asked.size)
    free = is_free(way.model)
    case = Case(asked.name, usd, free, document["revision"], spent_usd, at)
    verdicts = _verdicts(asked, case, binding, way)
    skipped = [Verdict(e, "skip", "Not asked: what lies beneath it is protected.") for e in path]
    found = _concluded(asked, verdicts, way)
    return replace(found, place=place, path=[*verdicts, *skipped[len(binding) :]], reserve_usd=usd)


def path_of(document: Document, slug: str) -> list[Document]:
    """Return a scope's entry, then those above it to the top."""
    entries = {entry["id"]: entry for entry in document["scopes"]}
    path, found = [], entries.get(slug)
    while found is not None:
        path.append(found)
        found = entries.get(found["parent"]) if found["parent"] else None
    return path


def _way(asked: Asked, binding: Sequence[Document], listed: Listed) -> _Way:
    model, ceiling = listed.named(asked.provider, asked.model), listed.lowest(binding)
    if ceiling is None or listed.fits(model, ceiling, task_type=asked.task_type):
        return _Way(model)
    fitting = listed.beneath(ceiling, provider=asked.provider, task_type=asked.task_type)
    if fitting is None:
        return _Way(model, ceiling, nothing_fits=True)
    return _Way(fitting, ceiling)


def _verdicts(asked: Asked, case: Case, binding: Sequence[Document], way: _Way) -> list[Verdict]:
    if way.nothing_fits and way.lowered_by is not None and not _keeps_a_share(way.lowered_by):
        tier = tier_for(way.model, asked.task_type) if way.model else None
        word = above_ceiling(way.lowered_by, case, provider=asked.provider, tier=tier)
        others = [e for e in binding if e is not way.lowered_by]
        skipped = [Verdict(e, "skip", "Not asked: no model would fit.") for e in others]
        return sorted([word, *skipped], key=lambda v: binding.index(v.entry))
    slowing = _slowing(case, binding, way)
    return [verdict_of(entry, case, is_slowing=entry is slowing) for entry in binding]


def _slowing(case: Case, binding: Sequence[Document], way: _Way) -> Document | None:
    """Return the scope whose throttle counts: of several the one that keeps the least."""
    without_fallback = way.lowered_by if way.nothing_fits else None
    slowing = [
        entry
        for entry in binding
        if entry["keep_fraction"] is not None
        and (entry["state"] == "throttled" or entry is without_fallback)
        and not is_passed_over(entry, case)
    ]
    return min(slowing, key=lambda entry: Decimal(entry["keep_fraction"]), default=None)


def _keeps_a_share(entry: Document) -> bool:
    return entry["state"] == "downgraded" and entry["keep_fraction"] is not None


def _concluded(asked: Asked, verdicts: Sequence[Verdict], way: _Way) -> Simulation:
    against = [each.refused for each in verdicts if each.result == "no" and each.refused]
    if against:
        # Of several the one that holds longest is told, of equal ones the innermost.
        worst = max(against, key=lambda refused: refused.until or _NEVER)
        return Simulation("refuse", asked.model, worst.text, None, [], worst, None)
    perhaps = next((each for each in verdicts if each.result == "perhaps"), None)
    if perhaps is not None:
        return Simulation("queue", asked.model, perhaps.words, None, [], perhaps.refused, None)
    if way.lowered_by is None or way.model is None or way.nothing_fits:
        return Simulation("allow", asked.model, "", None, [], None, None)
    ceiling, model = way.lowered_by, way.model["model"]
    words = f"{ceiling['name']} goes up to tier {ceiling['max_tier']}: call {model} instead."
    return Simulation("downgrade", model, words, None, [], None, None)
