"""Quotas: windows, carry-over, and which of several binds."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.periods import Period
from finops.quotas import (
    LENGTHS,
    Counter,
    Metric,
    Terms,
    Window,
    bounds_of,
    carried_over,
    counted_since,
    days_of,
    granted,
    judge,
    most,
    prorated,
    reached,
    resets_at,
)

BERLIN = ZoneInfo("Europe/Berlin")
AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
amounts = st.decimals(min_value=0, max_value=10_000, places=2)
rolling = st.sampled_from(list(LENGTHS))
instants = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 -- bounds


def test_the_next_identical_call_passes_the_person_and_is_refused_by_the_team() -> None:
    call = Decimal("0.096")
    person = Counter("person", Decimal(10), Decimal("9.60"))
    team = Counter("team", Decimal(100), Decimal("99.90"))

    first = judge([person, team], call)

    assert (first.is_admitted, first.binding, first.remaining) == (True, "team", Decimal("0.10"))
    person = Counter("person", Decimal(10), Decimal("9.696"))
    team = Counter("team", Decimal(100), Decimal("99.996"))
    assert judge([person], call).is_admitted
    second = judge([person, team], call)
    assert (second.is_admitted, second.binding) == (False, "team")
    assert second.remaining == Decimal("0.004")


def test_where_no_quota_holds_everything_is_admitted() -> None:
    assert judge([], Decimal(5)).is_admitted


def test_the_fifty_first_call_of_fifty_is_refused() -> None:
    assert judge([Counter("day", Decimal(50), Decimal(49))], Decimal(1)).is_admitted
    assert not judge([Counter("day", Decimal(50), Decimal(50))], Decimal(1)).is_admitted


def test_a_day_starts_anew_at_the_companys_midnight() -> None:
    assert resets_at(Window.DAY, AT, BERLIN) == datetime(2026, 11, 20, 23, 0, tzinfo=UTC)
    assert resets_at(Window.MINUTE, AT, BERLIN) is None


def test_a_year_ends_within_a_month_of_its_own() -> None:
    assert days_of(Window.MONTH, date(2026, 12, 31)) == Period(date(2026, 12, 1), date(2027, 1, 1))


def test_a_window_that_rolls_has_no_days() -> None:
    with pytest.raises(ValueError, match="1m rolls"):
        days_of(Window.MINUTE, AT.date())


def test_who_joined_before_the_window_has_all_of_it() -> None:
    november = days_of(Window.MONTH, date(2026, 11, 20))

    for joined in (date(2026, 10, 31), date(2026, 11, 1), date(2026, 12, 1)):
        assert prorated(Decimal(30), november, joined, metric=Metric.CALLS) == 30


def test_the_highest_threshold_that_was_used_is_told() -> None:
    told = [
        reached((50, 80, 100), used=Decimal(used), limit=Decimal(50)) for used in (24, 25, 49, 50)
    ]

    assert told == [0, 50, 80, 100]


@given(amounts, amounts, st.integers(0, 100), amounts)
def test_what_is_carried_never_piles_up(
    limit: Decimal, burst: Decimal, pct: int, used: Decimal
) -> None:
    terms, carried = Terms(limit, burst, pct), Decimal(0)
    for _ in range(4):
        carried = carried_over(terms, min(used, most(terms, carried)), carried)
        assert -burst <= carried <= limit * pct / 100


@given(amounts, st.lists(st.tuples(amounts, amounts), min_size=1, max_size=5))
def test_a_call_is_admitted_exactly_where_every_quota_has_room(
    amount: Decimal, found: list[tuple[Decimal, Decimal]]
) -> None:
    counters = [Counter(str(place), *each) for place, each in enumerate(found)]

    verdict = judge(counters, amount)

    assert verdict.is_admitted == all(used + amount <= limit for limit, used in found)


@given(st.lists(amounts, max_size=12), amounts)
def test_blocks_that_are_given_out_never_pass_the_limit(
    asked: list[Decimal], limit: Decimal
) -> None:
    taken = Decimal(0)
    for each in asked:
        taken += granted(each, limit=limit, taken=taken)

    assert taken == min(sum(asked, Decimal(0)), limit)


@given(rolling, instants)
def test_a_stretch_as_long_as_the_window_lies_in_what_is_counted(
    window: Window, at: datetime
) -> None:
    start, end = bounds_of(window, at, BERLIN)

    assert start <= at < end
    assert counted_since(window, at, BERLIN) <= at - LENGTHS[window]
    assert end - start == LENGTHS[window] / 6
    assert at - counted_since(window, at, BERLIN) < LENGTHS[window] + timedelta(hours=1)
