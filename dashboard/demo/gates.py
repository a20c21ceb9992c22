"""Gates of the running experiments: what they proved, who signed, and what does not pass yet."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from budgets.gate_lifecycle import GateAction
from budgets.gates.rule import Inputs
from budgets.models import Gate, Initiative
from budgets.operations.gates import Given, take_gate_step
from dashboard.demo.cast import Cast
from dashboard.demo.company import ROUTER
from dashboard.demo.experiments import EXPERIMENTS, Experiment
from dashboard.demo.history import History, Scene
from finops.periods import ONE_DAY
from ingestion.operations.definitions import Terms, define_outcome
from ingestion.operations.outcomes import record_outcomes
from org.models import User

ROI, OPTIMISATION, BREAKER = 1, 2, 3
RESULTS_A_DAY = 12
WORTH_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What the results of a day bring, as a share of the daily cap; counted or only planned."""

    workflow: str
    result: str
    success: str
    share: Decimal
    is_counted: bool = True

    @property
    def slug(self) -> str:
        """The short name that its definition gets."""
        return "-".join(self.result.lower().split())


WORTHS = (
    Worth(
        workflow="photo-damage-triage",
        result="Claim settled without a visit",
        success="The claim is paid and no assessor was sent.",
        share=Decimal("1.6"),
    ),
    Worth(
        workflow="reply-autopilot",
        result="Ticket closed unread",
        success="The ticket stays closed for a week.",
        share=Decimal("1.7"),
    ),
    Worth(
        workflow="submission-copilot",
        result="Submission read",
        success="The underwriter kept the reading as it was.",
        share=Decimal("0.1"),
    ),
    Worth(
        workflow="clause-search",
        result="Question answered",
        success="The precedent was taken into the contract.",
        share=Decimal("1.5"),
        is_counted=False,
    ),
)
NO_MORE_COUNTED = "Legal counts answered questions no longer, so nobody can tell what one is worth."
LOOKED_AT = "Compared with the claims file of the month."


def scenes(history: History, cast: Cast) -> Iterator[Scene]:
    plans = {plan.workflow: plan for plan in EXPERIMENTS}
    for worth in WORTHS:
        play = GatePlay(history, cast, plans[worth.workflow], worth)
        yield Scene(history.ago(play.plan.decided - 1, "11:00"), play.define)
        if worth.is_counted:
            yield Scene(history.moment_today(0.5), partial(play.count, play.plan.decided, 0))
    yield from _first_gates(history, cast, plans)
    yield from _second_gates(history, cast, plans)
    yield from _third_gates(history, cast, plans)


def _first_gates(history: History, cast: Cast, plans: dict[str, Experiment]) -> Iterator[Scene]:
    """Let gate 1 pass, wait for finance, fail, and be revoked after it had passed."""
    photo, reply, submission, clause = (
        GatePlay(history, cast, plans[worth.workflow], worth) for worth in WORTHS
    )
    for play, moment in ((photo, 0.60), (reply, 0.62), (submission, 0.64)):
        at = history.moment_today(moment)
        yield Scene(at, partial(play.gather, ROI))
        yield Scene(at + timedelta(minutes=1), partial(play.submit, ROI))
    yield Scene(history.moment_today(0.70), partial(photo.sign, ROI, "cfo", ""))
    yield Scene(history.moment_today(0.72), partial(photo.sign, ROI, "finance", LOOKED_AT))
    yield Scene(history.moment_today(0.74), partial(reply.sign, ROI, "cfo", ""))
    yield Scene(history.ago(9, "10:30"), partial(clause.gather, ROI))
    yield Scene(history.ago(9, "10:40"), partial(clause.submit, ROI))
    yield Scene(history.ago(8, "09:10"), partial(clause.sign, ROI, "cfo", ""))
    yield Scene(history.ago(8, "14:20"), partial(clause.sign, ROI, "finance", ""))
    yield Scene(history.ago(2, "16:05"), partial(clause.revoke, ROI, "cfo", NO_MORE_COUNTED))


def _second_gates(history: History, cast: Cast, plans: dict[str, Experiment]) -> Iterator[Scene]:
    """Let gate 2 pass, and be deferred: a cheaper model is good enough, too little is graded."""
    photo, reply, submission, clause = (
        GatePlay(history, cast, plans[worth.workflow], worth) for worth in WORTHS
    )
    for play, moment in ((photo, 0.76), (reply, 0.78), (submission, 0.80)):
        at = history.moment_today(moment)
        yield Scene(at, partial(play.gather, OPTIMISATION))
        yield Scene(at + timedelta(minutes=1), partial(play.submit, OPTIMISATION))
    yield Scene(history.moment_today(0.82), partial(clause.gather, OPTIMISATION))
    yield Scene(history.moment_today(0.86), partial(photo.sign, OPTIMISATION, "engineer", ""))


