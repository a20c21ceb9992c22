"""The breaker, pure: every state meets every event, and every way on is taken for its cause."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product

import pytest

from finops.breaker import (
    TRANSITIONS,
    Cooling,
    Event,
    Move,
    Reached,
    Readings,
    Standing,
    State,
    Terms,
    Watch,
    step,
    warnings,
)
from finops.breaker_readings import Probe
from finops.profiles import FirstAction

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CLOSED = Standing(State.CLOSED, epoch=7)
DAY_CAP = Reached("cap_day", "cap:1", MIDNIGHT)
FLOOR = Terms(margin_floor=Decimal("0.15"))
WAYS_ON = {
    **{(state, Event.TRIP): State.OPEN for state in State},
    **{(state, Event.BLOCK): State.OPEN for state in State},
    **{(state, Event.PROTECT): State.CLOSED for state in set(State) - {State.CLOSED}},
    (State.CLOSED, Event.SLOW): State.THROTTLED,
    (State.CLOSED, Event.DOWNGRADE): State.DOWNGRADED,
    (State.THROTTLED, Event.DOWNGRADE): State.DOWNGRADED,
    (State.THROTTLED, Event.EASE): State.CLOSED,
    (State.DOWNGRADED, Event.EASE): State.CLOSED,
    (State.OPEN, Event.UNBLOCK): State.CLOSED,
    (State.OPEN, Event.TIME_UP): State.CLOSED,
    (State.OPEN, Event.BELOW_CAP): State.CLOSED,
    (State.OPEN, Event.COOLED): State.HALF_OPEN,
    (State.HALF_OPEN, Event.PROBE_FINE): State.CLOSED,
    (State.HALF_OPEN, Event.PROBE_BAD): State.OPEN,
    (State.HALF_OPEN, Event.PROBE_UNUSED): State.OPEN,
}


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)))
def test_every_event_leads_on_or_nowhere(state: State, event: Event) -> None:
    assert TRANSITIONS[state].get(event) == WAYS_ON.get((state, event))


def day(share: str) -> Readings:
    return Readings(day_share=Decimal(share))


def margin(short: str | None, long: str | None) -> Readings:
    return Readings(
        short_margin=None if short is None else Decimal(short),
        long_margin=None if long is None else Decimal(long),
    )


def blocked(code: str, **fields: object) -> Standing:
    plain = {"state": State.OPEN, "epoch": 8, "code": code, "since": AT}
    return Standing(**(plain | fields))  # type: ignore[arg-type]


def looped(*, minutes: int = 30, half_open: bool = False) -> Standing:
    """Return a scope that a loop blocked, or of which some calls are tested after that."""
    state = State.HALF_OPEN if half_open else State.OPEN
    ends = timedelta(minutes=10 if half_open else minutes)
    cooling = Cooling("loop", timedelta(minutes=minutes))
    return blocked("loop", state=state, until=AT + ends, cooling=cooling)


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        ("0.8499", None),
        ("0.85", (State.THROTTLED, "cap_day")),
        ("0.9499", (State.THROTTLED, "cap_day")),
        ("0.95", (State.DOWNGRADED, "cap_day")),
    ],
)
def test_a_day_almost_spent_slows_and_then_downgrades(
    share: str, expected: tuple[State, str] | None
) -> None:
    move = step(CLOSED, day(share), Terms(), AT)

    assert (move and (move.to, move.code)) == expected


def test_a_slowed_scope_is_downgraded_when_the_day_goes_on() -> None:
    slowed = replace(CLOSED, state=State.THROTTLED, code="cap_day")

    move = step(slowed, day("0.96"), Terms(), AT)

    assert move == Move(Event.DOWNGRADE, State.DOWNGRADED, 8, "cap_day")


def test_more_dollars_a_minute_than_allowed_slow() -> None:
    terms = Terms(usd_per_minute=Decimal("2.00"))

    allowed = step(CLOSED, Readings(usd_per_minute=Decimal("2.00")), terms, AT)
    more = step(CLOSED, Readings(usd_per_minute=Decimal("2.01")), terms, AT)

    assert allowed is None
    assert more == Move(Event.SLOW, State.THROTTLED, 8, "rate_usd_minute")


@pytest.mark.parametrize("state", [State.CLOSED, State.THROTTLED, State.DOWNGRADED])
def test_a_reached_cap_blocks_until_its_window_ends(state: State) -> None:
    readings = replace(day("1.00"), reached=DAY_CAP)

    move = step(replace(CLOSED, state=state, code="cap_day"), readings, Terms(), AT)

    assert move == Move(Event.TRIP, State.OPEN, 8, "cap_day", until=MIDNIGHT, cap="cap:1")


def test_a_cap_lets_go_at_the_end_of_its_window_and_when_it_is_raised() -> None:
    capped = blocked("cap_day", until=MIDNIGHT, cap="cap:1")
    reached = Readings(reached=DAY_CAP)

    assert step(capped, reached, Terms(), MIDNIGHT - MINUTE) is None
    raised = step(capped, Readings(), Terms(), AT)
    over = step(capped, Readings(), Terms(), MIDNIGHT)

    assert raised == Move(Event.BELOW_CAP, State.CLOSED, 9, "below_cap")
    assert over == Move(Event.TIME_UP, State.CLOSED, 9, "time_up")


def test_a_cap_that_is_reached_in_its_next_window_too_goes_on() -> None:
    capped = blocked("cap_day", until=MIDNIGHT, cap="cap:1")
    next_day = replace(DAY_CAP, until=MIDNIGHT + timedelta(days=1))

    move = step(capped, Readings(reached=next_day), Terms(), MIDNIGHT)

    assert move is not None
    assert (move.event, move.to, move.until) == (Event.TRIP, State.OPEN, next_day.until)


def test_a_loop_blocks_for_half_an_hour_and_then_some_calls_are_tested() -> None:
    move = step(CLOSED, Readings(is_loop=True), Terms(), AT)
    half_an_hour = timedelta(minutes=30)

    cooling = Cooling("loop", half_an_hour)
    until = AT + half_an_hour
    assert move == Move(Event.TRIP, State.OPEN, 8, "loop", until=until, cooling=cooling)
    assert step(looped(), Readings(), Terms(), until - MINUTE) is None
    assert step(looped(), Readings(), Terms(), until) == Move(
        Event.COOLED,
        State.HALF_OPEN,
        9,
        "loop",
        until=until + timedelta(minutes=10),
        cooling=cooling,
    )


@pytest.mark.parametrize(
    ("probe", "after", "expected"),
    [
        (Probe(9, 10, is_fine=True), 9, None),  # one call is missing, and a minute is left
        (Probe(9, 10, is_fine=True), 10, (Event.PROBE_FINE, State.CLOSED, None)),
        (Probe(10, 10, is_fine=True), 3, (Event.PROBE_FINE, State.CLOSED, None)),
        (
            Probe(10, 10, is_fine=None),
            3,
            (Event.PROBE_FINE, State.CLOSED, None),
        ),  # nothing to compare with
        (Probe(10, 10, is_fine=False), 3, (Event.PROBE_BAD, State.OPEN, 60)),
        (Probe(1, 10, is_fine=False), 10, (Event.PROBE_BAD, State.OPEN, 60)),
        (Probe(0, 10, is_fine=None), 10, (Event.PROBE_UNUSED, State.OPEN, 30)),
    ],
)
def test_a_test_ends_with_its_calls_or_at_its_deadline(
    probe: Probe, after: int, expected: tuple[Event, State, int | None] | None
) -> None:
    at = AT + after * MINUTE

    move = step(looped(half_open=True), Readings(probe=probe), Terms(), at)

    if expected is None:
        assert move is None
        return
    event, state, minutes = expected
    assert move is not None
    assert (move.event, move.to) == (event, state)
    assert move.until == (at + minutes * MINUTE if minutes else None)
    assert (move.cooling and move.cooling.lasts) == (minutes * MINUTE if minutes else None)


def test_a_test_of_which_nothing_is_known_ends_at_its_deadline() -> None:
    half_open = looped(half_open=True)

    assert step(half_open, Readings(), Terms(), AT + 9 * MINUTE) is None
    move = step(half_open, Readings(), Terms(), AT + 10 * MINUTE)

    assert move is not None
    assert (move.event, move.to) == (Event.PROBE_UNUSED, State.OPEN)


def test_the_cool_down_doubles_up_to_four_hours() -> None:
    bad = Readings(probe=Probe(calls=10, allowed=10, is_fine=False))
    lengths, minutes = [], 30
    for _ in range(5):
        move = step(looped(minutes=minutes, half_open=True), bad, Terms(), AT)
        assert move is not None
        assert move.cooling is not None
        minutes = int(move.cooling.lasts / MINUTE)
        lengths.append(minutes)

    assert lengths == [60, 120, 240, 240, 240]


def test_a_loop_in_a_test_blocks_for_twice_as_long() -> None:
    move = step(looped(half_open=True), Readings(is_loop=True), Terms(), AT)

    assert move is not None
    assert (move.event, move.until) == (Event.TRIP, AT + timedelta(hours=1))


def test_a_cap_in_the_middle_of_a_test_does_not_spare_it() -> None:
    until = AT + MINUTE
    minute_cap = Reached("cap_minute", "cap:2", until)

    tripped = step(looped(half_open=True), Readings(reached=minute_cap), Terms(), AT)
    assert tripped is not None
    assert tripped.cooling == Cooling("loop")
    capped = blocked("cap_minute", until=until, cap="cap:2", cooling=tripped.cooling)
    released = step(capped, Readings(), Terms(), until)

    assert released is not None
    assert (released.event, released.to, released.code) == (
        Event.COOLED,
        State.HALF_OPEN,
        "loop",
    )


def test_of_a_loop_and_a_cap_the_one_that_lasts_longer_holds() -> None:
    shorter = Reached("cap_minute", "cap:2", AT + MINUTE)

    assert step(looped(), Readings(reached=shorter), Terms(), AT) is None
    move = step(looped(), Readings(reached=DAY_CAP), Terms(), AT)
    for_ever = step(looped(), Readings(reached=replace(DAY_CAP, until=None)), Terms(), AT)

    assert (move and move.code, for_ever and for_ever.code) == ("cap_day", "cap_day")


@pytest.mark.parametrize(
    ("action", "state"),
    [
        (FirstAction.DOWNGRADE_THEN_BLOCK, State.DOWNGRADED),
        (FirstAction.DOWNGRADE, State.DOWNGRADED),
        (FirstAction.THROTTLE_AND_ALERT, State.THROTTLED),
        (FirstAction.ALERT_AND_TICKET, None),
    ],
)
def test_a_margin_below_its_floor_does_first_what_the_profile_says(
    action: FirstAction, state: State | None
) -> None:
    terms = replace(FLOOR, first_action=action)
    thin = margin("0.1499", "0.10")

    move = step(CLOSED, thin, terms, AT)

    assert (move and (move.to, move.code)) == (state and (state, "margin"))
    told = {FirstAction.THROTTLE_AND_ALERT, FirstAction.ALERT_AND_TICKET}
    assert warnings(CLOSED, thin, terms, AT) == (["margin"] if action in told else [])


@pytest.mark.parametrize(
    ("short", "long"), [("0.14", "0.15"), ("0.15", "0.14"), (None, "0.14"), ("0.14", None)]
)
def test_both_windows_have_to_be_below_the_floor_and_known(
    short: str | None, long: str | None
) -> None:
    assert step(CLOSED, margin(short, long), FLOOR, AT) is None


@pytest.mark.parametrize("state", [State.CLOSED, State.THROTTLED, State.DOWNGRADED])
def test_a_loss_that_lasts_a_quarter_of_an_hour_blocks(state: State) -> None:
    losing = margin("-0.01", "0.30")
    since = AT - timedelta(minutes=15)
    standing = replace(CLOSED, state=state, code="margin", watch=Watch(loss_since=since))

    assert step(standing, losing, FLOOR, AT - MINUTE) is None
    move = step(standing, losing, FLOOR, AT)

    assert move is not None
    assert (move.to, move.code, move.until) == (
        State.OPEN,
        "margin_negative",
        AT + timedelta(minutes=30),
    )


def test_a_loss_that_was_and_is_not_known_any_more_holds() -> None:
    standing = replace(CLOSED, watch=Watch(loss_since=AT - timedelta(hours=1)))

    assert step(standing, margin(None, None), FLOOR, AT) is None


def test_a_cheaper_model_that_does_not_help_is_blocked_after_the_longer_window() -> None:
    terms = replace(
        FLOOR,
        first_action=FirstAction.DOWNGRADE_THEN_BLOCK,
        longer_window=timedelta(minutes=15),
    )
    began = AT - timedelta(minutes=15)
    downgraded = replace(
        CLOSED,
        state=State.DOWNGRADED,
        code="margin",
        since=began,
        watch=Watch(below_since=began - MINUTE),
    )
    thin = margin("0.10", "0.10")

    assert step(downgraded, thin, terms, AT - MINUTE) is None
    move = step(downgraded, thin, terms, AT)
    patient = step(downgraded, thin, replace(terms, first_action=FirstAction.DOWNGRADE), AT)

    assert move is not None
    assert (move.to, move.code) == (State.OPEN, "margin")
    assert patient is None


def test_a_slowed_scope_runs_freely_after_ten_calm_minutes() -> None:
    slowed = replace(
        CLOSED,
        state=State.THROTTLED,
        code="cap_day",
        watch=Watch(calm_since=AT - timedelta(minutes=10)),
    )

    assert step(slowed, day("0.79"), Terms(), AT - MINUTE) is None
    assert step(slowed, day("0.79"), Terms(), AT) == Move(Event.EASE, State.CLOSED, 8, "eased")


def test_what_a_margin_slowed_waits_for_half_an_hour_of_calm() -> None:
    downgraded = replace(
        CLOSED,
        state=State.DOWNGRADED,
        code="margin",
        watch=Watch(calm_since=AT - timedelta(minutes=30)),
    )
    well = margin("0.17", "0.10")

    assert step(downgraded, well, FLOOR, AT - MINUTE) is None
    move = step(downgraded, well, FLOOR, AT)

    assert (move and move.event) == Event.EASE


@pytest.mark.parametrize("code", ["stopped", "kill_switch", "budget_threshold", "loop"])
def test_a_block_at_somebodys_word_outlasts_everything(code: str) -> None:
    held = blocked(code, by_person=True)
    anything = Readings(reached=DAY_CAP, is_loop=True, short_margin=Decimal(-1))

    assert step(held, anything, FLOOR, AT + timedelta(days=900)) is None


def test_a_block_with_an_end_ends_then_and_not_before() -> None:
    held = blocked("stopped", by_person=True, until=MIDNIGHT)

    assert step(held, Readings(), Terms(), MIDNIGHT - MINUTE) is None
    over = step(held, Readings(), Terms(), MIDNIGHT)
    into_cap = step(held, Readings(reached=DAY_CAP), Terms(), MIDNIGHT)

    assert over == Move(Event.TIME_UP, State.CLOSED, 9, "time_up")
    assert (into_cap and into_cap.code) == "cap_day"


def test_nothing_moves_a_protected_scope_and_people_are_told_instead() -> None:
    protected = replace(FLOOR, protected=True)
    reached = Readings(reached=DAY_CAP)

    assert step(CLOSED, reached, protected, AT) is None
    assert warnings(CLOSED, reached, protected, AT) == ["cap_day"]
    assert warnings(CLOSED, day("0.90"), protected, AT) == ["cap_day"]
    assert warnings(CLOSED, day("0.50"), protected, AT) == []


@pytest.mark.parametrize("state", [State.THROTTLED, State.DOWNGRADED, State.HALF_OPEN])
def test_a_scope_that_becomes_protected_runs_freely(state: State) -> None:
    protected = Terms(protected=True)

    move = step(replace(CLOSED, state=state, code="cap_day"), day("0.99"), protected, AT)

    assert move == Move(Event.PROTECT, State.CLOSED, 8, "protected")


def test_a_persons_block_of_a_protected_scope_stays() -> None:
    assert step(blocked("stopped", by_person=True), Readings(), Terms(protected=True), AT) is None
