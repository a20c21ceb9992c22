"""How far the figures reach, as columns that another query can carry along."""

from django.db.models import Subquery

from ingestion.models import SpendChange, UnitDay


def freshness_columns() -> dict[str, Subquery]:
    """Return `data_to`, the last reporting day with usage, and `changed_at`.

    The second is when spend last changed. Each is NULL before anything was loaded.
    """
    days = UnitDay.objects.filter(metered=True).order_by("-reporting_day")
    changes = SpendChange.objects.order_by("-pk")
    return {
        "data_to": Subquery(days.values("reporting_day")[:1]),
        "changed_at": Subquery(changes.values("recorded_at")[:1]),
    }
