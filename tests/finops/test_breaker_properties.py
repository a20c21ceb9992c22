"""The breaker under any readings and any clock: what never happens."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

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
    watched,
)
from finops.breaker_readings import Probe
from finops.breaker_states import COOL_DOWN, LONGEST_COOL_DOWN
from finops.profiles import FirstAction

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
shares = st.decimals(Decimal(0), Decimal("1.2"), places=2)
margins = st.none() | st.decimals(Decimal(-1), Decimal(1), places=2)
instants = st.integers(-300, 300).map(lambda minutes: AT + timedelta(minutes=minutes))
times = st.none() | instants
caps = st.builds(
    Reached,
    code=st.sampled_from(["cap_minute", "cap_day", "cap_total"]),
    cap=st.sampled_from(["cap:1", "cap:2"]),
    until=times,
)
readings = st.builds(
    Readings,
    reached=st.none() | caps,
    day_share=st.none() | shares,
    usd_per_minute=st.none() | shares,
    short_margin=margins,
    long_margin=margins,
    is_loop=st.booleans(),
    probe=st.none()
    | st.builds(
        Probe,
        calls=st.integers(0, 20),
        allowed=st.just(10),
        is_fine=st.none() | st.booleans(),
    ),
)
terms = st.builds(
    Terms,
    usd_per_minute=st.none() | st.just(Decimal("0.50")),
    margin_floor=st.none() | st.just(Decimal("0.15")),
    first_action=st.sampled_from(FirstAction),
    protected=st.booleans(),
)
standings = st.builds(
    Standing,
    state=st.sampled_from(State),
    epoch=st.integers(0, 9),
    code=st.sampled_from(["", "cap_day", "loop", "margin", "margin_negative", "stopped"]),
    by_person=st.booleans(),
    since=times,
    until=times,
    cap=st.none() | st.just("cap:1"),
    cooling=st.none() | st.builds(Cooling, st.just("loop")),
    watch=st.builds(Watch, calm_since=times, below_since=times, loss_since=times),
)


@given(standings, readings, terms, instants)
def test_every_move_is_in_the_table_and_raises_the_epoch_by_one(
    standing: Standing, read: Readings, decided: Terms, at: datetime
) -> None:
    move = step(standing, read, decided, at)

    if move is not None:
        assert TRANSITIONS[standing.state][move.event] == move.to
        assert move.epoch == standing.epoch + 1


@given(standings, readings, terms, instants, st.integers(0, 60))
def test_a_clock_set_back_moves_nothing_that_stood(
    standing: Standing, read: Readings, decided: Terms, at: datetime, minutes: int
) -> None:
    earlier = at - timedelta(minutes=minutes)

    if step(standing, read, decided, at) is None:
        assert step(standing, read, decided, earlier) is None


@given(standings, readings, terms, instants)
def test_a_test_always_ends_at_its_deadline(
    standing: Standing, read: Readings, decided: Terms, at: datetime
) -> None:
    half_open = replace(standing, state=State.HALF_OPEN, until=at)

    move = step(half_open, read, decided, at)

    assert move is not None
    assert move.to != State.HALF_OPEN


@given(readings, terms, instants, times, times)
def test_a_watch_never_lies_in_the_future(
    read: Readings, decided: Terms, at: datetime, calm: datetime | None, loss: datetime | None
) -> None:
    known = replace(
        read,
        short_margin=read.short_margin or Decimal(0),
        long_margin=read.long_margin or Decimal(0),
    )

    after = watched(Watch(calm, calm, loss), known, decided, code="margin", at=at)

    assert all(
        since is None or since <= at
        for since in (after.calm_since, after.below_since, after.loss_since)
    )


class Breaker(RuleBasedStateMachine):
    """A scope through readings, people, and a clock that jumps an hour either way."""

    @initialize()
    def begins(self) -> None:
        self.standing = Standing(State.CLOSED, epoch=0)
        self.at = AT
        self.highest = 0

    def _apply(self, move: Move, *, by_person: bool = False) -> None:
        assert move.epoch == self.standing.epoch + 1
        self.standing = Standing(
            state=move.to,
            epoch=move.epoch,
            code="" if move.to == State.CLOSED else move.code,
            by_person=by_person,
            since=self.at,
            until=move.until,
            cap=move.cap,
            cooling=move.cooling,
            watch=self.standing.watch,
        )

    @rule(read=readings, decided=terms)
    def is_judged(self, read: Readings, decided: Terms) -> None:
        before = self.standing
        watch = watched(before.watch, read, decided, code=before.code, at=self.at)
        self.standing = replace(before, watch=watch)
        move = step(self.standing, read, decided, self.at)
        if before.by_person:
            assert move is None or (before.until is not None and before.until <= self.at)
        if before.state == State.HALF_OPEN and before.until and before.until <= self.at:
            assert move is not None
        if move is not None:
            assert not (decided.protected and move.to != State.CLOSED and move.cooling is None)
            self._apply(move)

    @rule(until=times)
    def is_blocked(self, until: datetime | None) -> None:
        epoch = self.standing.epoch + 1
        self._apply(Move(Event.BLOCK, State.OPEN, epoch, "stopped", until=until), by_person=True)

    @rule()
    def is_lifted(self) -> None:
        if self.standing.by_person:
            epoch = self.standing.epoch + 1
            self._apply(Move(Event.UNBLOCK, State.CLOSED, epoch, "unblocked"))

    @rule(minutes=st.sampled_from([1, 10, 31, 60, -60]))
    def passes(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)

    @invariant()
    def epoch_rises(self) -> None:
        if hasattr(self, "standing"):
            assert self.standing.epoch >= self.highest
            self.highest = self.standing.epoch

    @invariant()
    def cools_down_no_longer_than_four_hours(self) -> None:
        cooling = self.standing.cooling if hasattr(self, "standing") else None
        if cooling is not None:
            assert COOL_DOWN <= cooling.lasts <= LONGEST_COOL_DOWN


TestBreaker = Breaker.TestCase
