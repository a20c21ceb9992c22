"""Signing a request that needs more than one, and setting who signs which amount."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from finops.signing import Limit, problems_of
from org import audit
from org.models import (
    Approval,
    ApprovalLimit,
    ApprovalLimits,
    ApprovalSignature,
    Role,
    User,
)
from org.operations.calendar import locked_company
from org.permissions import can_manage_profile
from org.queries.deciders import authority
from org.queries.signing import missing_parts, roles_of, standing_signatures
from org.refusals import FieldError, Invalid, NotAllowed, Stale
from org.signing_wording import parts_in_words

SIGNING = (Role.CFO, Role.FINANCE, Role.GM)
MOST_LIMITS = 20


@transaction.atomic
def set_limits(
    *, limits: Sequence[Limit], reason: str, version: int, by: User, at: datetime
) -> ApprovalLimits:
    """Say who signs which amount from now on; what waits keeps the chain it was asked under.

    Raises NotAllowed, Stale, or Invalid with a sentence for everything that is wrong.
    """
    if not can_manage_profile(by):
        raise NotAllowed("Only a CFO or an Administrator of the company sets who signs what.")
    locked_company()
    last = ApprovalLimits.objects.order_by("number").last()
    number = last.number if last else 0
    if number != version:
        raise Stale("The approval limits changed after you opened them: read them first.")
    errors = [FieldError("/limits", problem) for problem in _problems(limits)]
    if not reason.strip():
        errors.append(FieldError("/reason", "Say why: an auditor will read it."))
    if last and not errors and set(_limits_of(last)) == set(limits):
        errors.append(FieldError("/limits", "These are in force already: nothing would change."))
    if errors:
        raise Invalid(" ".join(error.detail for error in errors), errors=errors)
    table = ApprovalLimits.objects.create(
        number=number + 1, reason=reason.strip(), recorded_by=by, recorded_at=at
    )
    ApprovalLimit.objects.bulk_create(
        ApprovalLimit(table=table, **limit._asdict()) for limit in sorted(limits)
    )
    written = [[str(limit.from_usd), limit.role, limit.signers] for limit in sorted(limits)]
    detail = {"limits": written, "reason": reason.strip(), "number": table.number}
    audit.record(actor=by, action="limits.set", subject="company", at=at, detail=detail)
    return table


def sign(
    approval: Approval, *, terms_hash: str, by: User, reason: str, at: datetime
) -> ApprovalSignature:
    """Add a person's yes to these terms; the caller holds the lock of the approval.

    Signatures on other terms are void from now on: whoever gave them has not agreed to these.
    Raises NotAllowed where the person signed them already, or her part is complete.
    """
    standing = standing_signatures(approval)
    if any(each.terms_hash != terms_hash for each in standing):
        approval.signatures.filter(void_at__isnull=True).update(void_at=at)
        standing = []
    if any(each.person_id == by.person_id for each in standing):
        raise NotAllowed(f"You signed “{approval.title}” already: another person has to sign.")
    used = [each.holder_id for each in standing]
    if by.person_id in used:
        raise NotAllowed(f"“{approval.title}” was signed in your place already.")
    for role in roles_of(approval, approving=True):
        held = authority(
            by,
            unit=approval.unit,
            at=at,
            roles=[role],
            not_for=[approval.requested_person_id, *used],
        )
        if held is not None:
            made = ApprovalSignature.objects.create(
                approval=approval,
                role=role,
                terms_hash=terms_hash,
                by=by,
                given_by=held.giver,
                at=at,
                reason=reason.strip(),
            )
            made.refresh_from_db()  # the database filled in the persons
            return made
    left = parts_in_words(missing_parts(approval))
    raise NotAllowed(
        f"Your part of “{approval.title}” is signed: {left} of another right is missing."
    )


def _problems(limits: Sequence[Limit]) -> list[str]:
    if len(limits) > MOST_LIMITS:
        return [f"At most {MOST_LIMITS} lines, not {len(limits)}."]
    named = " or ".join(str(role.label) for role in SIGNING)
    strangers = [limit.role for limit in limits if limit.role not in SIGNING]
    return [*problems_of(limits), *(f"A {named} signs, not “{role}”." for role in strangers)]


def _limits_of(table: ApprovalLimits) -> list[Limit]:
    return [Limit(row.from_usd, row.role, row.signers) for row in table.rows.all()]
