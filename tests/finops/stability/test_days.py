"""Every line of the event table, one by one: the effect, the rule, the sentence."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from finops.stability.days import Day, Effect, Event, Kind, Rule, judge_day

PLAIN = Day(
    on=date(2026, 6, 29),
    spent_usd=Decimal("412.50"),
    coverage=Decimal("0.995"),
    is_imported=True,
    cap_usd=Decimal(600),
    least_cap_usd=Decimal(600),
    left_usd=Decimal(5820),
    calls=1400,
)
UNUSED: dict[str, object] = {"calls": 0, "spent_usd": Decimal(0)}


def happened(kind: Kind, *, hours: str = "0") -> tuple[Event, ...]:
    return (Event(kind=kind, text="as told.", hours=Decimal(hours)),)


@pytest.mark.parametrize(
    ("changes", "effect", "rule"),
    [
        ({}, Effect.COUNTS, Rule.PLAIN),
        ({"spent_usd": Decimal(600)}, Effect.COUNTS, Rule.PLAIN),
        ({"spent_usd": Decimal("600.01")}, Effect.RESTARTS, Rule.OVER_CAP),
        ({"least_cap_usd": Decimal(412)}, Effect.RESTARTS, Rule.OVER_CAP),
        ({"left_usd": Decimal(0)}, Effect.COUNTS, Rule.PLAIN),
        ({"left_usd": Decimal("-0.01")}, Effect.RESTARTS, Rule.OVER_ALLOCATION),
        ({"left_usd": None}, Effect.COUNTS, Rule.PLAIN),
        ({"events": happened(Kind.LIMITED)}, Effect.RESTARTS, Rule.LIMITED),
        ({"events": happened(Kind.MATERIAL_CHANGE)}, Effect.RESTARTS, Rule.MATERIAL_CHANGE),
        ({"events": happened(Kind.CAP_RAISED)}, Effect.RESTARTS, Rule.CAP_RAISED),
        ({"events": happened(Kind.OUTAGE, hours="4")}, Effect.RESTARTS, Rule.LONG_OUTAGE),
        ({"gates_passed": False}, Effect.RESTARTS, Rule.GATE_NOT_PASSED),
        ({"spent_usd": None}, Effect.PAUSES, Rule.NOT_COMPLETE),
        ({"coverage": None}, Effect.PAUSES, Rule.NOT_COMPLETE),
        ({"coverage": Decimal("0.98")}, Effect.COUNTS, Rule.PLAIN),
        ({"coverage": Decimal("0.9799")}, Effect.PAUSES, Rule.NOT_COMPLETE),
        ({"is_imported": False}, Effect.PAUSES, Rule.NOT_COMPLETE),
        (UNUSED, Effect.PAUSES, Rule.NO_USE),
        ({"calls": 0}, Effect.COUNTS, Rule.PLAIN),
        ({**UNUSED, "is_off": True}, Effect.COUNTS_ANNOTATED, Rule.OFF_DAY),
        (
            {**UNUSED, "events": happened(Kind.HOLIDAY)},
            Effect.COUNTS_ANNOTATED,
            Rule.HOLIDAY,
        ),
        ({"events": happened(Kind.HOLIDAY)}, Effect.COUNTS_ANNOTATED, Rule.HOLIDAY),
        ({"events": happened(Kind.TRIP_TEST)}, Effect.COUNTS_ANNOTATED, Rule.TRIP_TEST),
        (
            {"events": happened(Kind.OUTAGE, hours="3.9")},
            Effect.COUNTS_ANNOTATED,
            Rule.SHORT_OUTAGE,
        ),
        ({"events": happened(Kind.CAP_LOWERED)}, Effect.COUNTS_ANNOTATED, Rule.CAP_LOWERED),
        ({"events": happened(Kind.PRICE_CHANGE)}, Effect.COUNTS_ANNOTATED, Rule.PRICE_CHANGE),
    ],
)
def test_a_day_counts_by_its_line_of_the_table(
    changes: dict[str, object], effect: Effect, rule: Rule
) -> None:
    judged = judge_day(replace(PLAIN, **changes))  # type: ignore[arg-type]  # fields by name

    assert (judged.effect, judged.rule) == (effect, rule)


@pytest.mark.parametrize(
    "events",
    [
        happened(Kind.LIMITED) + happened(Kind.TRIP_TEST),
        happened(Kind.TRIP_TEST) + happened(Kind.LIMITED),
        happened(Kind.HOLIDAY) + happened(Kind.LIMITED) + happened(Kind.PRICE_CHANGE),
    ],
)
def test_what_breaks_a_run_is_told_before_what_does_not(events: Sequence[Event]) -> None:
    judged = judge_day(replace(PLAIN, events=events))

    assert judged.rule == Rule.LIMITED


def test_a_breach_is_a_breach_even_where_data_are_missing() -> None:
    judged = judge_day(replace(PLAIN, spent_usd=Decimal(640), coverage=Decimal("0.5")))

    assert judged.effect == Effect.RESTARTS
    assert judged.says == "Spent $640.00, over the daily cap of $600.00."


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"least_cap_usd": Decimal(400)},
            "Spent $412.50, over the daily cap of $400.00 that was set later in the run.",
        ),
        ({"left_usd": Decimal("-12.5")}, "By then $12.50 more was spent than was allotted."),
        (
            {"coverage": Decimal("0.913")},
            "Only 91.3% of what is metered had come in; 98% is needed.",
        ),
        ({"spent_usd": None}, "What was spent is not known."),
        ({"coverage": None}, "No source said whether its data are complete."),
        ({"is_imported": False}, "The provider's own usage is not imported yet."),
        (
            UNUSED,
            "Nothing was used, and the schedule does not say that the day is off.",
        ),
        (
            {"events": happened(Kind.OUTAGE, hours="5.5")},
            "A provider was out for 5.5 hours: as told.",
        ),
    ],
)
def test_a_day_says_why(changes: dict[str, object], says: str) -> None:
    assert judge_day(replace(PLAIN, **changes)).says == says  # type: ignore[arg-type]  # as above
