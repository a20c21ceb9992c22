"""Forgetting counts of quotas that nothing reads any more."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from finops.quotas import LENGTHS
from policy.models import QuotaLease, QuotaUse

# A month's window looks at the one before it; what rolls looks back for hours.
KEEP_CALENDAR, KEEP_ROLLING = timedelta(days=100), timedelta(days=1)


@transaction.atomic
def forget_counts(*, at: datetime) -> int:
    """Drop counts that are too old to matter, with their blocks; return how many there were.

    A report for a block that is forgotten finds none: the router that sends it was silent
    for a day at least, and what it held stayed counted as long as its window.
    """
    rolls = Q(quota__window__in=[window.value for window in LENGTHS])
    old = QuotaUse.objects.filter(
        (rolls & Q(starts_at__lt=at - KEEP_ROLLING)) | Q(starts_at__lt=at - KEEP_CALENDAR)
    )
    ids = list(old.values_list("pk", flat=True))
    QuotaLease.objects.filter(use__in=ids).delete()
    QuotaUse.objects.filter(pk__in=ids).delete()
    return len(ids)
