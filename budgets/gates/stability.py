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
from budgets.queries.baseline_standing import (
    EVERY_DAY,
    GATE_NUMBER,
    SCHEDULE,
    WORKDAYS,
    BaselineStanding,
    baseline_standing,
)
from finops.gates.criteria import Judgement
from finops.gates.stability import Baseline, judge_stability
from finops.periods import ONE_DAY
from finops.stability.days import Judged
from finops.stability.figures import Figures
from ingestion.queries.repriced_days import Repriced
from org.models import Role
from org.queries.calendar import reporting_today

NUMBER = GATE_NUMBER
QUERY = (
    "Unit days of the cost object, metered, by reporting day; its hard daily caps as they stood;"
    " the steps of its breaker and of those above; the passes of gates 1 to 3; changes of the"
    " prices of the models it used; what people noted on its days; distinct tasks named by its"
    " calls."
)


def _gather(
    initiative: Initiative, inputs: Inputs, window: Window | None, at: datetime
) -> Gathered:
    days = window or {"until": reporting_today(at).isoformat()}
    until, rests = date.fromisoformat(days["until"]), inputs.get(SCHEDULE) == WORKDAYS
    standing = baseline_standing(initiative, on=until, rests=rests)
    return Gathered(
        window=days,
        query=QUERY,
        measures=measures_of(standing),
        data_status={"days": len(standing.streak.judged)},
    )


def _first_of(standing: BaselineStanding) -> str | None:
    counted = [each.day.on for each in standing.window if each.counts]
    return counted[0].isoformat() if counted else None


def _last_of(standing: BaselineStanding) -> str | None:
    """Return the day after the last that counts."""
    counted = [each.day.on for each in standing.window if each.counts]
    return (counted[-1] + ONE_DAY).isoformat() if counted else None


def measures_of(standing: BaselineStanding) -> dict[str, Any]:
    """Return what evidence keeps of a baseline."""
    known = standing.known
    return {
        "length": known.length,
        "paused_days": known.paused_days,
        "final_days": known.final_days,
        "is_frozen": known.is_frozen,
        "earliest_pass": known.earliest_pass.isoformat(),
        "active_days": known.active_days,
        "from": _first_of(standing),
        "until": _last_of(standing),
        "days": [_day(each) for each in standing.streak.judged],
        "figures": _figures(known.figures),
        "repriced": [_repriced(on, moved) for on, moved in sorted(standing.repriced.items())],
        "tasks": known.tasks,
        "cap_usd": text_of(known.cap_usd),
        "cv_limit": text_of(known.cv_limit),
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


def _repriced(on: date, moved: Repriced) -> dict[str, Any]:
    """Return a day at the prices of the window's last one; null where it keeps its own cost."""
    return {
        "on": on.isoformat(),
        "from_usd": text_of(moved.from_usd),
        "to_usd": text_of(moved.to_usd),
        "models": list(moved.models),
    }


def _figures(found: Figures | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {name: _written(getattr(found, name)) for name in Figures.__slots__}


def _written(value: Decimal | int | None) -> str | int | None:
    return text_of(value) if isinstance(value, Decimal) else value


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
