"""What a person may do with a budget or an initiative now, and why the rest is off."""

from datetime import date, datetime
from typing import NamedTuple

from budgets.lifecycle import (
    BUDGET_TRANSITIONS,
    BY_ITSELF,
    INITIATIVE_TRANSITIONS,
    BudgetAction,
    BudgetState,
    InitiativeAction,
    InitiativeState,
)
from budgets.models import Budget, Initiative
from budgets.queries.openings import days_to_tell, opening_waiting
from budgets.queries.plan import why_year_is_over
from budgets.queries.revisions import revision_waiting
from budgets.rights import why_not_budget_step, why_not_step
from org.models import Approval, User
from org.queries.calendar import periods_of_year, reporting_today, year_period
from org.templatetags.figures import day as written_day

MIN_STOP_REASON = 10
_NEEDS_REASON = {
    InitiativeAction.REJECT: 1,
    InitiativeAction.ASK: 1,
    InitiativeAction.EXTEND: 1,
    InitiativeAction.REJECT_EXTENSION: 1,
    InitiativeAction.STOP: MIN_STOP_REASON,
    BudgetAction.REJECT: 1,
    BudgetAction.REJECT_REVISION: 1,
    BudgetAction.REJECT_OPENING: 1,
}
_TONES: dict[str, str] = {
    InitiativeAction.SUBMIT: "primary",
    InitiativeAction.APPROVE: "primary",
    InitiativeAction.REJECT: "danger",
    InitiativeAction.GRANT_EXTENSION: "primary",
    InitiativeAction.REJECT_EXTENSION: "danger",
    InitiativeAction.STOP: "danger",
    BudgetAction.GRANT_REVISION: "primary",
    BudgetAction.REJECT_REVISION: "danger",
    BudgetAction.GRANT_OPENING: "primary",
    BudgetAction.REJECT_OPENING: "danger",
}
_ON_AN_EXTENSION = {
    InitiativeAction.GRANT_EXTENSION,
    InitiativeAction.REJECT_EXTENSION,
    InitiativeAction.WITHDRAW_EXTENSION,
}
_ON_A_REVISION = {
    BudgetAction.GRANT_REVISION,
    BudgetAction.REJECT_REVISION,
    BudgetAction.WITHDRAW_REVISION,
}
_ON_AN_OPENING = {
    BudgetAction.GRANT_OPENING,
    BudgetAction.REJECT_OPENING,
    BudgetAction.WITHDRAW_OPENING,
}


class Offer(NamedTuple):
    """A step the state admits; `why_not` is None where this person may take it.

    `min_reason` is how many characters of reason it takes, 0 where it takes none.
    """

    action: str
    label: str
    why_not: str | None
    min_reason: int

    @property
    def is_open(self) -> bool:
        return self.why_not is None

    @property
    def tone(self) -> str:
        return _TONES.get(self.action, "")


def initiative_offers(
    initiative: Initiative, *, user: User, extension: Approval | None, at: datetime
) -> list[Offer]:
    """Return the steps of the initiative's state, without those nobody takes by hand.

    `extension` is the last one asked for: it says whether one can be asked for or decided.
    """
    waits = extension is not None and extension.state == Approval.State.PENDING
    pointless = {InitiativeAction.EXTEND} if waits else _ON_AN_EXTENSION
    return [
        Offer(
            action=action.value,
            label=str(action.label),
            why_not=why_not_step(user, initiative=initiative, action=action, at=at)
            or _used_up(action, extension),
            min_reason=_NEEDS_REASON.get(action, 0),
        )
        for action in INITIATIVE_TRANSITIONS[InitiativeState(initiative.state)]
        if action not in BY_ITSELF and action not in pointless
    ]


def _used_up(action: InitiativeAction, extension: Approval | None) -> str | None:
    if action != InitiativeAction.EXTEND or extension is None:
        return None
    if extension.state != Approval.State.APPROVED:
        return None
    return "It was given more time already: that is granted once."


def budget_offers(budget: Budget, *, user: User, at: datetime) -> list[Offer]:
    """Return the steps of the budget's state; on the day of `at` it may be too early for one."""
    waits = revision_waiting(budget) is not None
    on = reporting_today(at)
    pointless = {BudgetAction.ASK_REVISION} if waits else _ON_A_REVISION
    pointless = pointless | _pointless_openings(budget, on=on)
    return [
        Offer(
            action=action.value,
            label=str(action.label),
            why_not=why_not_budget_step(user, budget=budget, action=action, at=at)
            or _wrong_time(budget, action, on=on),
            min_reason=_NEEDS_REASON.get(action, 0),
        )
        for action in BUDGET_TRANSITIONS[BudgetState(budget.state)]
        if action not in pointless
    ]


def _pointless_openings(budget: Budget, *, on: date) -> set[BudgetAction]:
    """Return the steps on an opening balance there is nothing for: no request, or no day."""
    if budget.state != BudgetState.ACTIVE:
        return set()
    if opening_waiting(budget) is not None:
        return {BudgetAction.ASK_OPENING}
    days = days_to_tell(budget, periods_of_year(budget.fiscal_year), on=on)
    return _ON_AN_OPENING if days else {BudgetAction.ASK_OPENING, *_ON_AN_OPENING}


def _wrong_time(budget: Budget, action: BudgetAction, *, on: date) -> str | None:
    year = year_period(budget.fiscal_year)
    if action == BudgetAction.CLOSE and on < year.end:
        return f"FY{budget.fiscal_year} runs until {written_day(year.end)}: it can be closed then."
    if action == BudgetAction.APPROVE:
        return why_year_is_over(budget, on=on)
    if action in (BudgetAction.ASK_REVISION, BudgetAction.GRANT_REVISION) and on >= year.end:
        return f"FY{budget.fiscal_year} is over: its budget is closed, not revised."
    return None


def open_actions(offers: list[Offer]) -> list[str]:
    """Return the names of the steps this person may take now."""
    return [offer.action for offer in offers if offer.is_open]
