"""Prices that changed while a baseline ran."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from budgets.queries.baseline_caps import Happened
from budgets.queries.baseline_usage import Model, Usage, Watched
from finops.periods import day_bounds, reporting_day
from finops.stability.days import Event, Kind
from ingestion.models import PriceRow
from ingestion.queries.prices import names_of


def price_changes(
    watched: Sequence[Watched], usage: Mapping[int, Usage], *, zone: ZoneInfo
) -> Iterator[Happened]:
    """Yield the days on which the price of a model it uses changed, once for each model."""
    changes = _changes(watched, usage, zone=zone)
    for each in watched:
        for model in sorted(usage[each.initiative.pk].models):
            for day in sorted(changes.get(model, ())):
                event = Event(kind=Kind.PRICE_CHANGE, text=f"{model[1]} has another price.")
                yield each.initiative.pk, day, event


def _changes(
    watched: Sequence[Watched], usage: Mapping[int, Usage], *, zone: ZoneInfo
) -> Mapping[Model, set[date]]:
    used = {model for of_it in usage.values() for model in of_it.models}
    if not used:
        return {}
    start, _ = day_bounds(min(each.period.start for each in watched), zone)
    end, _ = day_bounds(max(each.period.end for each in watched), zone)
    began: dict[Model, set[date]] = defaultdict(set)
    rows = PriceRow.objects.standing().filter(starts_at__gte=start, starts_at__lt=end)
    for provider, model, at in rows.values_list("provider", "model", "starts_at"):
        if at is not None:
            began[provider, model].add(reporting_day(at, zone))
    # The public list may know a model by another name than its calls.
    return {
        model: days for model in used if (days := {d for n in names_of(*model) for d in began[n]})
    }
