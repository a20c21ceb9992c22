"""Slices by what they cost: where a unit's money goes, down to who and what."""

from decimal import Decimal
from typing import NamedTuple

from django.db.models import Q, Sum
from django.db.models.functions import Coalesce

from finops.periods import Period
from ingestion.models import CostStatus
from ingestion.queries.attributes import assigned_slice_days
from org.models import Unit

MOST_SLICES = 10
_COLUMNS = ("provider", "model", "workflow", "project", "key")


class BigSlice(NamedTuple):
    """A slice of a unit's spend. Its person is left out: not every reader may know."""

    slice_id: int
    provider: str
    model: str
    workflow: str
    project: str
    key: str
    usd: Decimal
    calls: int
    unpriced_calls: int


def biggest_slices(*, unit: Unit, period: Period) -> list[BigSlice]:
    """Return the slices on which a unit and all beneath it spent most in the period."""
    days = assigned_slice_days().filter(
        metered=True,
        reporting_day__gte=period.start,
        reporting_day__lt=period.end,
        assignment__unit__path__startswith=unit.path,
    )
    columns = [f"slice__{name}" for name in _COLUMNS]
    summed = (
        days.order_by()
        .values("slice_id", *columns)
        .annotate(
            usd=Sum("cost_usd"),
            made=Sum("calls"),
            unpriced=Coalesce(Sum("calls", filter=Q(status=CostStatus.UNPRICED)), 0),
        )
        .order_by("-usd", "slice_id")
        .values_list("slice_id", *columns, "usd", "made", "unpriced")
    )
    return [BigSlice(*row) for row in summed[:MOST_SLICES]]
