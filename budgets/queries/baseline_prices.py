"""Prices that changed while a baseline ran, and its days at the newest ones."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from budgets.queries.baseline_caps import Happened
from budgets.queries.baseline_usage import Model, Usage, Watched
from finops.periods import ONE_DAY, Period, day_bounds, reporting_day
from finops.stability.days import Event, Judged, Kind
from ingestion.models import PriceRow, PriceTerm
from ingestion.queries.prices import Name, covers, names_of
from ingestion.queries.repriced_days import Repriced, Wanted, repriced_days


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
    rows = PriceRow.objects.standing().filter(starts_at__gte=start, starts_at__lt=end)
    terms = PriceTerm.objects.standing().filter(starts_at__gte=start, starts_at__lt=end)
    began: dict[Model, set[date]] = defaultdict(set)
    globs: dict[Model, set[date]] = defaultdict(set)
    for dated, into in ((rows, began), (terms, globs)):
        for provider, model, at in dated.values_list("provider", "model", "starts_at"):
            if at is not None:
                into[provider, model].add(reporting_day(at, zone))
    # The public list may know a model by another name than its calls.
    return {model: _days_of(names_of(*model), began, globs) for model in used}


def _days_of(
    names: Sequence[Name], began: Mapping[Model, set[date]], globs: Mapping[Model, set[date]]
) -> set[date]:
    days = {day for name in names for day in began.get(name, ())}
    factors = (of_glob for pattern, of_glob in globs.items() if covers(*pattern, names))
    return days.union(*factors)


def priced_anew(
    windows: Mapping[int, Sequence[Judged]], cost_objects: Mapping[int, int], *, zone: ZoneInfo
) -> dict[int, dict[date, Repriced]]:
    """Return the days of windows at the prices in force on the last day of each, by experiment.

    Only windows in which a price changed are asked about; `cost_objects` are theirs.
    """
    wanted = {
        cost_objects[pk]: _wanted(window, zone=zone)
        for pk, window in windows.items()
        if any(each.day.first(Kind.PRICE_CHANGE) for each in window)
    }
    found = repriced_days(wanted)
    return {pk: found[key] for pk, key in cost_objects.items() if key in found}


def _wanted(window: Sequence[Judged], *, zone: ZoneInfo) -> Wanted:
    period = Period(window[0].day.on, window[-1].day.on + ONE_DAY)
    _, end = day_bounds(window[-1].day.on, zone)
    return Wanted(period, end - timedelta(microseconds=1))
