"""The circuit breaker of a scope: the next move, by its readings and the clock. Pure.

`step` asks one question: given how a scope stands, what is measured now and what was decided
about it, does it move? Whoever asks also remembers for how long a reading has lasted (`Watch`).
Nothing here moves a scope because the clock was set back.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from finops.breaker_readings import DAY, MARGIN, MARGIN_NEGATIVE, RATE, Reached, Readings, Terms
from finops.breaker_states import (
    COOL_DOWN,
    LOOP,
    TRANSITIONS,
    Cooling,
    Event,
    Move,
    Standing,
    State,
)
from finops.breaker_watch import CALM_FOR, LOSS_FOR, Watch, is_below_floor, is_loss, watched
from finops.profiles import FirstAction

__all__ = [
    "TRANSITIONS",
    "Cooling",
    "Event",
    "Move",
    "Reached",
    "Readings",
    "Standing",
    "State",
    "Terms",
    "Watch",
    "step",
    "warnings",
    "watched",
]
PROBE_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class _Case:
    """What a move is decided by."""

    standing: Standing
    readings: Readings
    terms: Terms
    at: datetime

    @property
    def is_over(self) -> bool:
        until = self.standing.until
        return until is not None and until <= self.at

    def has_lasted(self, since: datetime | None, duration: timedelta) -> bool:
        return since is not None and self.at - since >= duration

    def move(self, event: Event, code: str, **fields: Any) -> Move:
        standing = self.standing
        to = TRANSITIONS[standing.state][event]
        return Move(event=event, to=to, epoch=standing.epoch + 1, code=code, **fields)


def step(standing: Standing, readings: Readings, terms: Terms, at: datetime) -> Move | None:
    """Return the move that the readings and the clock ask for, None where there is none."""
    case = _Case(standing, readings, terms, at)
    if standing.is_lasting:
        return _outlasted(case)
    if terms.protected:
        runs = standing.state == State.CLOSED
        return None if runs else case.move(Event.PROTECT, "protected")
    return _DECIDERS[standing.state](case)


def warnings(standing: Standing, readings: Readings, terms: Terms, at: datetime) -> list[str]:
    """Return the codes of what people are told though nothing moves.

    Of a protected scope that is whatever would have moved another; of a profile that looks
    first, a margin below its floor.
    """
    found = []
    if terms.protected:
        running = replace(standing, state=State.CLOSED, code="", by_person=False)
        move = _running(_Case(running, readings, terms, at))
        found = [move.code] if move is not None else []
    looks_first = terms.first_action in {
        FirstAction.ALERT_AND_TICKET,
        FirstAction.THROTTLE_AND_ALERT,
    }
    if looks_first and is_below_floor(readings, terms) and MARGIN not in found:
        found.append(MARGIN)
    return found


def _outlasted(case: _Case) -> Move | None:
    """Judge a block at somebody's word: it ends at its end, and not before."""
    if not case.is_over:
        return None
    if case.readings.reached and not case.terms.protected:
        return _capped(case, case.readings.reached)
    return _released(case, Event.TIME_UP)


def _running(case: _Case) -> Move | None:
    """Judge a scope whose calls pass, all of them or some."""
    state, readings = case.standing.state, case.readings
    if readings.reached:
        return _capped(case, readings.reached)
    if code := _stopping(case):
        return _cooled_down(case, Event.TRIP, Cooling(code))
    if state != State.DOWNGRADED and (code := _downgrading(readings, case.terms)):
        return case.move(Event.DOWNGRADE, code)
    if state == State.CLOSED:
        code = _slowing(readings, case.terms)
        return case.move(Event.SLOW, code) if code else None
    return case.move(Event.EASE, "eased") if _is_calm_again(case) else None


def _blocked(case: _Case) -> Move | None:
    """Judge a scope that a cap, a loop or its margin has blocked."""
    standing, reached = case.standing, case.readings.reached
    if not standing.is_held_by_cap:
        if reached is not None and _lasts_longer(reached.until, standing.until):
            return _capped(case, reached)
        return _released(case, Event.COOLED) if case.is_over else None
    if reached is None:
        return _released(case, Event.TIME_UP if case.is_over else Event.BELOW_CAP)
    is_same = (reached.cap, reached.until) == (standing.cap, standing.until)
    return None if is_same else _capped(case, reached)


