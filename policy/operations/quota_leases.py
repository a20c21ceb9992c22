"""Giving routers blocks of a quota, so that several of them together pass no limit."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_UP, Decimal
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import F, Sum

from finops.periods import reporting_day
from finops.quotas import (
    Metric,
    Terms,
    bounds_of,
    carried_over,
    counted_since,
    days_of,
    granted,
    most,
    resets_at,
)
from org.queries.calendar import company
from org.refusals import Invalid, NotThere, Refusal
from policy.models import Quota, QuotaLease, QuotaUse
from policy.queries.quota_usage import days_before, used_by
from policy.queries.quotas import Standing, live_quotas, newcomers, standing_quotas
from policy.quota_wording import amount_in_words, quota_in_words

LIFE = timedelta(seconds=60)
# One router holds no more than a fifth of what there is at a time: the others go on.
BLOCKS = 5
LONGEST_SUBJECT = 160
PREFIX = "quota:"


class UsedUp(Refusal):
    """Nothing is left of a quota for this subject in the present window."""

    title = "Quota used up"


@dataclass(frozen=True, slots=True)
class QuotaGrant:
    """A block that a router may use alone until it expires, in the metric's unit."""

    lease: str
    cap: str
    subject: str
    granted: Decimal
    remaining: Decimal
    expires_at: datetime
    epoch: int


@transaction.atomic
def take(*, quota_id: int, subject: str, amount: Decimal, sidecar: str, at: datetime) -> QuotaGrant:
    """Give a router a block of what is left to a subject: what it asks, or less.

    Raises UsedUp with the binding quota where nothing is left, NotThere, or Invalid.
    """
    quota = live_quotas().filter(pk=quota_id).first()
    if quota is None:
        raise NotThere(f"There is no quota quota:{quota_id} in force.")
    [standing] = standing_quotas([quota], at=at)
    _check(standing, subject=subject, amount=amount)
    _hold(quota, subject)
    zone = company().zone
    starts_at, ends_at = bounds_of(quota.kind, at, zone)
    use = _counted(quota, subject, starts_at=starts_at, at=at, zone=zone)
    limit = _limit_of(standing, subject, at=at, zone=zone)
    taken = _taken(use, since=counted_since(quota.kind, at, zone))
    block = granted(_block(amount, limit=limit, quota=quota), limit=limit, taken=taken)
    if block == 0:
        raise _used_up(standing, subject, limit=limit, at=at, zone=zone)
    lease = QuotaLease.objects.create(
        use=use,
        sidecar=sidecar,
        granted=block,
        granted_at=at,
        expires_at=min(at + LIFE, ends_at),
    )
    QuotaUse.objects.filter(pk=use.pk).update(taken=F("taken") + block)
    return QuotaGrant(
        lease=str(lease.pk),
        cap=quota.public_id,
        subject=subject,
        granted=block,
        remaining=limit - taken - block,
        expires_at=lease.expires_at,
        epoch=quota.scope.epoch,
    )


def number_of(public_id: str) -> int:
    """Return the number in the id of a quota, `quota:4`."""
    number = public_id.removeprefix(PREFIX)
    if not (public_id.startswith(PREFIX) and number.isascii() and number.isdecimal()):
        raise Invalid.of("cap", f"A quota is named as the policy does, quota:4, not {public_id!r}.")
    return min(int(number), 2**63 - 1)


@transaction.atomic
def settle(*, lease_id: str, sequence: int, used: Decimal, final: bool) -> QuotaLease:
    """Take a router's report of what it used of a block so far; the last one frees the rest.

    Reports are cumulative: one that is older than the last, or came twice, changes nothing.
    What was used beyond the block counts too.
    """
    if not used.is_finite() or used < 0:
        raise Invalid.of("used", f"What was used is zero or more, not {used}.")
    lease = _locked(lease_id)
    if sequence <= lease.sequence or lease.is_final:
        return lease
    before = _counts(lease)
    lease.sequence, lease.used, lease.is_final = sequence, used, final
    lease.save(update_fields=["sequence", "used", "is_final"])
    QuotaUse.objects.filter(pk=lease.use_id).update(taken=F("taken") + _counts(lease) - before)
    return lease


def _counts(lease: QuotaLease) -> Decimal:
    """Return what a block counts: what was used of it once it ended, at least all of it before."""
    return lease.used if lease.is_final else max(lease.granted, lease.used)


def _locked(lease_id: str) -> QuotaLease:
    try:
        known = uuid.UUID(lease_id)
    except ValueError:
        raise NotThere(f"There is no lease {lease_id}.") from None
    lease = QuotaLease.objects.select_for_update().filter(pk=known).first()
    if lease is None:
        raise NotThere(f"There is no lease {lease_id}.")
    return lease


