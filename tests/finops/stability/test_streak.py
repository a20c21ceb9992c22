"""The run of days: how long it is, what breaks it, and when it can pass."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.periods import ONE_DAY
from finops.stability.days import Day, Effect, Event, Kind, Rule
from finops.stability.streak import Streak, is_final, streak_of, window_of
from tests.finops.stability.test_days import PLAIN, UNUSED

FIRST = PLAIN.on  # 29 June 2026, a Monday
LAG_DAYS = 3

# One letter a day: counts, broken (over its cap), paused for missing data, paused for no use,
# counts with a note.
LETTERS = {
    "c": {},
    "b": {"spent_usd": Decimal(640)},
    "p": {"coverage": Decimal("0.5")},
    "n": UNUSED,
    "h": {"events": (Event(kind=Kind.HOLIDAY, text="a holiday."),)},
}


def days(letters: str) -> list[Day]:
    return [
        replace(PLAIN, on=FIRST + ONE_DAY * place, **LETTERS[letter])  # type: ignore[arg-type]  # fields by name
        for place, letter in enumerate(letters)
    ]


def streak(letters: str, *, after: int | None = None, lifted: Collection[int] = ()) -> Streak:
    """Return the streak as it stands so many days after the first; by default all are over.

    `lifted` are the days, counted from the first as 0, on which a freeze was lifted.
    """
    today = FIRST + ONE_DAY * (len(letters) if after is None else after)
    lifts = [FIRST + ONE_DAY * place for place in lifted]
    return streak_of(days(letters), today=today, lag_days=LAG_DAYS, lifts=lifts)


def test_thirty_days_from_29_june_pass_on_31_july_at_the_earliest() -> None:
    found = streak("c" * 30)

    assert found.length == 30
    assert found.earliest_pass == date(2026, 7, 31)


def test_a_day_over_its_cap_begins_again_and_ends_on_day_48() -> None:
    found = streak("c" * 17 + "b" + "c" * 12)

    assert found.length == 12
    assert found.runs[0].ended_by is not None
    assert found.runs[0].ended_by.rule == Rule.OVER_CAP
    assert len(found.runs[0].counted) == 17
    day_48 = FIRST + ONE_DAY * 47
    assert found.earliest_pass == day_48 + ONE_DAY * LAG_DAYS


def test_after_23_days_seven_are_to_go_today_among_them() -> None:
    found = streak("c" * 23)

    today = FIRST + ONE_DAY * 23
    assert found.earliest_pass == today + ONE_DAY * (6 + LAG_DAYS)


def test_today_is_not_over_and_does_not_count() -> None:
    assert streak("c" * 10, after=9).length == 9


def test_without_late_data_a_day_is_final_when_the_next_begins() -> None:
    found = streak_of(days("c" * 30), today=FIRST + ONE_DAY * 30, lag_days=0)

    assert found.earliest_pass == FIRST + ONE_DAY * 30


@pytest.mark.parametrize(("days_later", "final"), [(2, False), (3, True), (4, True)])
def test_a_day_is_final_three_days_later(days_later: int, *, final: bool) -> None:
    assert is_final(FIRST, today=FIRST + ONE_DAY * days_later, lag_days=LAG_DAYS) == final


@pytest.mark.parametrize(
    ("letters", "length"),
    [
        ("", 0),
        ("ccc", 3),
        ("cpc", 2),  # a pause neither counts nor breaks
        ("cpcpc", 3),  # two of them
        ("cpcpcpc", 1),  # the third one breaks
        ("cnncc", 3),
        ("cnncnc", 1),
        ("chc", 3),
        ("cbc", 1),
        ("bbb", 0),
        ("c" * 5 + "n" * 2 + "c" * 30 + "n" + "c", 36),  # pauses before the last thirty are over
        ("c" * 5 + "n" * 2 + "c" * 24 + "n" + "c", 1),
    ],
)
def test_pauses_are_passed_over_and_a_third_one_is_too_many(letters: str, length: int) -> None:
    assert streak(letters).length == length


def test_a_pause_breaks_where_nothing_more_came_within_seven_days() -> None:
    assert streak("ccpcccccc").length == 8  # the paused day is seven days back
    broken = streak("ccpccccccc")
    assert broken.length == 7
    assert broken.runs[0].ended_by is not None
    assert broken.runs[0].ended_by.says == (
        "Only 50.0% of what is metered had come in; 98% is needed. Nothing more came within 7 days."
    )


def test_a_day_without_use_is_no_gap_in_the_data_and_stays_a_pause() -> None:
    assert streak("cn" + "c" * 20).length == 21


def test_a_second_breach_freezes_until_somebody_lifts_it() -> None:
    assert not streak("ccbcc").is_frozen
    assert streak("ccbcbcc").is_frozen
    assert not streak("ccbcbcc", lifted=[5]).is_frozen
    assert not streak("ccbcbcc", lifted=[7]).is_frozen  # today
    assert streak("ccbcbcbb", lifted=[5]).is_frozen


def test_no_day_counts_while_it_is_frozen() -> None:
    frozen = streak("ccbcbcccc")
    lifted = streak("ccbcbcccc", lifted=[6])

    assert frozen.length == 0
    assert [each.rule for each in frozen.judged[5:]] == [Rule.FROZEN] * 4
    assert lifted.length == 3
    assert lifted.judged[5].rule == Rule.FROZEN


def test_days_that_are_missing_are_refused() -> None:
    whole = days("cccc")

    with pytest.raises(ValueError, match="After 2026-06-30 comes 2026-07-02: a day is missing"):
        streak_of([*whole[:2], whole[3]], today=FIRST + ONE_DAY * 9, lag_days=3)


def test_the_window_is_the_last_thirty_that_count_with_the_pauses_between_them() -> None:
    found = streak("cc" + "c" * 10 + "n" + "c" * 20)

    window = window_of(found.current)
    assert len(window) == 31
    assert window[0].day.on == FIRST + ONE_DAY * 2
    assert sum(each.counts for each in window) == 30


def reference(letters: str, lifted: set[int]) -> int:
    """Count the streak as the table says, by looking at each day on its own; slow."""
    broken: list[int] = [-1]
    for place, letter in enumerate(letters):
        since = broken[-1] + 1
        before = [p for p in range(since, place) if letters[p] in "ch"]
        first = before[-30] if len(before) >= 30 else since
        pauses = [p for p in range(first, place) if letters[p] in "pn"]
        is_stale = letter == "p" and len(letters) - place > 7
        forgiven = max((p for p in lifted if p <= place), default=0)
        is_frozen = letters[forgiven:place].count("b") >= 2
        if letter == "b" or is_frozen or (letter in "pn" and (len(pauses) >= 2 or is_stale)):
            broken.append(place)
    return sum(1 for letter in letters[broken[-1] + 1 :] if letter in "ch")


@given(
    st.text(alphabet="ccccccccpnhb", max_size=90),
    st.sets(st.integers(min_value=0, max_value=90), max_size=3),
)
def test_the_streak_is_that_of_the_table(letters: str, lifted: set[int]) -> None:
    assert streak(letters, lifted=lifted).length == reference(letters, lifted)


@given(st.text(alphabet="cccccpnhb", max_size=60))
def test_every_day_stands_in_one_run_or_ends_one(letters: str) -> None:
    found = streak(letters)

    ended = [run.ended_by for run in found.runs if run.ended_by]
    assert sum(len(run.days) for run in found.runs) + len(ended) == len(letters)
    assert all(each.effect == Effect.RESTARTS for each in ended)
    assert found.earliest_pass > FIRST + timedelta(days=29)
