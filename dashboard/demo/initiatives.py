"""The experiments played: asked for, decided, metered, blocked by their caps, ended."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial

from budgets.lifecycle import InitiativeAction
from budgets.models import Initiative
from budgets.operations.initiatives import draft_initiative, expire_due, take_step
from budgets.terms import InitiativeTerms
from dashboard.demo.amounts import scaled
from dashboard.demo.calls import as_record
from dashboard.demo.cast import Cast
from dashboard.demo.company import ROUTER
from dashboard.demo.experiment_calls import FEWEST_TODAY, calls_for, daily_cap
from dashboard.demo.experiments import EXPERIMENTS, FUNDED, Ending, Experiment
from dashboard.demo.gates import RESULTS_A_DAY, WORTHS
from dashboard.demo.history import History, Scene, fiscal_year, year_start
from dashboard.demo.proofs import PROVED
from finops.periods import ONE_DAY
from policy.operations.upkeep import keep_up
from policy.operations.usage import take_usage

START_LATER = 5  # days between asking and the wished start of what still waits
PUSHES_TODAY = (0.3, 0.6, 0.9)  # when sidecars reported, as shares of today's time until now
TRIPPING = Decimal("1.04")


def scenes(history: History, cast: Cast) -> Iterator[Scene]:
    for plan in EXPERIMENTS:
        play = _Play(history, cast, plan)
        yield Scene(history.ago(plan.asked, "09:40"), play.draft)
        if plan.ending != Ending.DRAFT:
            yield Scene(history.ago(plan.asked, "10:15"), play.submit)
        yield from _decision(play)
        yield from _life(play)


def _decision(play: "_Play") -> Iterator[Scene]:
    plan, ago = play.plan, play.history.ago
    if plan.question:
        yield Scene(ago(plan.asked - 1, "08:50"), play.ask)
        yield Scene(ago(plan.asked - 2, "13:20"), play.submit)
    if plan.ending in FUNDED:
        yield Scene(ago(plan.decided, "09:05"), play.approve)
    elif plan.ending == Ending.REJECTED:
        yield Scene(ago(plan.decided, "17:10"), play.reject)
    elif plan.ending == Ending.WITHDRAWN:
        yield Scene(ago(plan.decided, "12:00"), play.withdraw)


def _life(play: "_Play") -> Iterator[Scene]:
    plan, history = play.plan, play.history
    if plan.tripped:
        yield Scene(history.ago(plan.tripped, "14:20"), play.push_past_the_cap)
        yield Scene(history.ago(plan.tripped - 1, "00:01"), _keep_up)
    if plan.ending == Ending.STOPPED:
        yield Scene(history.ago(plan.ended, "15:30"), play.stop)
    if plan.ending == Ending.EXPIRED:
        yield Scene(history.ago(plan.ended, "03:00"), _expire_due)
    if plan.today:
        for until in PUSHES_TODAY:
            yield Scene(history.moment_today(until), partial(play.push_part_of_today, until))


@dataclass(frozen=True, slots=True)
class _Play:
    """What happens to one experiment; each method is an act at an instant."""

    history: History
    cast: Cast
    plan: Experiment

    def draft(self, at: datetime) -> None:
        draft_initiative(terms=self._terms(), by=self.cast.manager(self.plan.unit), at=at)

    def submit(self, at: datetime) -> None:
        self._step(InitiativeAction.SUBMIT, by=self.cast.manager(self.plan.unit).username, at=at)

    def ask(self, at: datetime) -> None:
        self._step(InitiativeAction.ASK, by="cfo", reason=self.plan.question, at=at)

    def approve(self, at: datetime) -> None:
        self._step(InitiativeAction.APPROVE, by="cfo", at=at)

    def reject(self, at: datetime) -> None:
        self._step(InitiativeAction.REJECT, by="cfo", reason=self.plan.reason, at=at)

    def withdraw(self, at: datetime) -> None:
        self._step(InitiativeAction.WITHDRAW, by=self.cast.manager(self.plan.unit).username, at=at)

    def stop(self, at: datetime) -> None:
        by = self.cast.manager(self.plan.unit).username
        self._step(InitiativeAction.STOP, by=by, reason=self.plan.reason, at=at)

    def push_past_the_cap(self, at: datetime) -> None:
        """Meter a loop of the last hour, which ends where the cap is judged."""
        usd = daily_cap(self.plan, self.history) * TRIPPING
        self._push(usd, begins=at - timedelta(hours=1), at=at, series="loop")

    def push_part_of_today(self, until: float, at: datetime) -> None:
        usd = daily_cap(self.plan, self.history) * Decimal(str(self.plan.today)) / len(PUSHES_TODAY)
        begins = self.history.moment_today(until - PUSHES_TODAY[0])
        self._push(usd, begins=begins, at=at, series=f"push {until}")

    def _push(self, usd: Decimal, *, begins: datetime, at: datetime, series: str) -> None:
        calls = calls_for(
            self.plan,
            self.history,
            usd=usd,
            begins=begins,
            ends=at,
            series=series,
            fewest=FEWEST_TODAY,
        )
        take_usage(records=[as_record(call) for call in calls], by=self.cast.users[ROUTER], at=at)

    def _step(self, action: InitiativeAction, *, by: str, at: datetime, reason: str = "") -> None:
        initiative = Initiative.objects.get(name=self.plan.name)
        take_step(
            initiative_id=initiative.pk,
            action=action,
            by=self.cast.users[by],
            reason=reason,
            version=initiative.version,
            at=at,
        )

    def _terms(self) -> InitiativeTerms:
        plan, users = self.plan, self.cast.users
        manager = self.cast.manager(plan.unit)
        cap_usd = scaled(plan.daily_cap_usd * plan.cap_days, self.history)
        starts_on = self._starts_on()
        worth = next((each for each in (*WORTHS, *PROVED) if each.workflow == plan.workflow), None)
        return InitiativeTerms(
            name=plan.name,
            unit=self.cast.units[plan.unit],
            hypothesis=plan.hypothesis,
            owner=users[plan.owner] if plan.owner else manager,
            on_call=users["engineer"],
            cap_usd=cap_usd,
            daily_cap_usd=min(daily_cap(plan, self.history), cap_usd),
            starts_on=starts_on,
            ends_on=starts_on + ONE_DAY * plan.days,
            stop_loss_pct=50,
            unit_of_work=plan.unit_of_work,
            outcome_source=worth.slug if worth else plan.outcome_source,
            expected_volume=RESULTS_A_DAY * plan.days if worth else None,
            allowed_models=(plan.model,),
            match=({"workflow": plan.workflow},),
        )

    def _starts_on(self) -> date:
        today = self.history.today
        if self.plan.decided:
            return today - ONE_DAY * self.plan.decided
        # Money of the next year is not there to be asked for yet.
        last = year_start(fiscal_year(today) + 1) - ONE_DAY
        return min(today + ONE_DAY * START_LATER, last)


def _keep_up(at: datetime) -> None:
    keep_up(at=at)


def _expire_due(at: datetime) -> None:
    expire_due(at=at)