def _testing(case: _Case) -> Move | None:
    """Judge a scope of which some calls are tested; its deadline always ends that."""
    standing, probe = case.standing, case.readings.probe
    if case.readings.reached:
        return _capped(case, case.readings.reached)
    cooling = standing.cooling or Cooling(standing.code)
    if case.readings.is_loop:
        return _cooled_down(case, Event.TRIP, replace(cooling.longer, code=LOOP))
    has_ended = standing.until is None or case.is_over
    if not has_ended and (probe is None or probe.calls < probe.allowed):
        return None
    if probe is None or probe.calls == 0:
        return _cooled_down(case, Event.PROBE_UNUSED, cooling)
    if probe.is_fine is False:
        return _cooled_down(case, Event.PROBE_BAD, cooling.longer)
    return case.move(Event.PROBE_FINE, "probe_fine")


_DECIDERS: dict[State, Callable[[_Case], Move | None]] = {
    State.CLOSED: _running,
    State.THROTTLED: _running,
    State.DOWNGRADED: _running,
    State.OPEN: _blocked,
    State.HALF_OPEN: _testing,
}


def _stopping(case: _Case) -> str:
    """Return why calls are stopped though no cap is reached, or nothing."""
    standing, readings, terms = case.standing, case.readings, case.terms
    if readings.is_loop:
        return LOOP
    watch = standing.watch
    if is_loss(readings, terms) and case.has_lasted(watch.loss_since, LOSS_FOR):
        return MARGIN_NEGATIVE
    # Only once the longer window holds nothing but calls of the cheaper model.
    has_tried = (
        terms.first_action == FirstAction.DOWNGRADE_THEN_BLOCK
        and standing.state == State.DOWNGRADED
        and case.has_lasted(standing.since, terms.longer_window)
        and case.has_lasted(watch.below_since, terms.longer_window)
    )
    return MARGIN if has_tried and is_below_floor(readings, terms) else ""


def _downgrading(readings: Readings, terms: Terms) -> str:
    if readings.day_share is not None and readings.day_share >= terms.downgrade_at:
        return DAY
    acts = {FirstAction.DOWNGRADE_THEN_BLOCK, FirstAction.DOWNGRADE}
    return MARGIN if terms.first_action in acts and is_below_floor(readings, terms) else ""


def _slowing(readings: Readings, terms: Terms) -> str:
    if readings.day_share is not None and readings.day_share >= terms.slow_at:
        return DAY
    rate, limit = readings.usd_per_minute, terms.usd_per_minute
    if rate is not None and limit is not None and rate > limit:
        return RATE
    acts = terms.first_action == FirstAction.THROTTLE_AND_ALERT
    return MARGIN if acts and is_below_floor(readings, terms) else ""


def _is_calm_again(case: _Case) -> bool:
    needed = COOL_DOWN if case.standing.code == MARGIN else CALM_FOR
    return case.has_lasted(case.standing.watch.calm_since, needed)


def _capped(case: _Case, reached: Reached) -> Move:
    return case.move(
        Event.TRIP,
        reached.code,
        until=reached.until,
        cap=reached.cap,
        cooling=case.standing.cooling,
    )


def _cooled_down(case: _Case, event: Event, cooling: Cooling) -> Move:
    return case.move(event, cooling.code, until=case.at + cooling.lasts, cooling=cooling)


def _released(case: _Case, event: Event) -> Move:
    """End a block: calls are tested first where this one or an earlier one is to end so."""
    cooling = case.standing.cooling
    if event == Event.COOLED and cooling is None:
        cooling = Cooling(case.standing.code)
    if cooling is None:
        return case.move(event, event.value)
    return case.move(Event.COOLED, cooling.code, until=case.at + PROBE_FOR, cooling=cooling)


def _lasts_longer(one: datetime | None, other: datetime | None) -> bool:
    if other is None:
        return False
    return one is None or one > other
