"""What one result costs, what is left of its price, and whether doing it pays.

A quotient without a divisor is None: of nothing there is no cost per piece. Nothing is rounded
here. The cost of tasks holds every call of theirs: retries, failed calls, classifiers, judges and
shadow traffic, for failed work is paid by what succeeds.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from math import ceil

from finops.money import EXACT, ROUNDED, calculated_in

MINUTES_PER_HOUR = 60
# How much of the hours saved turns into money: measured ones, and ones people only report.
REALISED_MEASURED = Decimal("0.70")
REALISED_SURVEYED = Decimal("0.50")


@calculated_in(ROUNDED)
def per_piece(cost_usd: Decimal, pieces: int | Decimal) -> Decimal | None:
    """Return what one of so many tasks, outcomes, users or customers cost."""
    return cost_usd / pieces if pieces else None


@calculated_in(EXACT)
def loaded_usd(
    *,
    ai_usd: Decimal,
    review_usd: Decimal = Decimal(0),
    rework_usd: Decimal = Decimal(0),
    platform_usd: Decimal = Decimal(0),
) -> Decimal:
    """Return what work costs with the people who check it, mend it and run it."""
    return ai_usd + review_usd + rework_usd + platform_usd


@calculated_in(ROUNDED)
def gross_margin(
    *, revenue_usd: Decimal, ai_usd: Decimal, other_usd: Decimal = Decimal(0)
) -> Decimal | None:
    """Return the share of revenue that is left after all it cost to deliver."""
    return (revenue_usd - ai_usd - other_usd) / revenue_usd if revenue_usd > 0 else None


@calculated_in(ROUNDED)
def margin_after(
    *,
    price_usd: Decimal,
    ai_usd: Decimal,
    other_usd: Decimal = Decimal(0),
    waste: Decimal = Decimal(0),
) -> Decimal | None:
    """Return the margin of one piece sold at a price; `waste` is AI work beyond what is sold."""
    return gross_margin(revenue_usd=price_usd, ai_usd=ai_usd * (1 + waste), other_usd=other_usd)


@dataclass(frozen=True, slots=True)
class Margins:
    """The margin of a piece whose AI cost is the median, and of one at the ninth decile."""

    p50: Decimal
    p90: Decimal

    def hold(self, *, target: Decimal, floor: Decimal) -> bool:
        """Test whether the usual piece reaches the target and a dear one the floor."""
        return self.p50 >= target and self.p90 >= floor


@calculated_in(ROUNDED)
def labour_usd(*, pieces: Decimal, minutes: Decimal, usd_per_hour: Decimal) -> Decimal:
    """Return what people's minutes on so many pieces cost."""
    return pieces * minutes / MINUTES_PER_HOUR * usd_per_hour


@calculated_in(EXACT)
def benefit_usd(
    *, labour_saved_usd: Decimal, realised: Decimal, legacy_usd: Decimal = Decimal(0)
) -> Decimal:
    """Return what doing it brings: the realised part of labour, and software that is cancelled."""
    return labour_saved_usd * realised + legacy_usd


@calculated_in(ROUNDED)
def roi(*, benefit: Decimal, cost: Decimal) -> Decimal | None:
    """Return what comes back above each dollar spent, as a share of it."""
    return (benefit - cost) / cost if cost > 0 else None


@calculated_in(EXACT)
def cost_per_task_index(*, price_index: Decimal, tokens_per_task_index: Decimal) -> Decimal:
    """Return how the cost of a task moved, from how its price and its tokens moved."""
    return price_index * tokens_per_task_index


def quantile(costs_usd: Iterable[Decimal], share: Decimal) -> Decimal | None:
    """Return the least cost that `share` of the tasks do not exceed (nearest rank).

    It is always the cost of a real task, and what `percentile_disc` of SQL returns. None
    without tasks. Raises ValueError for a share outside of 0 to 1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"A quantile is of a share between 0 and 1, not {share}.")
    ordered = sorted(costs_usd)
    return ordered[max(ceil(len(ordered) * share), 1) - 1] if ordered else None