def _third_gates(history: History, cast: Cast, plans: dict[str, Experiment]) -> Iterator[Scene]:
    """Let gate 3 pass after a trip test, and be looked at early where none was run."""
    photo, reply, *_ = (GatePlay(history, cast, plans[worth.workflow], worth) for worth in WORTHS)
    yield Scene(history.moment_today(0.872), partial(photo.gather, BREAKER))
    yield Scene(history.moment_today(0.876), partial(photo.submit, BREAKER))
    yield Scene(history.moment_today(0.882), partial(photo.sign, BREAKER, "cfo", ""))
    yield Scene(history.moment_today(0.888), partial(photo.sign, BREAKER, "engineer", ""))
    yield Scene(history.now, partial(reply.gather, BREAKER))


@dataclass(frozen=True, slots=True)
class GatePlay:
    """What happens to the gates of one experiment; each method is an act at an instant."""

    history: History
    cast: Cast
    plan: Experiment
    worth: Worth

    def define(self, at: datetime) -> None:
        """Say what a result is, and what one of them brings."""
        results = RESULTS_A_DAY * WORTH_DAYS
        brings_usd = self._initiative().daily_cap_usd * WORTH_DAYS * self.worth.share / results
        define_outcome(
            unit=self.cast.units[self.plan.unit],
            terms=Terms(
                name=self.worth.result,
                unit_of_work=self.plan.unit_of_work,
                success=self.worth.success,
                owner=self._manager(),
                source=self.plan.outcome_source or "counted by hand",
                workflows=[self.plan.workflow],
                value_usd=brings_usd.quantize(Decimal("0.01")),
                review_usd=Decimal(0),
                rework_usd=Decimal(0),
                platform_usd_per_month=Decimal(0),
            ),
            by=self.cast.users["finance"],
            at=at,
        )

    def count(self, since: int, until: int, at: datetime) -> None:
        """Tell every result from so many days ago on until so many, a few each day."""
        days = [self.history.today - ONE_DAY * back for back in range(since, until, -1)]
        record_outcomes(
            records=[
                {
                    "id": f"{self.plan.workflow}-{day}-{number}",
                    "workflow": self.plan.workflow,
                    "at": self.history.at(day, f"{9 + number:02}:15").isoformat(),
                    "outcome": "success" if number % 7 else "escalated",
                }
                for day in days
                for number in range(RESULTS_A_DAY)
            ],
            by=self.cast.users[ROUTER],
            at=at,
        )

    def gather(self, number: int, at: datetime, *, inputs: Inputs | None = None) -> None:
        by = self._manager().username
        given = self._given(number) if inputs is None else Given(inputs=inputs)
        self._step(number, GateAction.GATHER, by=by, at=at, given=given)

    def submit(self, number: int, at: datetime) -> None:
        self._step(number, GateAction.SUBMIT, by=self._manager().username, at=at)

    def sign(self, number: int, by: str, comment: str, at: datetime) -> None:
        self._step(number, GateAction.SIGN, by=by, at=at, given=Given(reason=comment))

    def revoke(self, number: int, by: str, reason: str, at: datetime) -> None:
        self._step(number, GateAction.REVOKE, by=by, at=at, given=Given(reason=reason))

    def gate(self, number: int) -> Gate | None:
        return Gate.objects.filter(initiative__name=self.plan.name, number=number).first()

    def _given(self, number: int) -> Given:
        if number not in (ROI, BREAKER):
            return Given()
        if number == BREAKER:
            return Given(inputs={"expected_day_usd": f"{self._initiative().daily_cap_usd / 2:.2f}"})
        if self.worth.is_counted:
            return Given(inputs={"definition": self.worth.slug})
        results = RESULTS_A_DAY * WORTH_DAYS
        expected_usd = self._initiative().daily_cap_usd * WORTH_DAYS / 4 / results
        return Given(
            inputs={
                "definition": self.worth.slug,
                "planned_per_month": str(results),
                "expected_task_usd": f"{expected_usd:.4f}",
            }
        )

    def _manager(self) -> User:
        return self.cast.manager(self.plan.unit)

    def _initiative(self) -> Initiative:
        return Initiative.objects.get(name=self.plan.name)

    def _step(
        self,
        number: int,
        action: GateAction,
        *,
        by: str,
        at: datetime,
        given: Given | None = None,
    ) -> None:
        initiative = self._initiative()
        gate = self.gate(number)
        take_gate_step(
            initiative_id=initiative.pk,
            number=number,
            action=action,
            by=self.cast.users[by],
            version=gate.version if gate else 0,
            at=at,
            given=given,
        )
