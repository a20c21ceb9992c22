"""The days of an experiment's baseline out of the ledger, and the run they make."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Max, Q, QuerySet, Sum

from budgets.models import Initiative
from budgets.queries.baseline_events import daily_caps, days_with_gates_passed, events_of
from finops.money import ROUNDED, calculated_in
from finops.periods import ONE_DAY, Period
from finops.stability.days import Day
from finops.stability.streak import Streak, streak_of
from ingestion.models import CostStatus, UnitDay
from ingestion.queries.spend import daily_spend

LONGEST_DAYS = 180  # so far back a run is looked for
WEEKEND_FROM = 5  # Saturday


@dataclass(frozen=True, slots=True)
class _Calls:
    made: int
    unpriced: int


def streak_at(initiative: Initiative, *, on: date, lag_days: int, rests: bool) -> Streak:
    """Return the runs of an experiment as the ledger tells them now, up to a day.

    `rests` says that its schedule leaves out Saturdays and Sundays.
    """
    return streak_of(days_of(initiative, on=on, rests=rests), today=on, lag_days=lag_days)


def days_of(initiative: Initiative, *, on: date, rests: bool) -> list[Day]:
    """Return what is known of every day from the experiment's start up to a day, in order."""
    first = max(initiative.starts_on, on - timedelta(days=LONGEST_DAYS))
    if first >= on or initiative.cost_object is None:
        return []
    period = Period(first, on)
    spent = dict(daily_spend(period=period, cost_object=initiative.cost_object))
    left = _left_after(initiative, spent, first=first)
    calls, reach = _calls(initiative, period), _reach(initiative, period)
    caps, events = daily_caps(initiative, period=period), events_of(initiative, period=period)
    passed = days_with_gates_passed(initiative, period=period)
    return [
        Day(
            on=day,
            spent_usd=spent.get(day),
            coverage=_coverage(calls.get(day)),
            is_imported=reach is not None and day <= reach,
            cap_usd=caps[day].cap_usd,
            least_cap_usd=caps[day].least_usd,
            left_usd=left.get(day),
            calls=calls[day].made if day in calls else 0,
            is_off=rests and day.weekday() >= WEEKEND_FROM,
            gates_passed=day in passed,
            events=events.get(day, ()),
        )
        for day in (first + ONE_DAY * number for number in range(period.days))
    ]


def _left_after(
    initiative: Initiative, spent: Mapping[date, Decimal], *, first: date
) -> dict[date, Decimal]:
    """Return what the allocation had left after each known day."""
    before = Period(initiative.starts_on, max(first, initiative.starts_on + ONE_DAY))
    earlier = daily_spend(period=before, cost_object=initiative.cost_object)
    left_usd = initiative.cap_usd - sum((usd for day, usd in earlier if day < first), Decimal(0))
    found = {}
    for day in sorted(spent):
        left_usd -= spent[day]
        found[day] = left_usd
    return found


def _calls(initiative: Initiative, period: Period) -> dict[date, _Calls]:
    days = _metered(initiative).filter(
        reporting_day__gte=period.start, reporting_day__lt=period.end
    )
    unpriced = Sum("calls", filter=Q(status=CostStatus.UNPRICED), default=0)
    summed = days.order_by().values("reporting_day").annotate(made=Sum("calls"), without=unpriced)
    return {
        day: _Calls(int(made), int(without))
        for day, made, without in summed.values_list("reporting_day", "made", "without")
    }


def _reach(initiative: Initiative, period: Period) -> date | None:
    """Return the last day that each provider it uses has told of, to whomever.

    A provider that went silent holds the days back: nobody can say that they are whole.
    """
    used = _metered(initiative).filter(reporting_day__gte=period.start)
    providers = used.order_by().values_list("provider", flat=True).distinct()
    told = (
        UnitDay.objects.filter(metered=True, provider__in=list(providers))
        .order_by()
        .values("provider")
        .annotate(last=Max("reporting_day"))
    )
    return min((row["last"] for row in told), default=None)


@calculated_in(ROUNDED)
def _coverage(calls: _Calls | None) -> Decimal:
    """Return the share of the day's calls whose cost is known; of none, all of it."""
    if calls is None or not calls.made:
        return Decimal(1)
    return Decimal(calls.made - calls.unpriced) / calls.made


def _metered(initiative: Initiative) -> QuerySet[UnitDay]:
    return UnitDay.objects.filter(metered=True, cost_object=initiative.cost_object)
