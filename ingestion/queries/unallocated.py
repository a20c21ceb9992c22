"""The unallocated queue: spend that no rule catches, grouped by what it shares."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Count, Max, Sum

from finops.periods import Period
from ingestion.queries.attributes import assigned_slice_days

# What calls of one origin share; persons and models are too fine to make rules of.
SHARED = ("provider", "account", "project", "workflow", "key", "environment")
# A rule is suggested on the first of these that the group has: the nearer to the work,
# the longer it stays true.
TELLING = ("workflow", "project", "key")
MOST_GROUPS = 50


class Group(NamedTuple):
    """Unallocated spend of one origin; `slice_id` is one of its slices."""

    shared: dict[str, str]
    usd: Decimal
    calls: int
    slices: int
    last_day: date
    slice_id: int

    @property
    def conditions(self) -> dict[str, str]:
        return telling_conditions(self.shared)


def telling_conditions(attributes: Mapping[str, str]) -> dict[str, str]:
    """Return the conditions of a rule that would catch spend with these attributes."""
    telling = next((name for name in TELLING if attributes[name]), None)
    names = (telling,) if telling else ("provider", "account")
    return {name: attributes[name] for name in names}


def unallocated_groups(*, period: Period) -> list[Group]:
    """Return the groups of unallocated metered spend in the period, the biggest first."""
    days = assigned_slice_days().filter(
        metered=True,
        reporting_day__gte=period.start,
        reporting_day__lt=period.end,
        assignment__unit=None,
    )
    columns = [f"slice__{name}" for name in SHARED]
    grouped = (
        days.order_by()
        .values(*columns)
        .annotate(
            usd=Sum("cost_usd"),
            made=Sum("calls"),
            slices=Count("slice_id", distinct=True),
            last=Max("reporting_day"),
            one=Max("slice_id"),
        )
        .order_by("-usd", "-made", *columns)
        .values_list(*columns, "usd", "made", "slices", "last", "one")
    )
    width = len(SHARED)
    return [
        Group(dict(zip(SHARED, row[:width], strict=True)), *row[width:])
        for row in grouped[:MOST_GROUPS]
    ]
