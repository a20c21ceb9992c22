"""What changed while money was spent: the events a burn-down marks."""

from datetime import UTC, date, datetime, time
from typing import NamedTuple

from finops.periods import Period, utc_day
from ingestion.models import PriceRow
from ingestion.queries.prices import names_of
from ingestion.queries.spend import models_used
from org.models import CostObject, Unit


class Event(NamedTuple):
    """Something that happened on a day, in words."""

    day: date
    text: str


def price_changes(
    *, period: Period, unit: Unit | None = None, cost_object: CostObject | None = None
) -> list[Event]:
    """Return the days of the period from which models that are used have other prices."""
    used = {
        name
        for provider, model in models_used(period=period, unit=unit, cost_object=cost_object)
        for name in names_of(provider, model)  # the list may know it by another name
    }
    begun = PriceRow.objects.standing().filter(
        starts_at__gte=_midnight(period.start), starts_at__lt=_midnight(period.end)
    )
    named: dict[date, set[str]] = {}
    for provider, model, at in begun.values_list("provider", "model", "starts_at").distinct():
        if (provider, model) in used and at is not None:
            named.setdefault(utc_day(at), set()).add(model)
    return [
        Event(day, f"New price: {', '.join(sorted(models))}")
        for day, models in sorted(named.items())
    ]


def _midnight(day: date) -> datetime:
    # Prices begin by the provider's clock.
    return datetime.combine(day, time.min, tzinfo=UTC)
