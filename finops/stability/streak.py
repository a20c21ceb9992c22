"""The run of days that count: where it began, how long it is, when it can pass at the earliest.

Thirty days in a row, of which none is broken; a paused day neither counts nor breaks, two of
them at most. A day is final once its late data have had their time.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

from finops.periods import ONE_DAY
from finops.stability.days import Day, Effect, Judged, Rule, judge_day

NEEDED_DAYS = 30
MOST_PAUSED = 2
LATE_DAYS = 7  # so long a paused day may be filled in
FREEZING_BREACHES = 2
BREACHES = frozenset({Rule.OVER_CAP, Rule.OVER_ALLOCATION})


@dataclass(frozen=True, slots=True)
class Run:
    """Days in a row that were not broken; `ended_by` is the day that broke them."""

    days: Sequence[Judged]
    ended_by: Judged | None = None

    @property
    def counted(self) -> list[Judged]:
        return [each for each in self.days if each.counts]


@dataclass(frozen=True, slots=True)
class Streak:
    """Every run of an experiment, and where the present one stands.

    `is_frozen` says that its cap was broken a second time: somebody has to look before days
    count again. `earliest_pass` is the day on which the run can be complete and final.
    """

    judged: Sequence[Judged]
    runs: Sequence[Run]
    is_frozen: bool
    earliest_pass: date

    @property
    def current(self) -> Run:
        return self.runs[-1]

    @property
    def length(self) -> int:
        return len(self.current.counted)


def streak_of(
    days: Iterable[Day], *, today: date, lag_days: int, lifts: Collection[date] = ()
) -> Streak:
    """Return the runs of days given in order without gaps; days from `today` on are not over.

    `lifts` are the days on which somebody lifted a freeze: breaches before them are forgiven,
    not forgotten. Raises ValueError where days are missing or out of order.
    """
    judged, is_frozen = _with_freezes(
        [judge_day(day) for day in _over(days, today=today)], lifts=lifts, today=today
    )
    runs: list[Run] = []
    open_days: list[Judged] = []
    kept: list[Judged] = []
    for one in judged:
        this = _settled(one, open_days, today=today)
        kept.append(this)
        if this.effect == Effect.RESTARTS:
            runs.append(Run(open_days, ended_by=this))
            open_days = []
        else:
            open_days.append(this)
    runs.append(Run(open_days))
    return Streak(
        judged=kept,
        runs=runs,
        is_frozen=is_frozen,
        earliest_pass=_earliest_pass(runs[-1], today=today, lag_days=lag_days),
    )


def is_final(day: date, *, today: date, lag_days: int) -> bool:
    """Test whether a day's late data have had their time: it is final at D + lag."""
    return today >= day + timedelta(days=lag_days)


def final_part(run: Run, *, today: date, lag_days: int) -> Run:
    """Return the run as far as its days are final."""
    return Run([day for day in run.days if is_final(day.day.on, today=today, lag_days=lag_days)])


def window_of(run: Run) -> Sequence[Judged]:
    """Return the last thirty days that count, with the paused ones between them."""
    return _since_thirty_counted(run.days)


def _since_thirty_counted(days: Sequence[Judged]) -> list[Judged]:
    counted = [each for each in days if each.counts][-NEEDED_DAYS:]
    if len(counted) < NEEDED_DAYS:
        return list(days)
    return [each for each in days if each.day.on >= counted[0].day.on]


def _over(days: Iterable[Day], *, today: date) -> list[Day]:
    known = [day for day in days if day.on < today]
    for before, after in pairwise(known):
        if after.on != before.on + ONE_DAY:
            raise ValueError(f"After {before.on} comes {after.on}: a day is missing.")
    return known


def _settled(one: Judged, run: Sequence[Judged], *, today: date) -> Judged:
    """Break the run on a pause that is one too many, or that nobody filled in in time."""
    if one.effect != Effect.PAUSES:
        return one
    recent = _since_thirty_counted(run)
    if sum(1 for each in recent if each.effect == Effect.PAUSES) >= MOST_PAUSED:
        words = f"{one.says} It is the third paused day of the run; {MOST_PAUSED} are allowed."
        return replace(one, effect=Effect.RESTARTS, rule=Rule.PAUSED_TOO_OFTEN, says=words)
    if one.rule == Rule.NOT_COMPLETE and today > one.day.on + timedelta(days=LATE_DAYS):
        words = f"{one.says} Nothing more came within {LATE_DAYS} days."
        return replace(one, effect=Effect.RESTARTS, rule=Rule.NOT_FILLED_IN, says=words)
    return one


def _with_freezes(
    judged: Iterable[Judged], *, lifts: Collection[date], today: date
) -> tuple[list[Judged], bool]:
    """Let no day count from the second breach until the freeze is lifted; say if it is not."""
    found: list[Judged] = []
    breaches = 0
    for each in judged:
        if each.day.on in lifts:
            breaches = 0
        found.append(_frozen(each) if breaches >= FREEZING_BREACHES else each)
        breaches += each.rule in BREACHES
    return found, breaches >= FREEZING_BREACHES and today not in lifts


def _frozen(one: Judged) -> Judged:
    if one.effect == Effect.RESTARTS:
        return one
    words = "Frozen by a second breach: nobody has said yet what is done about it."
    return replace(one, effect=Effect.RESTARTS, rule=Rule.FROZEN, says=words)


def _earliest_pass(run: Run, *, today: date, lag_days: int) -> date:
    """Return when thirty days can be complete and final, if each day from today on counts."""
    counted = run.counted
    if len(counted) >= NEEDED_DAYS:
        last = counted[NEEDED_DAYS - 1].day.on
    else:
        last = today + ONE_DAY * (NEEDED_DAYS - len(counted) - 1)
    return last + ONE_DAY * max(lag_days, 1)  # a day is over when the next one begins
