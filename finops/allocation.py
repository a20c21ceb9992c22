"""Whose a call is, over time: dated rules, first match wins, cut into intervals of days."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Generic, TypeVar

from finops.periods import Period
from finops.rules import Attributes, When, matches

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DatedRule(Generic[T]):
    """A rule in force from `starts_on` up to, and not including, `ends_on`.

    None as a date means that the rule is open on that side. Lower positions come first.
    """

    id: int
    position: int
    when: When
    target: T
    starts_on: date | None = None
    ends_on: date | None = None

    def holds_on(self, day: date) -> bool:
        after_start = self.starts_on is None or self.starts_on <= day
        return after_start and (self.ends_on is None or day < self.ends_on)


@dataclass(frozen=True, slots=True)
class Assignment(Generic[T]):
    """Days with one answer. Target and rule are None where no rule matches: unallocated.

    None as a date means that the answer is open on that side.
    """

    target: T | None
    rule_id: int | None
    starts_on: date | None
    ends_on: date | None


def assignments(
    rules: Iterable[DatedRule[T]], attributes: Attributes, period: Period | None = None
) -> tuple[Assignment[T], ...]:
    """Return who is answerable for calls with these attributes, for every day there is.

    The intervals join without gaps, neighbours differ, and together they cover the
    period, or all time where none is given.
    """
    candidates = in_order(rule for rule in rules if matches(rule.when, attributes))
    cuts = _cuts(candidates, period)
    answers = [
        _answer(_first_holding(candidates, start), start, end) for start, end in pairwise(cuts)
    ]
    return tuple(_merged(answers))


def rule_on(
    rules: Iterable[DatedRule[T]], attributes: Attributes, day: date
) -> DatedRule[T] | None:
    """Return the rule that decides on one day, None where the call is unallocated."""
    holding = [rule for rule in rules if rule.holds_on(day)]
    return next((rule for rule in in_order(holding) if matches(rule.when, attributes)), None)


def in_order(rules: Iterable[DatedRule[T]]) -> list[DatedRule[T]]:
    """Return the rules as they are tried.

    By position; of equals the one with more conditions, then the later one, then by id.
    """
    return sorted(rules, key=_rank)


def _rank(rule: DatedRule[T]) -> tuple[int, int, int, int]:
    started = rule.starts_on.toordinal() if rule.starts_on else 0
    return rule.position, -len(rule.when), -started, rule.id


def _cuts(candidates: list[DatedRule[T]], period: Period | None) -> list[date | None]:
    """Return where the answer may change, between the outer ends of the time line."""
    dates = {day for rule in candidates for day in (rule.starts_on, rule.ends_on) if day}
    if period is None:
        return [None, *sorted(dates), None]
    inner = sorted(day for day in dates if period.start < day < period.end)
    return [period.start, *inner, period.end]


def _first_holding(candidates: list[DatedRule[T]], start: date | None) -> DatedRule[T] | None:
    """Return the rule of an interval; its first day speaks for all, for it holds no cut."""
    if start is None:
        return next((rule for rule in candidates if rule.starts_on is None), None)
    return next((rule for rule in candidates if rule.holds_on(start)), None)


def _answer(rule: DatedRule[T] | None, start: date | None, end: date | None) -> Assignment[T]:
    if rule is None:
        return Assignment(None, None, start, end)
    return Assignment(rule.target, rule.id, start, end)


def _merged(answers: list[Assignment[T]]) -> list[Assignment[T]]:
    merged = answers[:1]
    for answer in answers[1:]:
        last = merged[-1]
        if (answer.target, answer.rule_id) == (last.target, last.rule_id):
            merged[-1] = Assignment(last.target, last.rule_id, last.starts_on, answer.ends_on)
        else:
            merged.append(answer)
    return merged
