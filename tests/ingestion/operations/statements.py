"""What stands of a provider's cost reports: their current sum, their lines, their versions."""

from decimal import Decimal
from typing import Any

from django.db.models import Sum

from ingestion.models import ReportBucket, ReportLine

State = ReportBucket.State


def stated_usd() -> Decimal:
    """Return what the current versions of all buckets say."""
    current = ReportLine.objects.filter(bucket__state=State.CURRENT)
    return current.aggregate(usd=Sum("cost_usd"))["usd"] or Decimal(0)


def lines() -> list[dict[str, Any]]:
    """Return every line that was ever kept, cell by cell, the oldest first."""
    return [dict(line) for line in ReportLine.objects.order_by("pk").values()]


def versions() -> list[tuple[str, int, bool]]:
    """Return each version of the buckets that ever had a line: (day, number, is it current)."""
    starts = ReportLine.objects.values("bucket__starts_at")
    numbered = ReportBucket.objects.filter(version__isnull=False, starts_at__in=starts)
    kept = numbered.order_by("starts_at", "version")
    return [(f"{b.starts_at:%d}", b.version or 0, b.state == State.CURRENT) for b in kept]