def _check(standing: Standing, *, subject: str, amount: Decimal) -> None:
    per = standing.quota.per
    if bool(subject) != bool(per):
        told = f"Name the {per} it is for." if per else "All share this quota: name no subject."
        raise Invalid.of("subject", told)
    if len(subject) > LONGEST_SUBJECT:
        raise Invalid.of("subject", f"A subject has at most {LONGEST_SUBJECT} letters.")
    if subject in standing.terms.exempt:
        raise Invalid.of(
            "subject", f"{subject} is exempt from this quota: nothing is to be leased."
        )
    if not amount.is_finite() or amount <= 0:
        raise Invalid.of("amount", f"Ask for more than nothing, not {amount}.")


def _hold(quota: Quota, subject: str) -> None:
    """Let two routers that ask for one subject see each other, whatever slot they are in."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"{quota.public_id} {subject}"],
        )


def _counted(
    quota: Quota, subject: str, *, starts_at: datetime, at: datetime, zone: ZoneInfo
) -> QuotaUse:
    """Return the count of the present window; a new one begins with what the ledger knows."""
    counts = QuotaUse.objects.select_related("quota")
    use = counts.filter(quota=quota, subject=subject, starts_at=starts_at).first()
    if use is not None:
        return use
    days = None if quota.rolls else days_of(quota.kind, reporting_day(at, zone))
    before = used_by(quota, subject=subject, on_days=days) if days else None
    return QuotaUse.objects.create(
        quota=quota, subject=subject, starts_at=starts_at, used_before=before
    )


def _taken(use: QuotaUse, *, since: datetime) -> Decimal:
    """Return what counts now: of a window that rolls, every slot that it may still touch."""
    if not use.quota.rolls:
        return use.taken + (use.used_before or Decimal(0))
    # Slots ahead count too: the clock of the process that made them may be.
    counted = QuotaUse.objects.filter(quota=use.quota, subject=use.subject, starts_at__gte=since)
    total: Decimal | None = counted.aggregate(taken=Sum("taken"))["taken"]
    return total or Decimal(0)


def _limit_of(standing: Standing, subject: str, *, at: datetime, zone: ZoneInfo) -> Decimal:
    """Return what a subject may take in the present window, all in all."""
    terms, limit = standing.terms, standing.limit_of(subject)
    if subject not in standing.raises:
        new = {each.who: each.limit for each in newcomers(standing, at=at, zone=zone)}
        limit = new.get(subject, limit)
    return most(Terms(limit, terms.burst), _carried(standing, subject, at=at, zone=zone))


def _carried(standing: Standing, subject: str, *, at: datetime, zone: ZoneInfo) -> Decimal:
    """Return what the window before left to this one; nothing before the quota was set.

    Only that window is looked at: what it had been left itself is not known any more.
    """
    quota, terms = standing.quota, standing.terms
    if not (terms.carry_over_pct or terms.burst) or quota.rolls:
        return Decimal(0)
    starts_at, _ = bounds_of(quota.kind, at, zone)
    if quota.set_at >= starts_at:
        return Decimal(0)
    earlier, _ = bounds_of(quota.kind, starts_at - timedelta(microseconds=1), zone)
    row = QuotaUse.objects.filter(quota=quota, subject=subject, starts_at=earlier).first()
    days = days_before(days_of(quota.kind, reporting_day(at, zone)), quota)
    used = used_by(quota, subject=subject, on_days=days)
    leased = (row.taken + (row.used_before or Decimal(0))) if row else None
    known = [each for each in (used, leased) if each is not None]
    return carried_over(terms.plain, max(known)) if known else Decimal(0)


def _block(amount: Decimal, *, limit: Decimal, quota: Quota) -> Decimal:
    share = limit / BLOCKS
    if quota.metric == Metric.USD:
        return min(amount, share)
    return min(
        amount.to_integral_value(rounding=ROUND_UP), share.to_integral_value(rounding=ROUND_UP)
    )


def _used_up(
    standing: Standing, subject: str, *, limit: Decimal, at: datetime, zone: ZoneInfo
) -> UsedUp:
    quota = standing.quota
    words = quota_in_words(standing.terms.limit, quota.metric, quota.window, quota.per)
    whose = f"{subject} has" if subject else f"{quota.scope.name} has"
    anew = resets_at(quota.kind, at, zone)
    return UsedUp(
        f"{whose} used all of {amount_in_words(limit, quota.metric)}: {quota.scope.name} has"
        f" {words}. {quota.scope.owner or 'Its general manager'} can raise it.",
        extra={
            "cap": quota.public_id,
            "scope": quota.scope.slug,
            "subject": subject,
            "resets_at": anew.isoformat().replace("+00:00", "Z") if anew else None,
        },
    )
