"""A day of the baseline: what happened on it, by which rule it counts, and in which words.

A day is judged by the facts known of it now; it is judged anew when more of them arrive.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from finops.money import to_cents

LEAST_COVERAGE = Decimal("0.98")
LONGEST_OUTAGE_HOURS = 4


class Effect(StrEnum):
    """What a day does to the run it stands in."""

    COUNTS = "counts"
    COUNTS_ANNOTATED = "counts_annotated"
    PAUSES = "pauses"
    RESTARTS = "restarts"


class Rule(StrEnum):
    """The line of the event table by which a day was judged."""

    PLAIN = "plain"
    OVER_CAP = "over_cap"
    OVER_ALLOCATION = "over_allocation"
    LIMITED = "limited"
    MATERIAL_CHANGE = "material_change"
    CAP_RAISED = "cap_raised"
    LONG_OUTAGE = "long_outage"
    GATE_NOT_PASSED = "gate_not_passed"
    FROZEN = "frozen"
    PAUSED_TOO_OFTEN = "paused_too_often"
    NOT_FILLED_IN = "not_filled_in"
    NOT_COMPLETE = "not_complete"
    NO_USE = "no_use"
    CAP_LOWERED = "cap_lowered"
    TRIP_TEST = "trip_test"
    SHORT_OUTAGE = "short_outage"
    HOLIDAY = "holiday"
    OFF_DAY = "off_day"
    PRICE_CHANGE = "price_change"


class Kind(StrEnum):
    """What may happen on a day beside spending."""

    LIMITED = "limited"  # a breaker held back real traffic: load, a loop, a cap
    TRIP_TEST = "trip_test"
    OUTAGE = "outage"  # of a provider; `hours` says how long
    HOLIDAY = "holiday"
    MATERIAL_CHANGE = "material_change"
    CAP_RAISED = "cap_raised"
    CAP_LOWERED = "cap_lowered"
    PRICE_CHANGE = "price_change"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened on a day; `text` says it to a reader."""

    kind: Kind
    text: str
    hours: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What is known of one reporting day of an experiment.

    `spent_usd` is None where the spend is not known; `cap_usd` is the daily cap that held on the
    day, `least_cap_usd` the lowest that held on it or on a later day up to now, by which
    it has to pass as well. `left_usd` is what the allocation had left after it. `coverage` is the
    share of the expected meters that reported; None where no source said.
    """

    on: date
    spent_usd: Decimal | None
    coverage: Decimal | None
    is_imported: bool
    cap_usd: Decimal
    least_cap_usd: Decimal
    left_usd: Decimal | None
    calls: int = 0
    is_off: bool = False
    gates_passed: bool = True
    events: Sequence[Event] = ()

    @property
    def is_complete(self) -> bool:
        """Test whether the day's spend is known well enough to be judged."""
        return (
            self.spent_usd is not None
            and self.is_imported
            and self.coverage is not None
            and self.coverage >= LEAST_COVERAGE
        )

    @property
    def is_used(self) -> bool:
        """Test whether anything was used: bills tell of money, and not always of calls."""
        return bool(self.calls or self.spent_usd)

    def first(self, kind: Kind) -> Event | None:
        return next((event for event in self.events if event.kind == kind), None)


@dataclass(frozen=True, slots=True)
class Judged:
    """A day with its effect, the rule that caused it, and the sentence that says so."""

    day: Day
    effect: Effect
    rule: Rule
    says: str

    @property
    def counts(self) -> bool:
        return self.effect in {Effect.COUNTS, Effect.COUNTS_ANNOTATED}


def judge_day(day: Day) -> Judged:
    """Return how a day counts by the first rule that applies, the gravest first.

    What broke the run is said even where data are missing: a breach does not heal by more
    data, and what is missing can only add to it.
    """
    for rule in (_restarts, _pauses, _annotated):
        found = rule(day)
        if found is not None:
            return found
    return Judged(day, Effect.COUNTS, Rule.PLAIN, "A day inside its limits.")


