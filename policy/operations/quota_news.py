"""Telling of quotas that are nearly used up: each threshold once for a subject and window."""

import hashlib
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from finops.quotas import bounds_of
from org.models import NoticeKind, Role, User
from org.operations.notices import tell
from org.queries.calendar import company
from org.queries.people import company_holders_of, holders_of
from policy.models import Quota
from policy.permissions import unit_of
from policy.queries.quota_usage import Used, nearest
from policy.queries.quotas import Standing, live_quotas, standing_quotas
from policy.quota_wording import amount_in_words, quota_in_words

FULL = 100


@transaction.atomic
def tell_of_quotas(*, at: datetime) -> int:
    """Tell of every threshold that somebody reached by the ledger; return how many were new.

    Who is told: the person herself where she has an account, and the unit's general manager;
    of those reached together the highest is told.
    """
    zone = company().zone
    standings = {each.quota.pk: each for each in standing_quotas(live_quotas(), at=at)}
    found = nearest(standings.values(), at=at, zone=zone)
    told = 0
    for pk, near in found.items():
        standing = standings[pk]
        starts_at, _ = bounds_of(standing.quota.kind, at, zone)
        for used in near:
            told += _tell(standing, used, since=starts_at, at=at) if used.threshold else 0
    return told


def _tell(standing: Standing, used: Used, *, since: datetime, at: datetime) -> int:
    quota = standing.quota
    who = used.subject or quota.scope.name
    amount = amount_in_words(used.used, quota.metric)
    limit = amount_in_words(used.limit, quota.metric)
    what = quota_in_words(standing.terms.limit, quota.metric, quota.window, quota.per or None)
    notice = tell(
        kind=NoticeKind.THRESHOLD,
        subject=quota.public_id,
        title=f"{who} used {amount} of {limit}",
        text=f"{quota.scope.name} has a quota of {what}; {_consequence(standing, used)}",
        url=f"/quotas/{quota.pk}/",
        unit=unit_of(quota.scope),
        to=_concerned(quota, used.subject),
        by=None,
        at=at,
        once=_once(quota, used, since=since),
    )
    return 1 if notice else 0


def _consequence(standing: Standing, used: Used) -> str:
    if used.threshold < FULL:
        return f"{used.threshold} per cent of it is reached."
    mode = Quota.Mode(standing.terms.mode)
    return {
        Quota.Mode.HARD: "further calls are refused. More can be asked for on its page.",
        Quota.Mode.SOFT: "further calls have to give a reason.",
        Quota.Mode.ALERT: "calls go on.",
    }[mode]


def _concerned(quota: Quota, subject: str) -> list[User]:
    unit = unit_of(quota.scope)
    managers = holders_of(Role.GM, unit=unit) if unit else company_holders_of(Role.FINANCE)
    # A call names a person by her address or by her account.
    herself = User.objects.filter(Q(person__email=subject) | Q(username=subject), is_active=True)
    people = [*managers, *(herself if quota.per == Quota.Per.PERSON else [])]
    return list(dict.fromkeys(people))


def _once(quota: Quota, used: Used, *, since: datetime) -> str:
    # A subject may be longer than the column: its digest stands for it.
    digest = hashlib.sha256(used.subject.encode()).hexdigest()[:32]
    return f"{quota.public_id}:{digest}:{since:%Y%m%d%H%M}:{used.threshold}"
