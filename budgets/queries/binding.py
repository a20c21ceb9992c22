"""The limits an experiment's money runs into: its own caps, and the hard ones above it."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from budgets.models import Initiative
from budgets.queries.experiments import InitiativeStanding
from budgets.queries.hierarchy import ids_above
from budgets.queries.ledger import pool_left_usd
from budgets.terms import InitiativeTerms
from finops.binding import PACE_DAYS, Binding, Limit, binds_first, pace_usd
from finops.periods import ONE_DAY, Period
from ingestion.queries.spend import daily_spend, data_days, spent
from org.models import Unit, User
from org.queries.calendar import fiscal_year_containing
from policy.models import Cap, Scope
from policy.permissions import scopes_visible_to
from policy.queries.meters import NAME_OF_WINDOW, Reading, Today, read_meters, today_at

ZERO = Decimal(0)


class FirstLimit(NamedTuple):
    """Which limit binds first, at which pace; without known days nobody can say.

    `pool_left_usd` is what the unit's pool can still give.
    """

    pool_left_usd: Decimal
    pace_usd: Decimal | None
    known_days: int
    binding: Binding | None


def first_limit_of(standing: InitiativeStanding, *, user: User, at: datetime) -> FirstLimit:
    """Return what binds a running experiment first, of the limits that the user may see."""
    initiative, today = standing.initiative, today_at(at)
    pace = pace_usd(standing.daily)
    limits: list[Limit] = []
    if pace is not None and standing.scope is not None:
        own = _hard(read_meters(standing.scope, today=today))
        spent_usd = standing.spent_today_usd
        limits = [_limit("its {}", each, pace, spent_usd, today) for each in own]
        above = _scopes_above(initiative.unit, user=user)
        limits += _limits_above(above, today=today, more_usd=ZERO)
    within = [_ending(each, initiative.ends_on) for each in limits]
    return FirstLimit(
        pool_left_usd=_pool_left(initiative),
        pace_usd=pace,
        known_days=min(len(standing.daily), PACE_DAYS),
        binding=binds_first(within, on=today.on),
    )


def first_limit_asked(terms: InitiativeTerms, *, at: datetime) -> Binding | None:
    """Return what would bind an experiment first that spends its daily cap every day."""
    today, pace = today_at(at), terms.daily_cap_usd
    start = max(today.on, terms.starts_on)
    line = Scope.objects.filter(retired_at=None, unit__in=_line(terms.unit))
    scopes = list(line.select_related("unit"))
    limits = [
        Limit("its cap in total", terms.cap_usd, pace, None),
        *_limits_above(scopes, today=today, more_usd=pace),
    ]
    return binds_first([_ending(each, terms.ends_on) for each in limits], on=start)


def _hard(readings: Iterable[Reading]) -> list[Reading]:
    return [each for each in readings if each.cap.mode == Cap.Mode.HARD]


def _limits_above(scopes: Sequence[Scope], *, today: Today, more_usd: Decimal) -> list[Limit]:
    """Return the hard caps of scopes above, each at its own pace and what comes on top."""
    limits = []
    for scope in scopes:
        found = _hard(read_meters(scope, today=today))
        if not found:
            continue
        pace = (pace_usd(_last_days(scope.unit, today.on)) or ZERO) + more_usd
        spent_usd = spent(period=Period(today.on, today.on + ONE_DAY), unit=scope.unit).usd
        named = f"the {{}} of {scope.name}"
        limits += [_limit(named, each, pace, spent_usd, today) for each in found]
    return limits


def _limit(
    named: str, reading: Reading, pace: Decimal, spent_today_usd: Decimal, today: Today
) -> Limit:
    cap = reading.cap
    name = named.format(NAME_OF_WINDOW[Cap.Window(cap.window)])
    if cap.window == Cap.Window.DAY:
        return Limit(name, cap.limit_usd, pace, today.on + ONE_DAY)
    # As of the day's beginning, since the day spends its whole pace.
    left_usd = cap.limit_usd - reading.verdict.spent_usd + spent_today_usd
    until = today.period.end if cap.window == Cap.Window.PERIOD else None
    return Limit(name, left_usd, pace, until)


def _ending(limit: Limit, ends_on: date) -> Limit:
    """Return the limit as long as the experiment runs: after its end nothing binds it."""
    return limit._replace(until=min(limit.until or ends_on, ends_on))


def _last_days(unit: Unit | None, on: date) -> list[tuple[date, Decimal]]:
    reach = data_days()
    last = min(on, reach.end) if reach else on
    return daily_spend(period=Period(last - timedelta(days=PACE_DAYS), last), unit=unit)


def _scopes_above(unit: Unit, *, user: User) -> list[Scope]:
    return list(scopes_visible_to(user).filter(unit__in=_line(unit)))


def _line(unit: Unit) -> list[int]:
    return [*ids_above(unit), unit.pk]


def _pool_left(initiative: Initiative) -> Decimal:
    year = fiscal_year_containing(initiative.starts_on)
    return pool_left_usd(unit=initiative.unit, fiscal_year=year)
