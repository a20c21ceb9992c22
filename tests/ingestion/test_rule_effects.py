"""Rule effects: what rules catch and move, day by day, to the last pico-dollar."""

from datetime import date
from decimal import Decimal

import pytest

from finops.allocation import DatedRule
from finops.periods import Period
from finops.rules import When
from ingestion.queries.rule_effects import Move, UnitId, preview
from tests.factories.ingestion import book, new_slice
from tests.org_cast import Cast

NOVEMBER = Period(date(2026, 11, 1), date(2026, 12, 1))
FIRST, TENTH, TWENTIETH = (date(2026, 11, day) for day in (1, 10, 20))


def rule(
    place: int, when: When, unit: UnitId, starts_on: date | None = None, ends_on: date | None = None
) -> DatedRule[UnitId]:
    return DatedRule(place, place, when, unit, starts_on, ends_on)


@pytest.fixture
def reply(cast: Cast) -> None:
    """One slice: one dollar before the tenth, two on it, four on the twentieth."""
    called = new_slice(workflow="reply", tags={"team": "cx"})
    for day, usd in ((FIRST, "1.000000000001"), (TENTH, "2.00"), (TWENTIETH, "4.00")):
        book(called, day, usd, calls=3)


def test_a_dated_rule_moves_only_the_days_it_holds_on(cast: Cast, reply: None) -> None:
    support, claims = cast.support.pk, cast.claims.pk

    found = preview(
        before=[rule(1, {"workflow": "reply"}, support)],
        after=[
            rule(1, {"tag.team": "cx"}, claims, TENTH, TWENTIETH),
            rule(2, {"workflow": "reply"}, support),
        ],
        period=NOVEMBER,
    )

    assert found.moves == [Move(support, claims, Decimal("2.00"), calls=3, slices=1)]
    assert found.before == {support: Decimal("7.000000000001")}
    assert found.after == {support: Decimal("5.000000000001"), claims: Decimal("2.00")}


def test_days_between_two_rules_are_unallocated(cast: Cast, reply: None) -> None:
    support = cast.support.pk

    found = preview(
        before=[],
        after=[
            rule(1, {}, support, None, TENTH),
            rule(2, {}, support, TWENTIETH, None),
        ],
        period=NOVEMBER,
    )

    assert found.moves == [Move(None, support, Decimal("5.000000000001"), calls=6, slices=1)]
    assert found.after == {support: Decimal("5.000000000001"), None: Decimal("2.00")}


def test_the_same_rules_move_nothing(cast: Cast, reply: None) -> None:
    rules = [rule(1, {"workflow": "reply"}, cast.support.pk)]

    found = preview(before=rules, after=rules, period=NOVEMBER)

    assert found.moves == []
    assert found.before == found.after


def test_spend_of_other_sources_is_not_moved_because_it_does_not_count(cast: Cast) -> None:
    book(new_slice(), FIRST, "9.00", metered=False)

    found = preview(before=[], after=[rule(1, {}, cast.support.pk)], period=NOVEMBER)

    assert (found.moves, found.before) == ([], {})
