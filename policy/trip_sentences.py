"""A trip in sentences: why, by which limit, who set it, how long, and how it runs again."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from policy.lifecycle import ScopeState
from policy.models import Cap, Scope, ScopeStep
from policy.queries.trips import Trip
from policy.timeline import long
from policy.wording import cap_name, dollars, long_day

_VERBS = {
    ScopeState.OPEN: "Blocked",
    ScopeState.THROTTLED: "Slowed",
    ScopeState.DOWNGRADED: "Put on a cheaper model",
    ScopeState.HALF_OPEN: "Tested",
}


def trip_sentence(trip: Trip, *, zone: ZoneInfo) -> str:
    """Say when a scope tripped and why: by which spend, which limit, and who set it."""
    step = trip.step
    verb = _VERBS[ScopeState(step.to_state)]
    when = f"{verb} at {_moment(step.at, zone)}"
    if step.cap is not None and step.spent_usd is not None:
        return f"{when} because {_reached(step, step.cap, zone)}, {_origin(trip, step.cap)}."
    by = f" by {step.by}" if step.by else ""
    return f"{when}{by}: {step.text}"


def _reached(step: ScopeStep, cap: Cap, zone: ZoneInfo) -> str:
    spent = dollars(step.spent_usd) if step.spent_usd is not None else ""
    when = {
        Cap.Window.DAY.value: f"on {long_day(step.at.astimezone(zone).date())}",
        Cap.Window.PERIOD.value: "in the fiscal period",
        Cap.Window.TOTAL.value: f"since {long_day(cap.starts_on)}",
    }.get(cap.window, f"in the {cap.window}")
    return f"spend {when} reached {spent}, limit {dollars(cap.limit_usd)} ({cap_name(cap)})"


def _origin(trip: Trip, cap: Cap) -> str:
    where = f"set in policy revision {trip.set_in}" if trip.set_in else "set"
    return f"{where} by {cap.set_by or 'TokenOps'}"


def end_sentence(trip: Trip, *, at: datetime, zone: ZoneInfo) -> str:
    """Say how long it lasted and what ended it, or for how long it has stood."""
    if trip.ended is None:
        return f"It has stood for {long(at - trip.step.at)}."
    by = f" by {trip.ended.by}" if trip.ended.by else ""
    lasted = long(trip.ended.at - trip.step.at)
    return f"It ran again at {_moment(trip.ended.at, zone)}{by}, after {lasted}: {trip.ended.text}"


def ways_on(scope: Scope, trip: Trip, *, zone: ZoneInfo) -> Iterator[str]:
    """Yield how a breaker that does not run freely comes to run again."""
    cap = trip.step.cap
    if scope.until is not None:
        why = f", when the {cap_name(cap)} starts anew" if cap else ""
        yield f"By itself at {_moment(scope.until, zone)}{why}."
    if cap is not None:
        never = "" if scope.until else "It never starts anew by itself. "
        yield f"{never}When the cap is raised, or spend is corrected to below it."
        yield "Nobody can lift it by hand: a cap that is reached blocks again at once."
    elif scope.held_by is not None:
        yield f"When {scope.held_by}, or somebody else with the right to stop it, lifts the block."
    elif scope.until is None:
        yield "When what it was stopped for is over: TokenOps lifts it then."


def _moment(at: datetime, zone: ZoneInfo) -> str:
    there = at.astimezone(zone)
    return f"{there:%H:%M %Z} on {long_day(there.date())}"
