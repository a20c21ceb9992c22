"""On which days gates 1 to 3 of experiments were passed, and when a change took a pass away."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from budgets.gate_lifecycle import GateAction, GateState
from budgets.models import GateStep
from budgets.queries.baseline_caps import Happened
from budgets.queries.baseline_usage import Watched, days_in
from finops.periods import ONE_DAY, Period, reporting_day
from finops.stability.days import Event, Kind

EARLIER_GATES = (1, 2, 3)
LONGEST_DAYS = 366  # beyond which no pass is looked at

Steps = dict[int, list[GateStep]]


def gate_steps(watched: Sequence[Watched]) -> Steps:
    """Return the steps of gates 1 to 3 of each experiment, in their order."""
    found: Steps = defaultdict(list)
    steps = GateStep.objects.filter(
        gate__initiative__in=[each.initiative.pk for each in watched],
        gate__number__in=EARLIER_GATES,
    )
    for step in steps.select_related("gate").order_by("pk"):
        found[step.gate.initiative_id].append(step)
    return found


def days_with_gates_passed(
    steps: Sequence[GateStep], *, period: Period, zone: ZoneInfo
) -> set[date]:
    """Return the days on the whole of which gates 1 to 3 were passed."""
    passed = set(days_in(period))
    for number in EARLIER_GATES:
        of_gate = [step for step in steps if step.gate.number == number]
        passed &= {day for start, end in _passes(of_gate, zone=zone) for day in _within(start, end)}
    return passed


def material_changes(steps: Steps, *, zone: ZoneInfo) -> Iterator[Happened]:
    """Yield the days on which a change, not a person, took a pass away."""
    for pk, taken in steps.items():
        for step in taken:
            if step.action == GateAction.REVOKE and step.by_id is None:
                event = Event(kind=Kind.MATERIAL_CHANGE, text=step.reason)
                yield pk, reporting_day(step.at, zone), event


def _passes(steps: Sequence[GateStep], *, zone: ZoneInfo) -> Iterator[tuple[date, date]]:
    """Yield the first day after each pass, and the day on which it ended or was renewed."""
    since = None
    for step in steps:
        is_passed = step.to_state == GateState.PASSED
        if is_passed and since is None:
            since = reporting_day(step.at, zone) + ONE_DAY
        elif not is_passed and since is not None:
            yield since, reporting_day(step.at, zone)
            since = None
    if since is not None:
        yield since, date.max


def _within(start: date, end: date) -> Sequence[date]:
    end = min(end, start + timedelta(days=LONGEST_DAYS))
    return days_in(Period(start, end)) if end > start else []
