"""The gross margin of a product: its revenue, its other costs, and the calls that deliver it.

Revenue and other costs are told of spans of days, all alike; calls are the ledger's, of every
workflow that a definition counts for the product.
"""

from dataclasses import dataclass
from decimal import Decimal

from finops.money import ROUNDED, calculated_in
from finops.periods import Period
from ingestion.models import OtherCogs, Revenue
from ingestion.queries.definitions import terms_in_force
from ingestion.queries.product_money import money_rows, within
from ingestion.queries.spend import data_days
from ingestion.queries.work import Work, WorkDays, days_of


@dataclass(frozen=True, slots=True)
class ProductMargin:
    """Some days of a product together; nobody knows its margin before all of them are known."""

    days: Period
    revenue_usd: Decimal
    other_usd: Decimal
    ai_usd: Decimal
    unknown: tuple[str, ...]

    @property
    @calculated_in(ROUNDED)
    def margin(self) -> Decimal | None:
        """The share of the revenue that is left, None where it is not known."""
        if self.unknown or self.revenue_usd <= 0:
            return None
        return 1 - (self.other_usd + self.ai_usd) / self.revenue_usd


@dataclass(frozen=True, slots=True)
class MarginDays:
    """All that is known of a product, of which any days can be asked."""

    revenue: list[Revenue]
    others: list[OtherCogs]
    work: WorkDays
    reach: Period | None

    def within(self, days: Period) -> ProductMargin:
        revenue, others = within(self.revenue, days), within(self.others, days)
        calls = self.work.within(days)
        reached = self.reach is not None and self.reach.start <= days.start
        lacking = (
            ("its revenue", revenue.days < days.days),
            ("its other costs", others.days < days.days),
            ("its usage", not reached or (self.reach is not None and self.reach.end < days.end)),
            ("the price of some of its calls", calls.unpriced_calls > 0),
        )
        return ProductMargin(
            days=days,
            revenue_usd=revenue.usd,
            other_usd=others.usd,
            ai_usd=calls.usd,
            unknown=tuple(name for name, lacks in lacking if lacks),
        )


def margin_days(product: str, *, period: Period) -> MarginDays:
    """Return what is known of a product's days in the period."""
    workflows = {
        workflow
        for terms in terms_in_force().filter(product=product)
        for workflow in terms.workflows
    }
    work = Work(workflows=tuple(sorted(workflows)))
    return MarginDays(
        revenue=money_rows(Revenue, product, period=period),
        others=money_rows(OtherCogs, product, period=period),
        work=days_of({product: work}, period=period)[product],
        reach=data_days(),
    )


def margin_in(product: str, *, period: Period) -> ProductMargin:
    """Return a product's margin over some days."""
    return margin_days(product, period=period).within(period)
