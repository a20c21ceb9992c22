"""Asking for a decision on a matter of budgets, at the address of its decision page."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from budgets.models import Budget, HeldDecision, Initiative
from budgets.queries.held import held_on
from budgets.rights import askers, kind_of
from finops.signing import ALONE, parts_of
from org.models import Approval, Unit, User
from org.operations.approvals import AlreadyDecided, SelfApproval, request_decision
from org.queries.calendar import reporting_today
from org.queries.signing import limits_on
from org.refusals import NotAllowed


def open_approval(
    subject: Budget | Initiative,
    *,
    title: str,
    terms: Mapping[str, Any],
    amount_usd: Decimal,
    by: User,
    at: datetime,
) -> Approval:
    """Ask for a decision on the subject itself."""
    return ask_for(
        kind=kind_of(subject),
        subject_id=subject.pk,
        unit=subject.unit,
        title=title,
        terms=terms,
        amount_usd=amount_usd,
        by=by,
        at=at,
    )


def ask_for(
    *,
    kind: str,
    subject_id: int,
    unit: Unit,
    title: str,
    terms: Mapping[str, Any],
    amount_usd: Decimal | None,
    by: User,
    at: datetime,
    url: str = "",
    at_stake_usd: Decimal | None = None,
) -> Approval:
    """Ask for a decision; its page is the approval's own, unless another is named.

    Who signs goes by the amount, or by what is at stake where no amount is asked for.
    """
    signed_usd = amount_usd if at_stake_usd is None else at_stake_usd
    limits = limits_on(reporting_today(at)).limits
    approval = request_decision(
        kind=kind,
        subject_id=subject_id,
        title=title,
        url=url,
        unit=unit,
        terms=dict(terms),
        amount_usd=amount_usd,
        by=by,
        at=at,
        parts=ALONE if signed_usd is None else parts_of(signed_usd, limits),
    )
    if not url:
        approval.url = f"/approvals/{approval.pk}/"  # known only now
        approval.save(update_fields=["url"])
    return approval


def check_nothing_held(subject: Budget | Initiative, action: str) -> None:
    """Refuse to decide what somebody decided a moment ago; the caller holds the subject's lock."""
    refuse_beside(held_on(subject, action))


def refuse_beside(held: HeldDecision | None) -> None:
    """Refuse to decide beside a decision that is held; nothing stands in the way without one."""
    if held is not None:
        raise AlreadyDecided(
            f"{held.by} decided this a moment ago: it takes effect at"
            f" {held.effective_at:%H:%M:%S} UTC, unless it is taken back."
        )


def refusal_of(user: User, *, subject: Budget | Initiative, why_not: str) -> NotAllowed:
    """Return the refusal of a step; that of one's own request has a name of its own."""
    is_own = user.person_id is not None and user.person_id in askers(subject)
    return SelfApproval(why_not) if is_own else NotAllowed(why_not)
