"""Criteria of a gate, and the judgement that follows from all of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from finops.money import ROUNDED, calculated_in

Measure = Decimal | int | str | None


class Verdict(StrEnum):
    MET = "met"
    MISSED = "missed"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    PASSED = "passed"
    DEFERRED = "deferred"
    FAILED = "failed"


class Unit(StrEnum):
    """What a measured value counts; pages write it accordingly."""

    USD = "usd"
    SHARE = "share"  # 0.25 is 25 %
    COUNT = "count"
    DAYS = "days"
    WORD = "word"


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One line of a gate: what was measured against which limit, and what that means.

    `says` is the sentence for whoever has to pass: where the criterion is not met it tells
    by how much, and what would meet it. What could not be measured is None, never 0.
    """

    code: str
    label: str
    measured: Measure
    limit: Measure
    unit: Unit
    verdict: Verdict
    says: str

    def as_written(self) -> dict[str, Any]:
        """Return the criterion as plain JSON, numbers exact as text."""
        return {
            "code": self.code,
            "label": self.label,
            "measured": _text(self.measured),
            "limit": _text(self.limit),
            "unit": self.unit.value,
            "verdict": self.verdict.value,
            "says": self.says,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a gate says of its evidence. Provisional where it rests on a projection."""

    outcome: Outcome
    criteria: Sequence[Criterion]
    reasons: Sequence[str]
    provisional: bool = False


def judgement(
    criteria: Sequence[Criterion],
    *,
    failing: Collection[str] = (),
    provisional: bool = False,
) -> Judgement:
    """Return PASSED where every criterion is met.

    One of the `failing` codes that is missed makes it FAILED; anything else that is missed
    or unknown defers. The reasons are the sentences of what is not met, the failing first.
    """
    fatal = [each for each in criteria if each.code in failing and each.verdict == Verdict.MISSED]
    unmet = [each for each in criteria if each.verdict != Verdict.MET and each not in fatal]
    outcome = Outcome.FAILED if fatal else Outcome.DEFERRED if unmet else Outcome.PASSED
    return Judgement(
        outcome=outcome,
        criteria=tuple(criteria),
        reasons=tuple(each.says for each in (*fatal, *unmet)),
        provisional=provisional,
    )


@calculated_in(ROUNDED)
def at_most(measured: Decimal | int | None, limit: Decimal | int | None) -> Verdict:
    """Return whether a value stays within its limit; the limit itself does."""
    if measured is None or limit is None:
        return Verdict.UNKNOWN
    return Verdict.MET if measured <= limit else Verdict.MISSED


@calculated_in(ROUNDED)
def at_least(measured: Decimal | int | None, limit: Decimal | int | None) -> Verdict:
    """Return whether a value reaches its limit; the limit itself does."""
    if measured is None or limit is None:
        return Verdict.UNKNOWN
    return Verdict.MET if measured >= limit else Verdict.MISSED


def holds(*, fact: bool | None) -> Verdict:
    """Return the verdict on a fact that is true, false or not known."""
    if fact is None:
        return Verdict.UNKNOWN
    return Verdict.MET if fact else Verdict.MISSED


def _text(value: Measure) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
