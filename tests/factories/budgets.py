"""Budgets and experiments as tests need them, made by the operations that make real ones."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from budgets.amounts import Amounts
from budgets.lifecycle import BudgetAction, InitiativeAction
from budgets.models import Account, Budget, Initiative
from budgets.operations.budgets import request_budget, take_budget_step
from budgets.operations.held import WINDOW, carry_out_due
from budgets.operations.initiatives import draft_initiative, take_step
from budgets.queries.ledger import balance_usd, pool_left_usd
from budgets.terms import Change, InitiativeTerms
from ingestion.models import CostStatus, UnitDay
from org.models import CostObject, Unit, User
from tests.org_cast import Cast

HYPOTHESIS = "Drafted replies halve the handling time of a support ticket."


def asked_budget(
    cast: Cast,
    *,
    at: datetime,
    unit: Unit | None = None,
    core: str = "1000.00",
    pool: str = "500.00",
    reserve: str = "0.00",
    by: User | None = None,
    fiscal_year: int = 2026,
) -> Budget:
    """Ask for a budget, as Fiona unless somebody else does, for Support unless another unit."""
    return request_budget(
        unit=unit or cast.support,
        fiscal_year=fiscal_year,
        core_usd=Decimal(core),
        experiment_usd=Decimal(pool),
        reserve_usd=Decimal(reserve),
        note="As planned.",
        by=by or cast.fiona,
        at=at,
    )


def granted_budget(cast: Cast, *, at: datetime, **values: Any) -> Budget:
    """Ask for a budget and let Carl approve it."""
    budget = asked_budget(cast, at=at, **values)
    return take_budget_step(
        budget_id=budget.pk,
        action=BudgetAction.APPROVE,
        by=cast.carl,
        reason="",
        version=budget.version,
        at=at,
    )


def budget_step(budget: Budget, action: str, *, at: datetime, **given: Any) -> Budget:
    """Take a step, on the version as it is now unless another is given."""
    return take_budget_step(
        budget_id=budget.pk,
        action=BudgetAction(action),
        at=at,
        **{
            "reason": "It was decided.",
            "version": Budget.objects.get(pk=budget.pk).version,
            **given,
        },
    )


def revision_asked(
    budget: Budget,
    *,
    by: User,
    at: datetime,
    core: str = "1000.00",
    pool: str = "500.00",
    reserve: str = "0.00",
    reason: str = "Twice the tickets.",
) -> Budget:
    """Ask for a revision to these amounts."""
    amounts = Amounts(Decimal(core), Decimal(pool), Decimal(reserve))
    return budget_step(budget, "ask_revision", by=by, at=at, reason=reason, amounts=amounts)


def revised(cast: Cast, budget: Budget, *, at: datetime, **amounts: str) -> Budget:
    """Let Fiona ask for a revision and Carl approve it."""
    revision_asked(budget, by=cast.fiona, at=at, **amounts)
    return budget_step(budget, "grant_revision", by=cast.carl, at=at)


def some_terms(cast: Cast, **changes: Any) -> InitiativeTerms:
    """Return terms that pass every check where Support has a pool of 100 dollars or more."""
    terms: dict[str, Any] = {
        "name": "Support drafter",
        "unit": cast.support,
        "hypothesis": HYPOTHESIS,
        "owner": cast.grace,
        "cap_usd": Decimal("100.00"),
        "daily_cap_usd": Decimal("10.00"),
        "starts_on": date(2026, 11, 20),
        "ends_on": date(2026, 12, 20),
        "match": [{"workflow": "support-drafter"}],
    }
    return InitiativeTerms(**(terms | changes))


def drafted(cast: Cast, *, at: datetime, by: User | None = None, **changes: Any) -> Initiative:
    return draft_initiative(terms=some_terms(cast, **changes), by=by or cast.grace, at=at)


def stepped(
    initiative: Initiative,
    action: str,
    *,
    by: User | None,
    at: datetime,
    reason: str = "",
) -> Initiative:
    """Take a step on the version as it is now."""
    return take_step(
        initiative_id=initiative.pk,
        action=InitiativeAction(action),
        by=by,
        reason=reason,
        version=Initiative.objects.get(pk=initiative.pk).version,
        at=at,
    )


def take_effect(*, at: datetime) -> None:
    """Let the decisions of pages take effect, as the clock does when their time has come."""
    carry_out_due(at=at + WINDOW)


def requested(cast: Cast, *, at: datetime, **changes: Any) -> Initiative:
    """Draft as Grace, and ask for approval."""
    return stepped(drafted(cast, at=at, **changes), "submit", by=cast.grace, at=at)


def running(cast: Cast, *, at: datetime, **changes: Any) -> Initiative:
    """Let Carl approve an experiment that Grace asked for; Support needs a budget."""
    return stepped(requested(cast, at=at, **changes), "approve", by=cast.carl, at=at)


def extended(
    initiative: Initiative,
    *,
    by: User,
    at: datetime,
    reason: str = "Two teams joined late.",
    **changes: Any,
) -> Initiative:
    """Ask for more time, on the version as it is now."""
    return take_step(
        initiative_id=initiative.pk,
        action=InitiativeAction.EXTEND,
        by=by,
        reason=reason,
        version=Initiative.objects.get(pk=initiative.pk).version,
        at=at,
        change=Change(**changes),
    )


def spend(
    unit: Unit,
    day: date,
    usd: str,
    *,
    cost_object: CostObject | None = None,
    status: CostStatus = CostStatus.ESTIMATED,
    calls: int = 1,
    metered: bool = True,
) -> UnitDay:
    """Book spend to a unit's day as the rollups would."""
    return UnitDay.objects.create(
        reporting_day=day,
        unit=unit,
        cost_object=cost_object,
        provider="openai",
        model="gpt-5",
        status=status,
        metered=metered,
        rule_book=1,
        is_core=cost_object is None,
        calls=calls,
        in_tokens=10,
        out_tokens=5,
        cost_usd=Decimal(usd),
        list_usd=Decimal(usd),
    )


def pool_of(cast: Cast) -> Decimal:
    """Return what the pool of Support has left."""
    return pool_left_usd(unit=cast.support, fiscal_year=2026)


def own_balance(initiative: Initiative) -> Decimal:
    return balance_usd(Account.objects.get(initiative=initiative))


def ledger_total() -> Decimal:
    return sum((balance_usd(account) for account in Account.objects.all()), Decimal(0))
