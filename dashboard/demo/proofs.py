"""Two experiments that proved themselves: one is core by now, one waits for the CFO's signature."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from budgets.gate_lifecycle import GateState
from budgets.operations.core_entry import enter_core_due
from dashboard.demo.cast import Cast
from dashboard.demo.experiments import EXPERIMENTS, LOOKED_AT
from dashboard.demo.fleet import report_all
from dashboard.demo.gates import BREAKER, OPTIMISATION, ROI, GatePlay, Worth
from dashboard.demo.history import History, Scene
from dashboard.demo.interventions import trip_test
from finops.periods import ONE_DAY

STABILITY, GRADUATION = 4, 5
FIRST_AGO, LATER_AGO = LOOKED_AT
TESTED_AGO, CORE_AGO = 50, 3
NOTED = "The reserve carries it to the end of the year; next year it is planned."
SEEN = "Read the thirty days with the desk."
AGREED = "We want it, and we have the people who read the drafts."

LETTERS = Worth(
    workflow="recovery-letters",
    result="Letter sent",
    success="The letter went out with no more than a line changed.",
    share=Decimal("1.9"),
)
NOTES = Worth(
    workflow="call-notes",
    result="Note kept",
    success="The colleague kept the note as it was.",
    share=Decimal("1.8"),
)
PROVED = (LETTERS, NOTES)


def scenes(history: History, cast: Cast) -> Iterator[Scene]:
    plans = {plan.workflow: plan for plan in EXPERIMENTS}
    letters, notes = (GatePlay(history, cast, plans[worth.workflow], worth) for worth in PROVED)
    for place, play in enumerate((letters, notes)):
        yield from _proof(history, cast, play, after=timedelta(hours=3 * place))
    yield Scene(history.ago(LATER_AGO, "06:10"), partial(letters.count, FIRST_AGO, LATER_AGO))
    yield Scene(history.moment_today(0.5), partial(letters.count, LATER_AGO, 0))
    yield Scene(history.moment_today(0.5), partial(notes.count, FIRST_AGO, 0))
    yield from _graduation(history, letters)
    yield Scene(history.ago(CORE_AGO, "00:10"), _enter_core)
    yield from _waits_for_the_cfo(history, notes)


def _proof(history: History, cast: Cast, play: GatePlay, *, after: timedelta) -> Iterator[Scene]:
    """Let the first three gates pass on one day, signed by its owner and others."""
    slug, owner = f"initiative:{play.plan.workflow}", play.plan.owner
    yield Scene(history.ago(play.plan.decided - 1, "11:00"), play.define)
    yield Scene(history.ago(TESTED_AGO, "14:00") + after, partial(trip_test, cast, slug))
    yield Scene(history.ago(FIRST_AGO, "06:10"), partial(play.count, play.plan.decided, FIRST_AGO))
    at = history.ago(FIRST_AGO, "09:00") + after
    yield Scene(at, report_all)
    yield from _gate(play, ROI, (owner, "finance"), at=at)
    yield from _gate(play, OPTIMISATION, ("engineer",), at=at + timedelta(minutes=20))
    yield from _gate(play, BREAKER, (owner, "engineer"), at=at + timedelta(minutes=40))


def _graduation(history: History, play: GatePlay) -> Iterator[Scene]:
    """Let finance see the thirty days, and the CFO and the head of the division sign."""
    at = history.ago(LATER_AGO, "09:00")
    yield from _gate(play, STABILITY, ("finance",), at=at, comment=SEEN)
    on = history.today - ONE_DAY * CORE_AGO
    at += timedelta(hours=2)
    yield from _gate(
        play,
        GRADUATION,
        ("cfo", "pieter.van.dam"),
        at=at,
        comment=NOTED,
        inputs={"starts_on": on.isoformat()},
    )


def _waits_for_the_cfo(history: History, play: GatePlay) -> Iterator[Scene]:
    at = history.moment_today(0.955)
    step = history.moment_today(0.0005) - history.moment_today(0)
    yield from _gate(play, STABILITY, ("finance",), at=at, pause=step, comment=SEEN)
    yield from _gate(
        play, GRADUATION, ("rosa.jimenez",), at=at + 8 * step, pause=step, comment=AGREED
    )


def _gate(
    play: GatePlay,
    number: int,
    signers: Sequence[str],
    *,
    at: datetime,
    pause: timedelta = timedelta(minutes=2),
    comment: str = "",
    inputs: dict[str, str] | None = None,
) -> Iterator[Scene]:
    """Let a gate be measured, submitted and signed, as far as its evidence leads."""
    yield Scene(at, partial(play.gather, number, inputs=inputs))
    yield Scene(at + pause, partial(play.submit, number))
    for place, who in enumerate(signers, start=2):
        yield Scene(at + pause * place, partial(_sign, play, number, who, comment))


def _sign(play: GatePlay, number: int, who: str, comment: str, at: datetime) -> None:
    """Sign what is in review; early in a year there is nothing to sign, and nobody does."""
    gate = play.gate(number)
    if gate is not None and gate.state == GateState.IN_REVIEW:
        play.sign(number, who, comment, at)


def _enter_core(at: datetime) -> None:
    enter_core_due(at=at)
