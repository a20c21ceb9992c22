"""Overrides of a cap: asked for, agreed by another where it takes one, ended by the clock.

Locks are taken in this order: the override, its approval, the audit chain, the scope, the
publication. The block of a scope falls, and comes back, in the transaction of the override.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q

from finops.override import parts_of_override
from finops.signing import Part
from org import audit
from org.models import Approval, Role, Unit, User
from org.operations.approvals import (
    record_decision,
    request_decision,
    terms_hash_of,
    void_request,
    withdraw_request,
)
from org.permissions import has_role
from org.queries.calendar import reporting_today
from org.queries.deciders import deciders_of
from org.queries.profile import profile_on
from org.refusals import Invalid, NotAllowed, NotThere, Refusal
from policy.models import Cap, Override, Scope
from policy.operations.breaker import judge_scopes
from policy.operations.override_news import (
    tell_asked,
    tell_decided,
    tell_ended,
    tell_granted,
    tell_signed,
)
from policy.operations.publish import publish
from policy.override_terms import Effect, OverrideTerms, as_written, effect_of
from policy.permissions import can_stop_scope, unit_of
from policy.queries.meters import caps_in_force, today_at
from policy.queries.override_checks import override_problems
from policy.queries.overrides import OVERRIDE, overrides_due, period_budget_usd
from policy.wording import cap_name, dollars

State = Override.State
Cause = Override.Cause


@transaction.atomic
def ask_override(*, terms: OverrideTerms, by: User, at: datetime) -> Override:
    """Raise a cap for some hours; it holds at once, or when those who have to agree signed.

    Raises NotAllowed, Invalid with a sentence per field, or Refusal where nobody could sign.
    """
    scope = terms.scope
    if not can_stop_scope(by, scope=scope):
        raise NotAllowed(f"Overriding {scope.name} needs the role engineer, GM or CFO there.")
    profile = profile_on(reporting_today(at)).profile
    if problems := override_problems(terms, profile=profile, at=at):
        raise Invalid(problems[0].detail, errors=problems)
    effect = effect_on(terms, at=at)
    unit = answering_unit(scope)
    parts = parts_of_override(
        profile.override_deciders,
        by_cfo=has_role(by, Role.CFO, unit=unit_of(scope)),
        large=effect.is_large,
    )
    _check_can_be_signed(parts, unit=unit, by=by, at=at)
    override = _kept(terms, effect, needs_signature=bool(parts), by=by, at=at)
    if parts:
        _wait(override, parts, unit=unit, by=by, at=at)
    else:
        _put_in_force(override, by=by, at=at)
    return override


def effect_on(terms: OverrideTerms, *, at: datetime) -> Effect:
    """Return what these terms do to the budget of the present period."""
    today = today_at(at)
    caps = list(caps_in_force(on=today.on).filter(scope=terms.scope))
    return effect_of(
        cap=terms.cap,
        limit_usd=terms.limit_usd,
        since=at,
        until=terms.expires_at,
        budget_usd=period_budget_usd(terms.scope, caps),
        zone=today.company.zone,
    )


@transaction.atomic
def decide_override(
    *, override_id: int, approve: bool, by: User, reason: str, at: datetime
) -> Override:
    """Sign the override that waits, or reject it with a reason; the last signature starts it."""
    override = _locked(override_id)
    if approve and (override.expires_at <= at or override.cap.retired_at is not None):
        raise Refusal("Its time is up, or the cap was changed: it has to be asked for again.")
    decided = record_decision(
        kind=OVERRIDE,
        subject_id=override.pk,
        approve=approve,
        by=by,
        reason=reason,
        at=at,
        terms_hash=terms_hash_of(as_written(override)),
    )
    if decided.state == Approval.State.PENDING:
        tell_signed(decided, by=by, at=at)
        return override
    override.approval = decided
    if approve:
        _put_in_force(override, by=by, at=at)
    else:
        _close(override, State.REJECTED, by=by, at=at)
    tell_decided(decided, by=by, at=at)
    return override


@transaction.atomic
def withdraw_override(*, override_id: int, by: User, at: datetime) -> Override:
    """Take the request back before it is signed."""
    override = _locked(override_id)
    _check_may(by, override)
    if override.state != State.WAITING:
        raise Refusal("This does not wait for a signature any more.")
    withdraw_request(kind=OVERRIDE, subject_id=override.pk, by=by, at=at)
    _close(override, State.WITHDRAWN, by=by, at=at)
    return override


@transaction.atomic
def revoke_override(*, override_id: int, by: User, reason: str, at: datetime) -> Override:
    """End an override before its time; where its cap is reached by now, it blocks at once."""
    override = _locked(override_id)
    _check_may(by, override)
    if override.state != State.IN_FORCE:
        raise Refusal("This override is not in force.")
    if not reason.strip():
        raise Invalid.of("reason", "Say why it ends before its time.")
    _end(override, Cause.REVOKED, by=by, reason=reason.strip(), at=at)
    publish(cause=f"Override of {override.scope.name} revoked: {reason.strip()}", by=by, at=at)
    return override


def end_overrides(*, at: datetime) -> list[int]:
    """End what is due, each in a transaction of its own, and return which were."""
    due = list(overrides_due(at=at).values_list("pk", flat=True))
    return [override_id for override_id in due if _end_one(override_id, at=at)]


@transaction.atomic
def _end_one(override_id: int, *, at: datetime) -> bool:
    override = _locked(override_id)
    if override.state not in Override.LIVE:
        return False  # another round was here since we looked
    if override.state == State.WAITING:
        void_request(kind=OVERRIDE, subject_id=override.pk, by=None, at=at)
        _close(override, State.LAPSED, by=None, at=at)
        return True
    cause = Cause.EXPIRED if override.expires_at <= at else Cause.CAP_CHANGED
    _end(override, cause, by=None, reason="", at=at)
    publish(cause=f"Override of {override.scope.name} has ended", by=None, at=at)
    return True


def answering_unit(scope: Scope) -> Unit:
    """Return the unit whose people sign for a scope: for the company, the topmost one."""
    unit = unit_of(scope) or Unit.objects.filter(parent=None).order_by("pk").first()
    if unit is None:
        raise Refusal("Nobody can sign before the company has a unit: add one first.")
    return unit


def _check_can_be_signed(parts: Sequence[Part], *, unit: Unit, by: User, at: datetime) -> None:
    for part in parts:
        role = Role(part.role)
        others = [
            user
            for user in deciders_of(unit, at=at, roles=[role])
            if user.person_id not in {None, by.person_id}
        ]
        if len(others) < part.signers:
            raise Refusal(
                f"Nobody but you could sign this as {role.label} of {unit}: let another person"
                " ask for it, or give somebody the role."
            )


def _kept(
    terms: OverrideTerms, effect: Effect, *, needs_signature: bool, by: User, at: datetime
) -> Override:
    override = Override(
        scope=terms.scope,
        cap=terms.cap,
        cap_usd=terms.cap.limit_usd,
        limit_usd=terms.limit_usd,
        beyond_usd=effect.beyond_usd,
        budget_usd=effect.budget_usd,
        reason=terms.reason.strip(),
        ticket=terms.ticket.strip(),
        requested_by=by,
        requested_at=at,
        expires_at=terms.expires_at,
        needs_signature=needs_signature,
    )
    try:
        with transaction.atomic():
            override.save(force_insert=True)
    except IntegrityError as error:
        if "cap_is_overridden_once_at_a_time" not in str(error):
            raise
        raise Refusal("Somebody asked for an override of this cap a moment ago.") from error
    return override


def _wait(override: Override, parts: Sequence[Part], *, unit: Unit, by: User, at: datetime) -> None:
    asked = request_decision(
        kind=OVERRIDE,
        subject_id=override.pk,
        title=_title(override),
        url=f"/breakers/overrides/{override.pk}/",
        unit=unit,
        terms=as_written(override),
        amount_usd=override.beyond_usd,
        by=by,
        at=at,
        parts=parts,
    )
    _record(override, "override_asked", by=by, at=at)
    tell_asked(asked, override, by=by, at=at)


def _put_in_force(override: Override, *, by: User, at: datetime) -> None:
    """Let the number hold from now on, and judge the scope by it."""
    _record(override, "override_granted", by=by, at=at)
    cap = _lock_cap(override)
    if cap.retired_at is not None:
        raise Refusal("The cap was changed a moment ago: ask for the override of the new one.")
    cap.raised_to_usd, cap.raised_until = override.limit_usd, override.expires_at
    cap.save(update_fields=["raised_to_usd", "raised_until"])
    override.state, override.started_at = State.IN_FORCE, at
    override.save(update_fields=["state", "started_at", "approval"])
    judge_scopes(Q(pk=override.scope_id), at=at)
    publish(cause=f"{_title(override)}: {override.reason}", by=by, at=at)
    tell_granted(override, by=by, at=at)


def _end(
    override: Override, cause: Override.Cause, *, by: User | None, reason: str, at: datetime
) -> None:
    """Arm the cap again, and judge the scope by it; the caller publishes."""
    override.state, override.ended_at, override.ended_by = State.ENDED, at, cause
    override.ended_by_user = by
    _record(override, "override_ended", by=by, at=at, cause=cause.value, why=reason)
    cap = _lock_cap(override)
    cap.raised_to_usd, cap.raised_until = None, None
    cap.save(update_fields=["raised_to_usd", "raised_until"])
    override.save(update_fields=["state", "ended_at", "ended_by", "ended_by_user"])
    steps = judge_scopes(Q(pk=override.scope_id), at=at)
    blocked = [step for step in steps if step.to_state == "open"]
    tell_ended(override, blocked=blocked[0].text if blocked else "", by=by, at=at)


def _close(override: Override, state: Override.State, *, by: User | None, at: datetime) -> None:
    """End a request that never came into force."""
    override.state = state
    override.save(update_fields=["state", "approval"])
    _record(override, f"override_{state}", by=by, at=at)


def _locked(override_id: int) -> Override:
    rows = Override.objects.select_for_update(of=("self",)).select_related(
        "scope__unit", "scope__cost_object__unit", "cap", "requested_by__person"
    )
    found = rows.filter(pk=override_id).first()
    if found is None:
        raise NotThere("There is no such override.")
    return found


def _lock_cap(override: Override) -> Cap:
    """Return the cap as it is now, its scope locked first: whoever judges waits for us."""
    Scope.objects.select_for_update().get(pk=override.scope_id)
    return Cap.objects.select_for_update().get(pk=override.cap_id)


def _check_may(by: User, override: Override) -> None:
    if not can_stop_scope(by, scope=override.scope):
        raise NotAllowed(
            f"Ending an override of {override.scope.name} needs the role engineer, GM or CFO there."
        )


def _title(override: Override) -> str:
    return (
        f"Override of {override.scope.name}: {cap_name(override.cap)} of"
        f" {dollars(override.cap_usd)} to {dollars(override.limit_usd)}"
    )[:200]


def _record(override: Override, what: str, *, by: User | None, at: datetime, **more: str) -> None:
    audit.record(
        actor=by,
        action=f"policy.{what}",
        subject=override.scope.slug,
        at=at,
        detail={"override": override.pk, **as_written(override), **more},
    )
