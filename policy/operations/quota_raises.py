"""Asking for more of a quota for a while, and deciding on it: never the same person."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from finops.quotas import Metric
from finops.signing import ALONE, Part
from org.models import Approval, NoticeKind, Role, Unit, User
from org.operations.approvals import record_decision, request_decision, withdraw_request
from org.operations.notices import tell
from org.queries.people import holders_of
from org.queries.signing import signers_of
from org.refusals import FieldError, Invalid, NotAllowed, NotThere, Refusal
from policy.models import Quota, QuotaRaise
from policy.operations.publish import publish
from policy.permissions import can_see_scope, unit_of
from policy.queries.quotas import QUOTA_RAISE, Standing, live_quotas, standing_quotas
from policy.quota_wording import WINDOWS, amount_in_words

# Hard quotas that nobody lifts in time breed tools that nobody sees.
RESPONSE = timedelta(hours=4)
LONGEST = timedelta(days=31)
LONGEST_REASON = 200
_LONGEST_TITLE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseDraft:
    """How much somebody needs instead, until when; `who` is empty where all share a quota."""

    limit: Decimal
    ends_at: datetime
    who: str = ""


@transaction.atomic
def ask_raise(
    *, quota_id: int, draft: RaiseDraft, reason: str, by: User, at: datetime
) -> QuotaRaise:
    """Ask for more of a quota for a while; it waits for whoever owns the unit's budget.

    That is its general manager, or a CFO where she asks herself or there is none. Raises
    NotAllowed, NotThere, or Invalid with a sentence per field.
    """
    standing = _standing(quota_id, at=at)
    quota = standing.quota
    if not can_see_scope(by, scope=quota.scope):
        raise NotAllowed(f"Only people with a role for {quota.scope.name} ask for more of it.")
    if errors := _errors(standing, draft, reason=reason, at=at):
        raise Invalid(" ".join(error.detail for error in errors), errors=errors)
    made = QuotaRaise.objects.create(
        quota=quota,
        who=draft.who.strip(),
        limit=draft.limit,
        reason=reason.strip(),
        ends_at=draft.ends_at,
        asked_by=by,
        asked_at=at,
        due_at=at + RESPONSE,
    )
    _ask(made, standing, by=by, at=at)
    return made


@transaction.atomic
def decide_raise(*, raise_id: int, approve: bool, by: User, reason: str, at: datetime) -> Approval:
    """Agree to a raise, which routers are told of at once, or refuse it with a reason."""
    asked = _asked(raise_id)
    if approve and asked.quota.retired_at is not None:
        raise Refusal("This quota was lifted meanwhile: there is nothing to raise.")
    if approve and asked.ends_at <= at:
        raise Refusal("The time that was asked for is over: it has to be asked for again.")
    if approve and by.person is not None and by.person.email == asked.who:
        raise NotAllowed("This raise is for you: another person has to decide.")
    decision = record_decision(
        kind=QUOTA_RAISE, subject_id=raise_id, approve=approve, by=by, reason=reason, at=at
    )
    if decision.state == Approval.State.APPROVED:
        publish(cause=f"{decision.title}.", by=by, at=at)
    what = "was agreed to" if approve else "was refused"
    tell(
        kind=NoticeKind.DECISION,
        subject=f"{QUOTA_RAISE}:{raise_id}",
        title=f"{decision.title} {what}",
        text=reason,
        url=decision.url,
        unit=decision.unit,
        to=[asked.asked_by],
        by=by,
        at=at,
    )
    return decision


@transaction.atomic
def withdraw_raise(*, raise_id: int, by: User, at: datetime) -> Approval:
    """Take back what one asked for, before it is decided."""
    asked = _asked(raise_id)
    if asked.asked_by.person_id != by.person_id:
        raise NotAllowed(f"Only {asked.asked_by} takes this back: she asked for it.")
    return withdraw_request(kind=QUOTA_RAISE, subject_id=raise_id, by=by, at=at)


def _standing(quota_id: int, *, at: datetime) -> Standing:
    quota = live_quotas().filter(pk=quota_id).first()
    if quota is None:
        raise NotThere(f"There is no quota quota:{quota_id} in force.")
    return standing_quotas([quota], at=at)[0]


def _asked(raise_id: int) -> QuotaRaise:
    found = QuotaRaise.objects.select_related("quota__scope", "asked_by__person")
    asked = found.filter(pk=raise_id).first()
    if asked is None:
        raise NotThere("Nobody asked for this raise.")
    return asked


def _ask(made: QuotaRaise, standing: Standing, *, by: User, at: datetime) -> None:
    quota, unit = made.quota, _answering_unit(made.quota)
    whose = made.who or quota.scope.name
    wanted = amount_in_words(made.limit, quota.metric)
    title = f"{whose}: {wanted} {WINDOWS[quota.window]} until {made.ends_at:%-d %b}"
    approval = request_decision(
        kind=QUOTA_RAISE,
        subject_id=made.pk,
        title=title[:_LONGEST_TITLE],
        url=f"/quotas/{quota.pk}/#raise-{made.pk}",
        unit=unit,
        terms={
            "quota": quota.public_id,
            "who": made.who,
            "limit": made.limit,
            "before": standing.limit_of(made.who),
            "ends_at": made.ends_at,
            "reason": made.reason,
        },
        amount_usd=None,
        by=by,
        at=at,
        parts=_deciding(unit, by=by),
    )
    tell(
        kind=NoticeKind.REQUEST,
        subject=f"{QUOTA_RAISE}:{made.pk}",
        title=f"{title} waits for a decision",
        text=f"{made.reason} An answer is due within four hours.",
        url=approval.url,
        unit=unit,
        to=signers_of(approval, at=at),
        by=by,
        at=at,
    )


def _answering_unit(quota: Quota) -> Unit:
    unit = unit_of(quota.scope) or Unit.objects.filter(parent=None).order_by("pk").first()
    if unit is None:
        raise Refusal("Nobody can decide on a raise before the company has a unit: add one first.")
    return unit


def _deciding(unit: Unit, *, by: User) -> tuple[Part, ...]:
    """Return who decides: a general manager who is not the one that asks, else a CFO."""
    owners = holders_of(Role.GM, unit=unit).exclude(person=by.person_id)
    return (Part(Role.GM.value, 1),) if owners.exists() else ALONE


def _errors(
    standing: Standing, draft: RaiseDraft, *, reason: str, at: datetime
) -> list[FieldError]:
    quota, who = standing.quota, draft.who.strip()
    errors = _limit_errors(standing, draft)
    if bool(who) != bool(quota.per):
        told = f"Name the {quota.per} it is for." if quota.per else "All share it: name nobody."
        errors.append(FieldError("/who", told))
    if len(who) > 160:  # noqa: PLR2004 -- the column's width
        errors.append(FieldError("/who", "A name has at most 160 letters."))
    if who and who in standing.terms.exempt:
        errors.append(FieldError("/who", f"{who} is exempt: there is no limit to raise."))
    if not at < draft.ends_at <= at + LONGEST:
        told = f"A raise ends within {LONGEST.days} days: for longer, change the quota."
        errors.append(FieldError("/ends_at", told))
    if not 0 < len(reason.strip()) <= LONGEST_REASON:
        told = f"Say in at most {LONGEST_REASON} letters what it is needed for."
        errors.append(FieldError("/reason", told))
    return errors


def _limit_errors(standing: Standing, draft: RaiseDraft) -> list[FieldError]:
    metric, now = standing.quota.metric, standing.limit_of(draft.who.strip())
    if not draft.limit.is_finite() or not now < draft.limit < Decimal(10) ** 15:
        told = f"It is {amount_in_words(now, metric)} now: ask for more than that."
        return [FieldError("/limit", told)]
    step = Decimal("0.01") if metric == Metric.USD else Decimal(1)
    if draft.limit % step:
        piece = "cents" if metric == Metric.USD else metric
        return [FieldError("/limit", f"Ask for whole {piece}, not {draft.limit}.")]
    return []
