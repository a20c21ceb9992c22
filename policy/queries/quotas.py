"""The quotas in force, what each subject has of them, and how routers are told."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from finops.periods import Period, day_bounds, reporting_day
from finops.quotas import Metric, days_of, most, prorated, resets_at
from org.models import Approval, User
from policy.document import QuotaEntry, RaiseEntry
from policy.models import Quota, QuotaRaise, QuotaTerms

QUOTA_RAISE = "quota-raise"


@dataclass(frozen=True, slots=True)
class Standing:
    """A quota with the terms that hold, and the raises in force by whom they are for."""

    quota: Quota
    terms: QuotaTerms
    raises: Mapping[str, QuotaRaise]

    def limit_of(self, subject: str) -> Decimal:
        """Return a subject's limit without what it carries or borrows: raised, or all's."""
        raised = self.raises.get(subject)
        return max(raised.limit, self.terms.limit) if raised else self.terms.limit


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Who is new in the present window, by the e-mail address, with a share of it."""

    who: str
    limit: Decimal


def quotas_with_terms() -> QuerySet[Quota]:
    """Return every quota there was with all its terms, the newest first."""
    terms = QuotaTerms.objects.select_related("by__person").order_by("-pk")
    return Quota.objects.prefetch_related(Prefetch("terms", queryset=terms))


def live_quotas() -> QuerySet[Quota]:
    """Return the quotas in force, of live scopes."""
    live = quotas_with_terms().filter(retired_at__isnull=True, scope__retired_at__isnull=True)
    return live.select_related("scope__unit", "scope__cost_object__unit").order_by("pk")


def standing_quotas(found: Iterable[Quota], *, at: datetime) -> list[Standing]:
    """Return quotas with what holds of them now, in one query more for the raises."""
    quotas = list(found)
    raises: dict[int, dict[str, QuotaRaise]] = defaultdict(dict)
    if quotas:
        for each in raises_in_force(at=at).filter(quota__in=quotas).order_by("pk"):
            raises[each.quota_id][each.who] = each
    return [Standing(quota, quota.terms.all()[0], raises[quota.pk]) for quota in quotas]


def raises_in_force(*, at: datetime) -> QuerySet[QuotaRaise]:
    """Return the raises that another person agreed to and that have not ended."""
    agreed = Approval.objects.filter(
        kind=QUOTA_RAISE, subject_id=OuterRef("pk"), state=Approval.State.APPROVED
    )
    return QuotaRaise.objects.filter(Exists(agreed), ends_at__gt=at)


def newcomers(standing: Standing, *, at: datetime, zone: ZoneInfo) -> list[Newcomer]:
    """Return who joined in the present window, after the quota was set, with their shares.

    Joining is the day on which the first account of a person was made.
    """
    if not standing.terms.is_prorated:
        return []
    quota, days = standing.quota, days_of(standing.quota.kind, reporting_day(at, zone))
    return [
        Newcomer(
            who,
            prorated(
                standing.terms.limit,
                days,
                reporting_day(joined_at, zone),
                metric=Metric(quota.metric),
            ),
        )
        for who, joined_at in sorted(_joined(days, zone).items())
        if joined_at > quota.set_at and who not in standing.terms.exempt
    ]


def _joined(days: Period, zone: ZoneInfo) -> dict[str, datetime]:
    """Return the people whose first account was made in a span of days."""
    start, end = day_bounds(days.start, zone)[0], day_bounds(days.end, zone)[0]
    accounts = User.objects.filter(person__isnull=False, date_joined__lt=end)
    first: dict[str, datetime] = {}
    for email, joined_at in accounts.order_by("date_joined").values_list(
        "person__email", "date_joined"
    ):
        first.setdefault(email, joined_at)
    return {email: joined_at for email, joined_at in first.items() if joined_at >= start}


def quota_entries(*, at: datetime, zone: ZoneInfo) -> dict[int, list[QuotaEntry]]:
    """Return what routers are told of quotas, by scope."""
    entries: dict[int, list[QuotaEntry]] = defaultdict(list)
    for standing in standing_quotas(live_quotas(), at=at):
        entries[standing.quota.scope_id].append(_entry(standing, at=at, zone=zone))
    return entries


def _entry(standing: Standing, *, at: datetime, zone: ZoneInfo) -> QuotaEntry:
    quota, terms = standing.quota, standing.terms
    shared = standing.limit_of("") if not quota.per else terms.limit
    return QuotaEntry(
        id=quota.public_id,
        metric=quota.metric,
        window=quota.window,
        limit=most(terms.plain) - terms.limit + shared,
        mode=terms.mode,
        per=quota.per or None,
        resets_at=resets_at(quota.kind, at, zone),
        exempt=sorted(terms.exempt),
        raises=_raises(standing, at=at, zone=zone) if quota.per else (),
    )


def _raises(standing: Standing, *, at: datetime, zone: ZoneInfo) -> Sequence[RaiseEntry]:
    """Return who has another limit for a while: raised by a decision, or new in the window."""
    burst = standing.terms.burst
    told = [
        RaiseEntry(who, standing.limit_of(who) + burst, each.ends_at)
        for who, each in standing.raises.items()
    ]
    if new := newcomers(standing, at=at, zone=zone):
        end = resets_at(standing.quota.kind, at, zone)
        told += [
            RaiseEntry(each.who, each.limit + burst, end)
            for each in new
            if end is not None and each.who not in standing.raises
        ]
    return sorted(told, key=lambda each: each.who)
