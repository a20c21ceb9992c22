"""Gate 4: the stability baseline, out of thirty days of the ledger and what happened on them."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from budgets.gates.rule import (
    Ask,
    GateRule,
    Gathered,
    Inputs,
    Kind,
    Measures,
    Signer,
    Window,
    number_in,
    text_of,
)
from budgets.models import Initiative
from budgets.queries.baseline import streak_at
from finops.gates.criteria import Judgement
from finops.gates.stability import Baseline, judge_stability
from finops.periods import ONE_DAY, Period
from finops.stability.days import Judged
from finops.stability.figures import Figures, figures_of
from finops.stability.streak import NEEDED_DAYS, Run, Streak, final_part, window_of
from ingestion.queries.tasks import tasks_in
from ingestion.queries.work import Work
from org.models import Role
from org.queries.calendar import reporting_today
from org.queries.profile import profile_on

NUMBER = 4
SCHEDULE, EVERY_DAY, WORKDAYS = "schedule", "every_day", "workdays"
QUERY = (
    "Unit days of the cost object, metered, by reporting day; its hard daily caps as they stood;"
    " the steps of its breaker and of those above; the passes of gates 1 to 3; changes of the"
    " prices of the models it used; distinct tasks named by its calls."
)


def _gather(
    initiative: Initiative, inputs: Inputs, window: Window | None, at: datetime
) -> Gathered:
    days = window or {"until": reporting_today(at).isoformat()}
    until = date.fromisoformat(days["until"])
    profile = profile_on(until).profile
    lag_days, rests = profile.data_lag_days, inputs.get(SCHEDULE) == WORKDAYS
    streak = streak_at(initiative, on=until, lag_days=lag_days, rests=rests)
    final = final_part(streak.current, today=until, lag_days=lag_days)
    # Before thirty days are final, those that are not yet say what is to be expected.
    judged = window_of(final if len(final.counted) >= NEEDED_DAYS else streak.current)
    return Gathered(
        window=days,
        query=QUERY,
        measures={
            **_run(streak, final, judged),
            **_figures(judged),
            "tasks": _tasks(initiative, judged),
            "cap_usd": text_of(initiative.daily_cap_usd),
            "cv_limit": text_of(profile.cv_limit),
        },
        data_status={"days": len(streak.judged)},
    )


def _run(streak: Streak, final: Run, window: Sequence[Judged]) -> dict[str, Any]:
    counted = [each for each in window if each.counts]
    return {
        "length": streak.length,
        "paused_days": len(window) - len(counted),
        "final_days": len(final.counted),
        "is_frozen": streak.is_frozen,
        "earliest_pass": streak.earliest_pass.isoformat(),
        "active_days": sum(1 for each in counted if each.day.calls),
        "from": counted[0].day.on.isoformat() if counted else None,
        "until": (counted[-1].day.on + ONE_DAY).isoformat() if counted else None,
        "days": [_day(each) for each in streak.judged],
    }


def _day(judged: Judged) -> dict[str, Any]:
    return {
        "on": judged.day.on.isoformat(),
        "usd": text_of(judged.day.spent_usd),
        "cap_usd": text_of(judged.day.cap_usd),
        "effect": judged.effect.value,
        "rule": judged.rule.value,
        "says": judged.says,
    }


def _figures(window: Sequence[Judged]) -> dict[str, Any]:
    counted = [each.day for each in window if each.counts]
    found = figures_of([(day.on, day.spent_usd or Decimal(0)) for day in counted])
    if found is None:
        return {"figures": None}
    names = Figures.__slots__
    return {"figures": {name: _written(getattr(found, name)) for name in names}}


def _written(value: Decimal | int | None) -> str | int | None:
    return text_of(value) if isinstance(value, Decimal) else value


def _tasks(initiative: Initiative, window: Sequence[Judged]) -> int | None:
    """Count the tasks of the window; None where no call names one."""
    if not window or initiative.cost_object_id is None:
        return None
    days = Period(window[0].day.on, window[-1].day.on + ONE_DAY)
    work = Work(workflows=(), cost_object_id=initiative.cost_object_id)
    return tasks_in(work, period=days) or None


def _judge(measures: Measures) -> Judgement:
    return judge_stability(
        Baseline(
            length=measures["length"],
            paused_days=measures["paused_days"],
            final_days=measures["final_days"],
            is_frozen=measures["is_frozen"],
            earliest_pass=date.fromisoformat(measures["earliest_pass"]),
            active_days=measures["active_days"],
            tasks=measures["tasks"],
            cap_usd=Decimal(measures["cap_usd"]),
            cv_limit=Decimal(measures["cv_limit"]),
            figures=_read_figures(measures["figures"]),
        )
    )


def _read_figures(written: Measures | None) -> Figures | None:
    if written is None:
        return None
    values: dict[str, Any] = {
        name: value if isinstance(value, int) else number_in(value)
        for name, value in written.items()
    }
    return Figures(**values)


def _signers(_: Inputs) -> Sequence[Signer]:
    # The ledger decides; finance says that it has seen what it decided on.
    return (Signer(part="finance", label="Finance", roles=(Role.FINANCE, Role.CFO)),)


GATE = GateRule(
    number=NUMBER,
    name="Stability baseline",
    question="Has it run for thirty days in a row at a rate that a plan may rest on?",
    gather=_gather,
    judge=_judge,
    signers=_signers,
    asks=(
        Ask(
            name=SCHEDULE,
            label="When it is used",
            kind=Kind.CHOICE,
            hint="A day without use counts only where the schedule says that it is off.",
            required=False,
            choices=lambda _: ((EVERY_DAY, "Every day"), (WORKDAYS, "Monday to Friday")),
        ),
    ),
    recheck_days=30,
    ends_on_change=True,
)
