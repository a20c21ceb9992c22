"""The days of experiments' baselines out of the ledger, and the runs they make.

What many experiments need is read in a fixed number of questions for all of them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain
from typing import NamedTuple
from zoneinfo import ZoneInfo

from budgets.models import BaselineNote, Initiative
from budgets.queries.baseline_caps import cap_moves, cap_overrides, cap_rows, daily_caps
from budgets.queries.baseline_events import Events, by_day, held_back, tried
from budgets.queries.baseline_gates import (
    days_with_gates_passed,
    gate_steps,
    material_changes,
)
from budgets.queries.baseline_notes import lifts_of, noted, notes_of
from budgets.queries.baseline_prices import price_changes
from budgets.queries.baseline_usage import UNUSED, Usage, Watched, days_in, reached, usage_of
from finops.periods import Period
from finops.stability.days import Day
from finops.stability.streak import Streak, streak_of
from org.queries.calendar import company
from policy.models import Cap

LONGEST_DAYS = 180  # so far back a run is looked for
WEEKEND_FROM = 5  # Saturday


@dataclass(frozen=True, kw_only=True)
class History:
    """An experiment's days in order, and the notes that hold for it."""

    initiative: Initiative
    days: Sequence[Day] = ()
    notes: Sequence[BaselineNote] = ()

    def streak(self, *, on: date, lag_days: int) -> Streak:
        """Return the runs as they stand on a day."""
        return streak_of(self.days, today=on, lag_days=lag_days, lifts=lifts_of(self.notes))


class Asked(NamedTuple):
    """Whose days are asked for, up to which day; `rests` leaves Saturdays and Sundays out."""

    initiative: Initiative
    on: date
    rests: bool


def histories_of(asked: Sequence[Asked]) -> dict[int, History]:
    """Return what the ledger tells of experiments, by their keys.

    One that has no cost object yet, or no day that is over, has no days.
    """
    watched = [Watched(each.initiative, period) for each in asked if (period := _looked_at(each))]
    resting = {each.initiative.pk for each in asked if each.rests}
    without = {each.initiative.pk: History(initiative=each.initiative) for each in asked}
    return without | _histories(watched, resting=resting)


def _looked_at(asked: Asked) -> Period | None:
    initiative, on, _ = asked
    first = max(initiative.starts_on, on - timedelta(days=LONGEST_DAYS))
    return Period(first, on) if first < on and initiative.cost_object_id is not None else None


def _histories(watched: Sequence[Watched], *, resting: Collection[int]) -> dict[int, History]:
    if not watched:
        return {}
    zone, usage, notes = company().zone, usage_of(watched), notes_of(watched)
    caps, steps, reach = cap_rows(watched), gate_steps(watched), reached()
    happened = by_day(
        watched,
        chain(
            held_back(watched, zone=zone),
            tried(watched, zone=zone),
            cap_moves(caps, zone=zone),
            cap_overrides(caps, zone=zone),
            material_changes(steps, zone=zone),
            price_changes(watched, usage, zone=zone),
            noted(notes, usage),
        ),
    )
    return {
        pk: History(
            initiative=each.initiative,
            days=_days(
                each,
                usage[pk],
                caps[pk],
                happened[pk],
                reach=reach,
                passed=days_with_gates_passed(steps[pk], period=each.period, zone=zone),
                rests=pk in resting,
                zone=zone,
            ),
            notes=notes[pk],
        )
        for each in watched
        for pk in [each.initiative.pk]
    }


def _days(
    watched: Watched,
    usage: Usage,
    caps: Sequence[Cap],
    events: Events,
    *,
    reach: Period | None,
    passed: set[date],
    rests: bool,
    zone: ZoneInfo,
) -> list[Day]:
    initiative, period = watched
    limits = daily_caps(initiative, caps, period=period, zone=zone)
    left = _left_after(initiative, usage, until=period.end)
    told_until = usage.told_until
    found = []
    for day in days_in(period):
        use, is_known = usage.days.get(day, UNUSED), reach is not None and day in reach
        found.append(
            Day(
                on=day,
                spent_usd=use.usd if is_known else None,
                coverage=use.coverage,
                is_imported=told_until is not None and day <= told_until,
                cap_usd=limits[day].cap_usd,
                least_cap_usd=limits[day].least_usd,
                left_usd=left[day] if is_known else None,
                calls=use.calls,
                is_off=rests and day.weekday() >= WEEKEND_FROM,
                gates_passed=day in passed,
                events=events.get(day, ()),
            )
        )
    return found


def _left_after(initiative: Initiative, usage: Usage, *, until: date) -> Mapping[date, Decimal]:
    """Return what the allocation had left after each day since the experiment began."""
    left_usd, found = initiative.cap_usd, {}
    for day in days_in(Period(initiative.starts_on, until)):
        left_usd -= usage.days.get(day, UNUSED).usd
        found[day] = left_usd
    return found
