"""Changing the source of record of a provider account, from a day on."""

from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import Q

from ingestion.models import MeteringSource, Slice
from ingestion.operations.adjust import announce
from ingestion.operations.assignments import hold_loads_still
from ingestion.operations.minutes import rebuild_minutes
from ingestion.operations.rollups import (
    MAKE_DELTA,
    PeriodClosed,
    add_to_unit_days,
    refuse_closed_periods,
)
from ingestion.queries.detail import DAY_KEY, MEASURES
from ingestion.queries.metering import IS_METERED
from org import audit
from org.models import FiscalPeriod, User
from org.permissions import can_change_metering
from org.refusals import Invalid, NotAllowed

MOST_REASON = 500
# What counted falls out of the unit days under one mark, and comes in under the other.
_FILL_DELTA = f"""
INSERT INTO delta (metered, {DAY_KEY}, {", ".join(MEASURES)})
SELECT sign.metered, {DAY_KEY}, {", ".join(f"sign.of * d.{name}" for name in MEASURES)}
FROM ingestion_sliceday d JOIN ingestion_slice of_slice ON of_slice.id = d.slice_id
CROSS JOIN LATERAL (VALUES (d.metered, -1), (NOT d.metered, 1)) sign (metered, of)
WHERE of_slice.provider = %(provider)s AND of_slice.account = %(account)s
  AND d.metered <> {IS_METERED}
"""  # noqa: S608 -- only names of this file
_MARK_ANEW = f"""
UPDATE ingestion_sliceday d SET metered = NOT d.metered
FROM ingestion_slice of_slice
WHERE of_slice.id = d.slice_id
  AND of_slice.provider = %(provider)s AND of_slice.account = %(account)s
  AND d.metered <> {IS_METERED}
"""  # noqa: S608 -- only names of this file


@transaction.atomic
def change_source(
    *,
    provider: str,
    account: str,
    source: str,
    starts_on: date,
    reason: str,
    by: User,
    at: datetime,
) -> MeteringSource:
    """Let another source's usage count for an account from a UTC day on.

    Days that were loaded already are marked anew, and unit days follow; nothing is loaded
    again. What was to hold after that day holds no more. Raises NotAllowed, Invalid and
    PeriodClosed.
    """
    if not can_change_metering(by):
        raise NotAllowed("The source of record is changed by FinOps analysts and administrators.")
    reason = _checked(reason)
    _check_open(starts_on)
    hold_loads_still()
    _check_source(provider, account, source)
    row = _set(provider, account, source, starts_on)
    _mark_anew(provider, account, at=at)
    rebuild_minutes(at=at)
    audit.record(
        actor=by,
        action="metering.change",
        subject=f"account:{provider}/{account}",
        at=at,
        detail={"source": source, "from": starts_on, "reason": reason},
    )
    return row


def _checked(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise Invalid.of("reason", "Say why the source changes: it is kept in the audit log.")
    if len(reason) > MOST_REASON:
        raise Invalid.of("reason", f"The reason has more than {MOST_REASON} characters.")
    return reason


def _check_open(starts_on: date) -> None:
    closed = FiscalPeriod.objects.containing(starts_on).filter(state=FiscalPeriod.State.CLOSED)
    if period := closed.first():
        raise PeriodClosed(f"Period {period.label} is closed: its figures cannot change.")


def _check_source(provider: str, account: str, source: str) -> None:
    if not Slice.objects.filter(provider=provider, account=account, source=source).exists():
        raise Invalid.of("source", f"“{source}” has told nothing of {provider}/{account} yet.")


def _set(provider: str, account: str, source: str, starts_on: date) -> MeteringSource:
    """End what holds on the day, drop what would begin later, and begin the new source."""
    rows = MeteringSource.objects.filter(provider=provider, account=account)
    standing = rows.filter(_holds_on(starts_on)).first()
    if standing and standing.source == source and standing.ends_on is None:
        raise Invalid.of("source", f"“{source}” is the source of record on that day already.")
    rows.filter(starts_on__gte=starts_on).delete()
    rows.filter(_holds_on(starts_on)).update(ends_on=starts_on)
    before = rows.filter(ends_on=starts_on, source=source).first()
    if before:  # it simply goes on
        before.ends_on = None
        before.save(update_fields=["ends_on"])
        return before
    return MeteringSource.objects.create(
        provider=provider, account=account, source=source, starts_on=starts_on
    )


def _holds_on(day: date) -> Q:
    begun = Q(starts_on__isnull=True) | Q(starts_on__lte=day)
    return begun & (Q(ends_on__isnull=True) | Q(ends_on__gt=day))


def _mark_anew(provider: str, account: str, *, at: datetime) -> None:
    which = {"provider": provider, "account": account}
    with connection.cursor() as cursor:
        cursor.execute(MAKE_DELTA)
        cursor.execute(_FILL_DELTA, which)
        if not cursor.rowcount:
            return
        refuse_closed_periods()
        cursor.execute(_MARK_ANEW, which)
    unit_ids, cost_object_ids = add_to_unit_days(takes_back=True)
    announce(unit_ids, cost_object_ids, at=at)
