"""Planning the company's AI fund: asked for by one person, signed by a CFO of the company."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from budgets.models import FundPlan
from budgets.operations.ledger import lock_year
from budgets.operations.news import tell_of_fund, tell_of_signature
from budgets.operations.requests import ask_for
from budgets.queries.fund import (
    FundStanding,
    fund_standing,
    fund_terms,
    fund_waiting,
    planned_asked,
)
from budgets.queries.revisions import LARGEST
from budgets.rights import FUND, why_not_ask_fund, why_not_decide_fund
from finops.money import to_cents
from org.models import Approval, Unit, User
from org.operations.approvals import record_decision, terms_hash_of
from org.operations.calendar import book_fiscal_year
from org.refusals import Invalid, NotAllowed, Refusal, Stale
from org.templatetags.figures import usd


@transaction.atomic
def ask_fund_plan(
    *, fiscal_year: int, planned_usd: Decimal, reason: str, by: User, at: datetime
) -> Approval:
    """Ask to plan the company's fund of a year; raises NotAllowed or Invalid."""
    if (why_not := why_not_ask_fund(by)) is not None:
        raise NotAllowed(why_not)
    if not reason.strip():
        raise Invalid.of("reason", "Say why: the person who decides will read it.")
    book_fiscal_year(fiscal_year=fiscal_year, at=at)
    standing = fund_standing(fiscal_year)
    _check(standing, planned_usd)
    asked = ask_for(
        kind=FUND,
        subject_id=fiscal_year,
        unit=_company_unit(),
        title=f"Company AI fund of FY{fiscal_year}: {usd(planned_usd)}",
        terms=fund_terms(standing, planned_usd, reason=reason.strip()),
        amount_usd=planned_usd,
        url=f"/budgets/fund/{fiscal_year}/",
        by=by,
        at=at,
    )
    tell_of_fund(asked, by=by, at=at)
    return asked


@transaction.atomic
def decide_fund_plan(
    *, fiscal_year: int, approval_id: int, approve: bool, by: User, reason: str, at: datetime
) -> FundStanding:
    """Put the plan that waits in force, or reject it with a reason.

    Raises Stale where what waits is not what the person read.
    """
    lock_year(fiscal_year)
    waiting = fund_waiting(fiscal_year)
    if waiting is None:
        raise Refusal(f"No plan of the company's fund of FY{fiscal_year} waits for a decision.")
    if (why_not := why_not_decide_fund(by, asked=waiting, approving=approve)) is not None:
        raise NotAllowed(why_not)
    if waiting.pk != approval_id:
        raise Stale("Another plan waits for a decision now: read it first.")
    standing, planned_usd = fund_standing(fiscal_year), planned_asked(waiting)
    if approve:
        _check(standing, planned_usd)
    why = waiting.terms["reason"]
    approval = record_decision(
        kind=FUND,
        subject_id=fiscal_year,
        approve=approve,
        by=by,
        reason=reason,
        at=at,
        terms_hash=terms_hash_of(fund_terms(standing, planned_usd, reason=why)),
    )
    if approval.state == Approval.State.PENDING:
        tell_of_signature(approval, by=by, at=at)
        return standing
    if approve:
        FundPlan.objects.create(
            fiscal_year=fiscal_year,
            number=standing.version + 1,
            planned_usd=planned_usd,
            reason=why,
            approval=approval,
            by=by,
            at=at,
        )
    tell_of_fund(approval, by=by, at=at)
    return fund_standing(fiscal_year)


def _check(standing: FundStanding, planned_usd: Decimal) -> None:
    is_amount = planned_usd.is_finite() and 0 <= planned_usd < LARGEST
    if not is_amount or to_cents(planned_usd) != planned_usd:
        raise Invalid.of("planned_usd", "The fund is a plain amount of whole cents, or zero.")
    if planned_usd < standing.handed_out_usd:
        least = usd(standing.handed_out_usd)
        raise Invalid.of("planned_usd", f"{least} is handed out already: plan that or more.")


def _company_unit() -> Unit:
    """Return the topmost unit: whoever sees it sees what is planned for all."""
    found = Unit.objects.filter(parent__isnull=True).order_by("pk").first()
    if found is None:
        raise Refusal("The company has no unit yet: add one before its fund is planned.")
    return found
