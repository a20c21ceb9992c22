"""How baselines stand: the run, what its days say, and what gate 4 makes of both."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from budgets.models import Gate, Initiative
from budgets.queries.baseline import Asked, History, histories_of
from budgets.queries.baseline_prices import priced_anew
from finops.gates.criteria import Judgement
from finops.gates.stability import Baseline, judge_stability
from finops.periods import ONE_DAY, Period
from finops.profiles import Profile
from finops.stability.days import Day, Judged
from finops.stability.figures import Figures, figures_of
from finops.stability.streak import NEEDED_DAYS, Run, Streak, final_part, is_final, window_of
from ingestion.queries.repriced_days import Repriced
from ingestion.queries.tasks import task_costs_of
from ingestion.queries.work import Work
from org.queries.calendar import company
from org.queries.profile import profile_on

GATE_NUMBER = 4
SCHEDULE, EVERY_DAY, WORKDAYS = "schedule", "every_day", "workdays"


@dataclass(frozen=True, kw_only=True)
class BaselineStanding:
    """An experiment's baseline on a day.

    `window` are the days that the figures are of: the last thirty that count and are final,
    or, before there are thirty, those there are. `tasks` is None where no call names one.
    `repriced` are its days on which other prices held than on its last.
    """

    history: History
    on: date
    lag_days: int
    cv_limit: Decimal
    streak: Streak
    final: Run
    window: Sequence[Judged]
    figures: Figures | None
    tasks: int | None
    repriced: Mapping[date, Repriced]

    @property
    def initiative(self) -> Initiative:
        return self.history.initiative

    @property
    def paused_days(self) -> int:
        return sum(1 for each in self.window if not each.counts)

    @property
    def active_days(self) -> int:
        return sum(1 for each in self.window if each.counts and each.day.is_used)

    @property
    def known(self) -> Baseline:
        """What gate 4 judges."""
        return Baseline(
            length=self.streak.length,
            paused_days=self.paused_days,
            final_days=len(self.final.counted),
            is_frozen=self.streak.is_frozen,
            earliest_pass=self.streak.earliest_pass,
            active_days=self.active_days,
            tasks=self.tasks,
            cap_usd=self.initiative.daily_cap_usd,
            cv_limit=self.cv_limit,
            figures=self.figures,
        )

    @property
    def judgement(self) -> Judgement:
        return judge_stability(self.known)

    def is_final(self, judged: Judged) -> bool:
        return is_final(judged.day.on, today=self.on, lag_days=self.lag_days)


@dataclass(frozen=True, slots=True)
class _Run:
    """A standing before its tasks are counted and its figures worked out."""

    history: History
    on: date
    profile: Profile
    streak: Streak
    final: Run
    window: Sequence[Judged]

    @property
    def days(self) -> Period | None:
        if not self.window:
            return None
        return Period(self.window[0].day.on, self.window[-1].day.on + ONE_DAY)


def baseline_standing(initiative: Initiative, *, on: date, rests: bool) -> BaselineStanding:
    """Return how the baseline of an experiment stands on a day."""
    return baseline_standings([Asked(initiative, on, rests)])[initiative.pk]


def baseline_standings(asked: Sequence[Asked]) -> dict[int, BaselineStanding]:
    """Return the same of many, read in a number of questions that grows with their days alone."""
    histories = histories_of(asked)
    profiles = {on: profile_on(on).profile for on in {each.on for each in asked}}
    runs = [_run(histories[each.initiative.pk], each.on, profiles[each.on]) for each in asked]
    tasks, repriced = _tasks(runs), _repriced(runs)
    return {pk: _standing(run, tasks, repriced.get(pk, {})) for pk, run in _by_key(runs)}


def is_resting(initiatives: Sequence[Initiative]) -> set[int]:
    """Return the keys of those whose evidence says that they are used from Monday to Friday."""
    gates = Gate.objects.filter(
        initiative__in=list(initiatives),
        number=GATE_NUMBER,
        evidence__inputs__contains={SCHEDULE: WORKDAYS},
    )
    return set(gates.values_list("initiative", flat=True))


def _run(history: History, on: date, profile: Profile) -> _Run:
    lag_days = profile.data_lag_days
    streak = history.streak(on=on, lag_days=lag_days)
    final = final_part(streak.current, today=on, lag_days=lag_days)
    # Before thirty days are final, those that are not yet say what is to be expected.
    window = window_of(final if len(final.counted) >= NEEDED_DAYS else streak.current)
    return _Run(history, on, profile, streak, final, window)


def _by_key(runs: Sequence[_Run]) -> Iterator[tuple[int, _Run]]:
    return ((run.history.initiative.pk, run) for run in runs)


def _repriced(runs: Sequence[_Run]) -> dict[int, dict[date, Repriced]]:
    objects = {pk: run.history.initiative.cost_object_id for pk, run in _by_key(runs)}
    return priced_anew(
        {pk: run.window for pk, run in _by_key(runs)},
        {pk: key for pk, key in objects.items() if key is not None},
        zone=company().zone,
    )


def _standing(
    run: _Run, tasks: dict[int, int], repriced: Mapping[date, Repriced]
) -> BaselineStanding:
    counted = [each.day for each in run.window if each.counts]
    return BaselineStanding(
        history=run.history,
        on=run.on,
        lag_days=run.profile.data_lag_days,
        cv_limit=run.profile.cv_limit,
        streak=run.streak,
        final=run.final,
        window=run.window,
        figures=figures_of([(day.on, _rated_usd(day, repriced)) for day in counted]),
        repriced=repriced,
        tasks=tasks.get(run.history.initiative.pk),
    )


def _rated_usd(day: Day, repriced: Mapping[date, Repriced]) -> Decimal:
    """Return what statistics take for a day: its cost at the prices of the window's last day."""
    moved = repriced.get(day.on)
    if moved is not None and moved.to_usd is not None:
        return moved.to_usd
    return day.spent_usd or Decimal(0)


def _own(initiative: Initiative) -> tuple[int, ...]:
    return () if initiative.cost_object_id is None else (initiative.cost_object_id,)


def _tasks(runs: Sequence[_Run]) -> dict[int, int]:
    """Count the tasks that the calls of each window name, in one question for equal windows."""
    works: dict[Period, dict[int, Work]] = defaultdict(dict)
    for run in runs:
        if run.days is not None:
            found = run.history.initiative
            works[run.days][found.pk] = Work(objects=_own(found))
    return {
        pk: costs.tasks
        for days, of_days in works.items()
        for pk, costs in task_costs_of(of_days, period=days).items()
        if costs.tasks
    }
