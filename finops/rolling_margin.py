"""The gross margin of a stretch of time: revenue accrues evenly over the span it is told of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from finops.money import ROUNDED, calculated_in

LEAST_CALLS, LEAST_USD = 200, Decimal(50)
# A call of a test may cost this much of what calls cost before: prompts differ.
DEARER = Decimal("1.5")
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Span:
    """What was brought in, and what was spent beside AI, from one instant up to another."""

    start: datetime
    end: datetime
    revenue_usd: Decimal
    other_usd: Decimal


@dataclass(frozen=True, slots=True)
class Accrued:
    """The part of all spans that fell into a window."""

    revenue_usd: Decimal
    other_usd: Decimal


@calculated_in(ROUNDED)
def accrued(spans: Sequence[Span], start: datetime, end: datetime) -> Accrued | None:
    """Return what accrued from `start` up to `end`, None where the spans leave some of it out."""
    touching = [span for span in spans if span.start < end and span.end > start]
    if not _covers(touching, start, end):
        return None
    revenue_usd, other_usd = Decimal(0), Decimal(0)
    for span in touching:
        share = _length(max(span.start, start), min(span.end, end)) / _length(span.start, span.end)
        revenue_usd += span.revenue_usd * share
        other_usd += span.other_usd * share
    return Accrued(revenue_usd, other_usd)


@calculated_in(ROUNDED)
def gross_margin(*, ai_usd: Decimal, accrued: Accrued | None) -> Decimal | None:
    """Return 1 − (AI + other costs) / revenue, None where the revenue is unknown or nothing."""
    if accrued is None or accrued.revenue_usd <= 0:
        return None
    return 1 - (ai_usd + accrued.other_usd) / accrued.revenue_usd


def is_enough(*, calls: int, ai_usd: Decimal) -> bool:
    """Test whether a window holds so much that its margin says something."""
    return calls >= LEAST_CALLS or ai_usd >= LEAST_USD


@calculated_in(ROUNDED)
def per_call(accrued: Accrued | None, *, calls: int) -> Accrued | None:
    """Return what one call brought in and cost beside AI; None where nobody knows."""
    if accrued is None or calls == 0:
        return None
    return Accrued(accrued.revenue_usd / calls, accrued.other_usd / calls)


@calculated_in(ROUNDED)
def is_test_fine(
    *,
    call_usd: Decimal,
    usual_call_usd: Decimal | None,
    margin: Decimal | None,
    floor: Decimal | None,
) -> bool | None:
    """Judge what the calls of a test cost and earned; None where there is nothing to compare."""
    known = []
    if usual_call_usd is not None:
        known.append(call_usd <= usual_call_usd * DEARER)
    if margin is not None and floor is not None:
        known.append(margin >= floor)
    return all(known) if known else None


def _covers(spans: Iterable[Span], start: datetime, end: datetime) -> bool:
    reached = start
    for span in sorted(spans, key=lambda each: each.start):
        if span.start > reached:
            return False
        reached = max(reached, span.end)
    return reached >= end


def _length(start: datetime, end: datetime) -> Decimal:
    return Decimal((end - start) // _MICROSECOND)
