"""What becomes of a lease: settled by its router, metered by usage, written off."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

import structlog
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest

from ingestion.operations.leased import Leased
from org import audit
from org.models import User
from org.queries.calendar import reporting_today
from org.refusals import FieldError, Invalid, NotAllowed, NotThere, Refusal
from policy.lease_terms import FINAL_AFTER
from policy.models import Lease, StrayUse
from policy.permissions import can_write_off_leases

log = structlog.get_logger()

FINAL = "Usage of the day is final: what neither a report nor usage told of was not spent."


class NothingHeld(Refusal):
    """The lease holds no money any more."""

    title = "Nothing held"


@transaction.atomic
def settle_lease(
    *, public_id: str, sequence: int, used_usd: Decimal, final: bool, by: User, at: datetime
) -> Lease:
    """Take a router's word on what a lease has cost so far; what is older changes nothing.

    Counts are cumulative and only rise. A word that comes after the lease's end is taken
    too: money that is spent is spent.
    """
    lease = Lease.objects.select_for_update().filter(public_id=public_id, taken_by=by).first()
    if lease is None:
        raise NotThere(f"There is no lease {public_id}, or not for you.")
    _check_settlement(sequence=sequence, used_usd=used_usd)
    if sequence <= lease.sequence:
        return lease
    lease.sequence, lease.settled_at = sequence, at
    lease.used_usd = max(lease.used_usd, used_usd)
    lease.is_final = lease.is_final or final
    lease.save(update_fields=["sequence", "settled_at", "used_usd", "is_final"])
    lease.refresh_from_db(fields=["held_usd"])
    return lease


def _check_settlement(*, sequence: int, used_usd: Decimal) -> None:
    if sequence < 1:
        raise Invalid.of("sequence", f"Settlements are numbered from 1, not {sequence}.")
    if used_usd < 0:
        raise Invalid.of("used_usd", f"A lease cannot have cost {used_usd:f} dollars.")


@transaction.atomic
def meter_leases(*, leased: Sequence[Leased], by: User, at: datetime) -> None:
    """Move what stored usage came to from held to spent, in the transaction that stored it.

    Usage that names an unknown lease, or somebody else's, is spent all the same: it is
    counted apart, and releases nothing.
    """
    if not leased:
        return
    by_name = {each.lease: each for each in leased}
    known = Lease.objects.filter(public_id__in=by_name).order_by("pk")
    locked = known.filter(taken_by=by).select_for_update()
    own = {lease.public_id: lease for lease in locked}
    for name, lease in own.items():
        lease.metered_usd += by_name[name].usd
        lease.unmetered_usd += by_name[name].unmetered_usd
    Lease.objects.bulk_update(own.values(), ["metered_usd", "unmetered_usd"])
    strays = [each for each in leased if each.lease not in own]
    if strays:
        _note_strays(strays, by=by, at=at)


def _note_strays(strays: Sequence[Leased], *, by: User, at: datetime) -> None:
    names = [each.lease for each in strays]
    foreign = set(Lease.objects.filter(public_id__in=names).values_list("public_id", flat=True))
    on = reporting_today(at)
    for kind, found in _by_kind(strays, foreign).items():
        _note(kind, found, on=on, by=by)


def _by_kind(strays: Sequence[Leased], foreign: set[str]) -> Mapping[StrayUse.Kind, list[Leased]]:
    parted: dict[StrayUse.Kind, list[Leased]] = {}
    for each in strays:
        is_foreign = each.lease in foreign
        kind = StrayUse.Kind.FOREIGN if is_foreign else StrayUse.Kind.UNKNOWN
        parted.setdefault(kind, []).append(each)
    return parted


def _note(kind: StrayUse.Kind, found: Sequence[Leased], *, on: date, by: User) -> None:
    calls = sum(each.calls for each in found)
    usd = sum((each.usd + each.unmetered_usd for each in found), Decimal(0))
    StrayUse.objects.get_or_create(
        on=on,
        sender=by,
        kind=kind,
        defaults={"example": found[0].lease, "calls": 0, "usd": Decimal(0)},
    )
    StrayUse.objects.filter(on=on, sender=by, kind=kind).update(
        calls=F("calls") + calls, usd=F("usd") + usd
    )


@transaction.atomic
def write_off_lease(*, public_id: str, reason: str, by: User, at: datetime) -> Lease:
    """Let go of what a lease still holds, by a person's word that it was not spent."""
    if not can_write_off_leases(by):
        raise NotAllowed("Writing off a lease needs the role finance, CFO or admin.")
    if not reason.strip():
        problem = FieldError("/reason", "Say how it is known that this was not spent.")
        raise Invalid("A write-off needs a reason.", errors=[problem])
    found = Lease.objects.filter(public_id=public_id).select_related("scope").first()
    if found is None:
        raise NotThere(f"There is no lease {public_id}.")
    detail = {"lease": public_id, "held_usd": found.held_usd, "reason": reason}
    audit.record(
        actor=by, action="policy.lease_written_off", subject=found.scope.slug, at=at, detail=detail
    )
    lease = Lease.objects.select_for_update().get(pk=found.pk)
    _check_may_write_off(lease, at=at)
    lease.written_off_at, lease.written_off_by = at, by
    lease.written_off_reason = reason.strip()
    lease.written_off_usd = max(lease.written_off_usd, lease.used_usd - lease.metered_usd)
    lease.save(
        update_fields=[
            "written_off_at",
            "written_off_by",
            "written_off_reason",
            "written_off_usd",
        ]
    )
    lease.refresh_from_db(fields=["held_usd"])
    return lease


def _check_may_write_off(lease: Lease, *, at: datetime) -> None:
    if not lease.held_usd:
        raise NothingHeld("The lease holds no money: all of it is spent or returned.")
    if lease.expires_at > at:
        raise NothingHeld("The lease has not ended: its router may be spending it now.")


@transaction.atomic
def close_final_leases(*, at: datetime) -> int:
    """Close leases of days whose usage is final; return how many.

    What their routers never reported is let go. What they reported and no usage showed
    stays held, unless another source counts it: by now that one has told.
    """
    final_before = reporting_today(at) - FINAL_AFTER
    old = Lease.objects.filter(
        held_usd__gt=0, granted_on__lt=final_before, written_off_at__isnull=True
    )
    lost = old.filter(Q(is_final=False) | Q(unmetered_usd__gt=0))
    claimed = lost.order_by("pk").select_for_update(skip_locked=True)
    closed = Lease.objects.filter(pk__in=list(claimed.values_list("pk", flat=True))).update(
        written_off_at=at,
        written_off_reason=FINAL,
        written_off_usd=Greatest(F("written_off_usd"), F("unmetered_usd")),
    )
    if closed:
        log.info("policy.leases_closed", leases=closed, granted_before=str(final_before))
    return closed
