"""Approval records: asking for a decision, taking it, taking the request back.

Who may ask, and what a decision sets off, is the business of the floor that owns the matter;
it calls these within its own transaction.
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from finops.signing import ALONE, Part
from org import audit
from org.models import Approval, ApprovalPart, Delegation, Role, Unit, User
from org.operations.signing import sign
from org.queries.deciders import Authority, authority
from org.queries.signing import missing_parts, roles_of
from org.refusals import Invalid, NotAllowed, NotThere, Refusal, Stale

State = Approval.State


class SelfApproval(NotAllowed):
    title = "Another person has to decide"


class AlreadyAsked(Refusal):
    title = "Already waiting for a decision"


class AlreadyDecided(Refusal):
    title = "Already decided"


class TermsChanged(Stale):
    title = "The terms changed"


@transaction.atomic
def request_decision(
    *,
    kind: str,
    subject_id: int,
    title: str,
    url: str,
    unit: Unit,
    terms: Mapping[str, Any],
    amount_usd: Decimal | None,
    by: User,
    at: datetime,
    parts: Sequence[Part] = ALONE,
) -> Approval:
    """Ask for a decision on exactly these terms, by everybody that `parts` name."""
    if by.person_id is None:
        raise NotAllowed(f"The account {by.username} belongs to no person, so it cannot request.")
    approval = Approval(
        kind=kind,
        subject_id=subject_id,
        title=title,
        url=url,
        unit=unit,
        terms=json.loads(_canonical(terms)),
        terms_hash=terms_hash_of(terms),
        amount_usd=amount_usd,
        requested_by=by,
        requested_at=at,
    )
    try:
        with transaction.atomic():
            approval.save()
    except IntegrityError as error:
        if "approval_is_pending_once_per_subject" not in str(error):
            raise
        raise AlreadyAsked(f"“{title}” already waits for a decision.") from error
    approval.refresh_from_db()  # the database filled in the person
    if tuple(parts) != ALONE:
        ApprovalPart.objects.bulk_create(
            ApprovalPart(approval=approval, role=part.role, signers=part.signers) for part in parts
        )
    _record(approval, action="approval.requested", by=by, at=at)
    return approval


@transaction.atomic
def record_decision(
    *,
    kind: str,
    subject_id: int,
    approve: bool,
    by: User,
    reason: str,
    at: datetime,
    terms_hash: str | None = None,
    deciders: Collection[Role] = (Role.CFO,),
    granted_usd: Decimal | None = None,
    signed_hash: str | None = None,
) -> Approval:
    """Approve or reject what waits; `terms_hash` is that of the terms as they are now.

    `granted_usd` is there where it is less than the amount that was asked, and `signed_hash`
    is that of the terms as they are granted. What more than one person has to sign is only
    signed, and returned still waiting, until the last of them signs; one no ends it.

    Raises SelfApproval, AlreadyDecided, TermsChanged, NotAllowed, and Invalid for a rejection
    that gives no reason.
    """
    approval = _waiting(kind=kind, subject_id=subject_id)
    is_chain = approval.parts.exists()
    roles = roles_of(approval, approving=False) if is_chain else deciders
    right = _right_of(approval, by=by, deciders=roles, at=at)
    if terms_hash is not None and terms_hash != approval.terms_hash:
        raise TermsChanged(
            f"“{approval.title}” changed after it was requested on"
            f" {approval.requested_at:%d %b %Y}: it has to be requested again."
        )
    if not approve and not reason.strip():
        raise Invalid.of("reason", "Say why this is rejected.")
    if approve and is_chain:
        signed = sign(
            approval, terms_hash=signed_hash or approval.terms_hash, by=by, reason=reason, at=at
        )
        if missing_parts(approval):
            _record(approval, action="approval.signed", by=by, at=at)
            return approval
        right = Authority(signed.given_by)
    approval.state = State.APPROVED if approve else State.REJECTED
    approval.decided_by, approval.decided_at, approval.reason = by, at, reason.strip()
    approval.decided_for, approval.granted_usd = right.giver, granted_usd
    approval.save()
    approval.refresh_from_db()
    _record(approval, action=f"approval.{approval.state}", by=by, at=at)
    return approval


@transaction.atomic
def withdraw_request(*, kind: str, subject_id: int, by: User, at: datetime) -> Approval:
    """Take a request back before it is decided."""
    return _end(kind=kind, subject_id=subject_id, state=State.WITHDRAWN, by=by, at=at)


@transaction.atomic
def void_request(*, kind: str, subject_id: int, by: User | None, at: datetime) -> Approval:
    """End a request that what it asks for is about to change under; nobody: by the clock."""
    return _end(kind=kind, subject_id=subject_id, state=State.VOID, by=by, at=at)


def terms_hash_of(terms: Mapping[str, Any]) -> str:
    """Return the SHA-256 over the terms, the same for the same terms in any order."""
    return hashlib.sha256(_canonical(terms).encode()).hexdigest()


def _canonical(terms: Mapping[str, Any]) -> str:
    return json.dumps(terms, sort_keys=True, separators=(",", ":"), default=str)


def _end(
    *, kind: str, subject_id: int, state: Approval.State, by: User | None, at: datetime
) -> Approval:
    approval = _waiting(kind=kind, subject_id=subject_id)
    approval.state = state
    approval.save()
    _record(approval, action=f"approval.{state}", by=by, at=at)
    return approval


def _waiting(*, kind: str, subject_id: int) -> Approval:
    # Two deciders may press at once: the lock makes the second read what the first one left.
    approval = (
        Approval.objects.select_for_update()
        .filter(kind=kind, subject_id=subject_id)
        .order_by("-pk")
        .first()
    )
    if approval is None:
        raise NotThere(f"No decision was ever requested for this {kind}.")
    if approval.state != State.PENDING:
        raise AlreadyDecided(_outcome(approval))
    return approval


def _outcome(approval: Approval) -> str:
    match approval.state:
        case State.WITHDRAWN:
            return f"The request for “{approval.title}” was withdrawn."
        case State.VOID:
            return f"The request for “{approval.title}” ended when its terms changed."
    return (
        f"“{approval.title}” was {approval.get_state_display().lower()} by"
        f" {approval.who_decided} on {approval.decided_at:%d %b %Y, %H:%M} UTC."
    )


def _right_of(
    approval: Approval, *, by: User, deciders: Collection[Role], at: datetime
) -> Authority:
    """Return by which right the person decides; raises SelfApproval or NotAllowed."""
    # Locked, so that a role or an account taken away a moment ago no longer decides.
    account = User.objects.select_for_update().get(pk=by.pk)
    list(account.memberships.select_for_update(of=("self",)))
    list(Delegation.objects.filter(taker=account).select_for_update(of=("self",)))
    asker = approval.requested_person_id
    if account.person_id is None:
        raise NotAllowed(f"The account {by.username} belongs to no person, so it cannot decide.")
    if account.person_id == asker:
        raise SelfApproval(
            f"You requested “{approval.title}” yourself: another person has to decide."
        )
    right = authority(account, unit=approval.unit, at=at, roles=deciders, not_for=[asker])
    if right is None:
        names = " or ".join(Role(role).label for role in deciders)
        raise NotAllowed(f"Only {names} for {approval.unit} can decide on “{approval.title}”.")
    return right


def _record(approval: Approval, *, action: str, by: User | None, at: datetime) -> None:
    audit.record(
        actor=by,
        action=action,
        subject=f"{approval.kind}:{approval.subject_id}",
        at=at,
        detail={
            "approval": approval.pk,
            "title": approval.title,
            "amount_usd": approval.amount_usd,
            "granted_usd": approval.granted_usd,
            **({"decided_for": approval.decided_for.username} if approval.decided_for else {}),
            "terms_hash": approval.terms_hash,
            "reason": approval.reason,
        },
    )