def _restarts(day: Day) -> Judged | None:
    found = _over(day) or _broken(day)
    return None if found is None else Judged(day, Effect.RESTARTS, *found)


def _over(day: Day) -> tuple[Rule, str] | None:
    spent_usd = day.spent_usd
    if spent_usd is not None and spent_usd > day.cap_usd:
        return Rule.OVER_CAP, f"Spent {_usd(spent_usd)}, over the daily cap of {_usd(day.cap_usd)}."
    if spent_usd is not None and spent_usd > day.least_cap_usd:
        words = f"the daily cap of {_usd(day.least_cap_usd)} that was set later in the run"
        return Rule.OVER_CAP, f"Spent {_usd(spent_usd)}, over {words}."
    if day.left_usd is not None and day.left_usd < 0:
        words = f"By then {_usd(-day.left_usd)} more was spent than was allotted."
        return Rule.OVER_ALLOCATION, words
    return None


# A day on which several things happened is told by the first of these.
_BREAKING = (
    (Kind.LIMITED, Rule.LIMITED, "The breaker held traffic back, so what was spent is no demand"),
    (Kind.MATERIAL_CHANGE, Rule.MATERIAL_CHANGE, "Something material changed"),
    (Kind.CAP_RAISED, Rule.CAP_RAISED, "The cap was raised"),
)


def _broken(day: Day) -> tuple[Rule, str] | None:
    for kind, rule, words in _BREAKING:
        event = day.first(kind)
        if event is not None:
            return rule, f"{words}: {event.text}"
    outage = day.first(Kind.OUTAGE)
    if outage is not None and outage.hours >= LONGEST_OUTAGE_HOURS:
        words = f"A provider was out for {outage.hours:f} hours"
        return Rule.LONG_OUTAGE, f"{words}: {outage.text}"
    if not day.gates_passed:
        return Rule.GATE_NOT_PASSED, "Gates 1 to 3 were not all passed."
    return None


def _pauses(day: Day) -> Judged | None:
    if not day.is_complete:
        return Judged(day, Effect.PAUSES, Rule.NOT_COMPLETE, _what_is_missing(day))
    if not day.is_used and not (day.is_off or day.first(Kind.HOLIDAY)):
        words = "Nothing was used, and the schedule does not say that the day is off."
        return Judged(day, Effect.PAUSES, Rule.NO_USE, words)
    return None


def _what_is_missing(day: Day) -> str:
    if day.spent_usd is None:
        return "What was spent is not known."
    if day.coverage is None:
        return "No source said whether its data are complete."
    if not day.is_imported:
        return "The provider's own usage is not imported yet."
    return (
        f"Only {day.coverage:.1%} of what is metered had come in; {LEAST_COVERAGE:.0%} is needed."
    )


_NOTED = (
    (Kind.CAP_LOWERED, Rule.CAP_LOWERED, "The cap was lowered, and every day of the run keeps it"),
    (Kind.TRIP_TEST, Rule.TRIP_TEST, "A trip test, no demand"),
    (Kind.OUTAGE, Rule.SHORT_OUTAGE, "A short outage of a provider"),
    (Kind.HOLIDAY, Rule.HOLIDAY, "A holiday that was planned"),
    (Kind.PRICE_CHANGE, Rule.PRICE_CHANGE, "A price changed; the run is priced by the new one"),
)


def _annotated(day: Day) -> Judged | None:
    for kind, rule, words in _NOTED:
        event = day.first(kind)
        if event is not None:
            return Judged(day, Effect.COUNTS_ANNOTATED, rule, f"{words}: {event.text}")
    if not day.is_used:
        words = "A day off by its schedule, on which nothing was used."
        return Judged(day, Effect.COUNTS_ANNOTATED, Rule.OFF_DAY, words)
    return None


def _usd(value: Decimal) -> str:
    return f"${to_cents(value):,}"
