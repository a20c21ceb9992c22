"""The company's AI fund in a year: planned, handed out, left."""

from decimal import Decimal
from typing import Any, NamedTuple

from budgets.models import Account, FundPlan
from budgets.queries.ledger import ZERO, balance_usd
from budgets.rights import FUND
from org.models import Approval


class FundStanding(NamedTuple):
    """The fund of a year; without a plan nobody knows what is left of it."""

    fiscal_year: int
    plan: FundPlan | None
    handed_out_usd: Decimal

    @property
    def planned_usd(self) -> Decimal | None:
        return self.plan.planned_usd if self.plan else None

    @property
    def left_usd(self) -> Decimal | None:
        return self.plan.planned_usd - self.handed_out_usd if self.plan else None

    @property
    def version(self) -> int:
        """The number of the plan in force, 0 without one: what a decision is based on."""
        return self.plan.number if self.plan else 0


def fund_standing(fiscal_year: int) -> FundStanding:
    """Return what is planned for a year and what budgets were granted out of it."""
    account = Account.objects.filter(kind=Account.Kind.FUND, fiscal_year=fiscal_year).first()
    plan = FundPlan.objects.filter(fiscal_year=fiscal_year).order_by("number").last()
    return FundStanding(fiscal_year, plan, -balance_usd(account) if account else ZERO)


def fund_plans(fiscal_year: int) -> list[FundPlan]:
    """Return every plan there was of a year, oldest first, with who asked and who decided."""
    found = FundPlan.objects.filter(fiscal_year=fiscal_year).order_by("number")
    return list(found.select_related("by__person", "approval__requested_by__person"))


def fund_waiting(fiscal_year: int) -> Approval | None:
    """Return the plan of a year that waits for a decision."""
    waiting = Approval.objects.waiting().filter(kind=FUND, subject_id=fiscal_year)
    return waiting.select_related("requested_by__person").first()


def fund_terms(standing: FundStanding, planned_usd: Decimal, *, reason: str) -> dict[str, Any]:
    """Return what is asked and decided on: an amount, and in place of which."""
    before = standing.planned_usd
    return {
        "fiscal_year": str(standing.fiscal_year),
        "planned_usd": f"{planned_usd:.2f}",
        "instead_of": None if before is None else f"{before:.2f}",
        "reason": reason,
    }


def planned_asked(approval: Approval) -> Decimal:
    return Decimal(approval.terms["planned_usd"])
