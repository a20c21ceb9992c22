"""Whose a call is, over time."""

import random
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.allocation import Assignment, DatedRule, assignments, in_order, rule_on
from finops.periods import Period

CALL = {"key": "k1", "workflow": "drafter", "environment": "prod"}
JULY, AUGUST, SEPTEMBER = date(2026, 7, 1), date(2026, 8, 1), date(2026, 9, 1)


def rule(
    id: int,  # noqa: A002 -- the field's name
    target: str,
    *,
    when: dict[str, str] | None = None,
    position: int = 1,
    starts_on: date | None = None,
    ends_on: date | None = None,
) -> DatedRule[str]:
    return DatedRule(id, position, when or {}, target, starts_on, ends_on)


def test_without_rules_all_time_is_unallocated() -> None:
    no_rules: list[DatedRule[str]] = []

    assert assignments(no_rules, CALL) == (Assignment(None, None, None, None),)


def test_a_rule_without_dates_answers_for_all_time() -> None:
    support = rule(1, "support", when={"key": "k1"})

    assert assignments([support], CALL) == (Assignment("support", 1, None, None),)


def test_a_rule_that_does_not_match_answers_for_nothing() -> None:
    support = rule(1, "support", when={"key": "k2"})

    assert assignments([support], CALL) == (Assignment(None, None, None, None),)


def test_before_and_after_a_dated_rule_the_call_is_unallocated() -> None:
    support = rule(1, "support", starts_on=JULY, ends_on=AUGUST)

    assert assignments([support], CALL) == (
        Assignment(None, None, None, JULY),
        Assignment("support", 1, JULY, AUGUST),
        Assignment(None, None, AUGUST, None),
    )


def test_a_higher_rule_interrupts_a_lower_one() -> None:
    unit = rule(1, "support", position=2)
    experiment = rule(2, "experiment", position=1, starts_on=JULY, ends_on=AUGUST)

    assert assignments([unit, experiment], CALL) == (
        Assignment("support", 1, None, JULY),
        Assignment("experiment", 2, JULY, AUGUST),
        Assignment("support", 1, AUGUST, None),
    )


def test_a_lower_rule_that_comes_and_goes_leaves_no_cut() -> None:
    unit = rule(1, "support", position=1)
    fallback = rule(2, "pool", position=2, starts_on=JULY, ends_on=AUGUST)

    assert assignments([unit, fallback], CALL) == (Assignment("support", 1, None, None),)


def test_a_new_version_of_a_rule_is_a_new_interval_even_with_the_same_target() -> None:
    old = rule(1, "support", ends_on=JULY)
    new = rule(2, "support", starts_on=JULY)

    assert assignments([old, new], CALL) == (
        Assignment("support", 1, None, JULY),
        Assignment("support", 2, JULY, None),
    )


def test_a_period_clips_the_time_line() -> None:
    support = rule(1, "support", starts_on=JULY, ends_on=SEPTEMBER)

    assert assignments([support], CALL, Period(AUGUST, date(2026, 9, 3))) == (
        Assignment("support", 1, AUGUST, SEPTEMBER),
        Assignment(None, None, SEPTEMBER, date(2026, 9, 3)),
    )


def test_a_rule_that_ends_before_it_starts_never_holds() -> None:
    backwards = rule(1, "support", starts_on=AUGUST, ends_on=JULY)

    assert assignments([backwards], CALL) == (Assignment(None, None, None, None),)


@pytest.mark.parametrize(
    ("winner", "loser"),
    [
        (rule(9, "a", position=1), rule(1, "b", position=2, when=CALL)),
        (rule(9, "a", when={"key": "k1", "workflow": "*"}), rule(1, "b", when={"key": "k1"})),
        (rule(9, "a", starts_on=AUGUST), rule(1, "b", starts_on=JULY)),
        (rule(9, "a", starts_on=JULY), rule(1, "b")),
        (rule(1, "a"), rule(9, "b")),
    ],
    ids=["position", "more conditions", "later start", "any start", "id"],
)
def test_of_rules_that_match_one_is_first(winner: DatedRule[str], loser: DatedRule[str]) -> None:
    assert in_order([loser, winner]) == [winner, loser]
    assert rule_on([loser, winner], CALL, SEPTEMBER) == winner


DAYS = st.dates(date(2026, 1, 1), date(2026, 2, 15))
RULES = st.lists(
    st.builds(
        DatedRule,
        id=st.integers(1, 50),
        position=st.integers(1, 3),
        when=st.sampled_from([{}, {"key": "k*"}, {"key": "k2"}, {"key": "k1", "workflow": "*"}]),
        target=st.sampled_from(["search", "support", "core"]),
        starts_on=st.none() | DAYS,
        ends_on=st.none() | DAYS,
    ),
    max_size=8,
    unique_by=lambda each: each.id,
)


@given(RULES, st.none() | st.builds(Period, st.just(date(2026, 1, 5)), st.just(date(2026, 2, 3))))
def test_every_day_has_one_answer_and_it_is_that_days_own(
    rules: list[DatedRule[str]], period: Period | None
) -> None:
    found = assignments(rules, CALL, period)

    first = period.start if period else date(2025, 12, 1)
    end = period.end if period else date(2026, 4, 1)
    for day in (first + timedelta(days=step) for step in range((end - first).days)):
        [answer] = [each for each in found if _covers(each, day)]
        alone = rule_on(rules, CALL, day)
        assert answer.rule_id == (alone.id if alone else None)
        assert answer.target == (alone.target if alone else None)


@given(RULES, st.none() | st.builds(Period, st.just(date(2026, 1, 5)), st.just(date(2026, 2, 3))))
def test_intervals_join_cover_everything_and_differ_from_their_neighbours(
    rules: list[DatedRule[str]], period: Period | None
) -> None:
    found = assignments(rules, CALL, period)

    assert found[0].starts_on == (period.start if period else None)
    assert found[-1].ends_on == (period.end if period else None)
    for earlier, later in pairwise(found):
        assert earlier.ends_on == later.starts_on
        assert (earlier.target, earlier.rule_id) != (later.target, later.rule_id)


@given(RULES, st.randoms())
def test_the_order_in_which_rules_are_given_does_not_matter(
    rules: list[DatedRule[str]], shuffler: random.Random
) -> None:
    shuffled = rules.copy()
    shuffler.shuffle(shuffled)

    assert assignments(shuffled, CALL) == assignments(rules, CALL)


def _covers(answer: Assignment[str], day: date) -> bool:
    after_start = answer.starts_on is None or answer.starts_on <= day
    return after_start and (answer.ends_on is None or day < answer.ends_on)
