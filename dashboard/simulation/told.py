"""What is told of a life: a sentence a day, and in the end what stands in the books."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from budgets.gate_lifecycle import GateState
from budgets.lifecycle import IN_CORE, InitiativeState
from budgets.models import Gate, GateStep, Initiative, InitiativeStep, Posting
from budgets.queries.ledger import pool_left_usd
from dashboard.proofs import PROOFS
from dashboard.simulation.life import PLAN
from dashboard.simulation.stage import Stage
from dashboard.simulation.streaks import streak_on
from finops.periods import ONE_DAY, Period
from finops.stability.days import Effect, Rule
from ingestion.models import UnitDay
from ingestion.queries.spend import spent
from org.models import Company
from org.queries.calendar import fiscal_year_containing
from org.templatetags.figures import usd

GATES = (1, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a life stands at the end of a day."""

    day: int
    state: str
    gates: dict[int, str]
    valid_days: int
    is_frozen: bool
    pool_usd: Decimal
    journals_usd: Decimal
    fingerprint: str

    def as_json(self) -> dict[str, Any]:
        return {
            "day": self.day,
            "state": self.state,
            "gates": {str(number): state for number, state in self.gates.items()},
            "valid_days": self.valid_days,
            "is_frozen": self.is_frozen,
            "pool_usd": f"{self.pool_usd:.2f}",
            "journals_usd": f"{self.journals_usd:.2f}",
            "fingerprint": self.fingerprint,
        }


def sentence_of(stage: Stage, day: int) -> str:
    """Say how a day went."""
    on = stage.date_of(day)
    found = stage.initiative()
    begins = f"Day {day}, {on.day} {on:%B}:"
    if found is None:
        return f"{begins} the company is founded; nobody has asked for anything."
    used_usd = spent(period=Period(on, on + ONE_DAY), cost_object=found.cost_object).usd
    if found.cost_object is None:
        return f"{begins} {found} is {found.get_state_display().lower()}."
    spent_usd = f"{begins} {usd(used_usd)} of {usd(found.daily_cap_usd)};"
    if found.state in (InitiativeState.GRADUATING, *IN_CORE):
        return f"{spent_usd} {_in_core(found)}."
    return f"{spent_usd} {_run(found, stage, day)}; {_gates_in_words(_gates(found))}."


def _in_core(found: Initiative) -> str:
    graduation = found.graduations.order_by("number").last()
    if graduation is None:
        raise LookupError(f"{found} is {found.state} without a graduation.")
    first = f"{graduation.starts_on.day} {graduation.starts_on:%B}"
    rate = f"signed at {usd(graduation.run_rate_usd)} a day"
    if found.state == InitiativeState.GRADUATING:
        return f"core from {first}, {rate}"
    probation = ", on probation" if found.state == InitiativeState.PROBATION else ""
    return f"in core since {first}, {rate}{probation}"


def standing(stage: Stage, day: int) -> Standing:
    """Return where the life stands after a day."""
    found = stage.initiative()
    streak = streak_on(found, stage.date_of(day) + ONE_DAY) if found is not None else None
    unit = stage.cast.units.get(PLAN.unit)
    year = fiscal_year_containing(stage.date_of(day)) if Company.objects.exists() else 0
    return Standing(
        day=day,
        state=found.state if found is not None else "",
        gates=_gates(found) if found is not None else {},
        valid_days=streak.length if streak else 0,
        is_frozen=streak.is_frozen if streak else False,
        pool_usd=pool_left_usd(unit=unit, fiscal_year=year) if unit else Decimal(0),
        journals_usd=Posting.objects.aggregate(sum=Sum("amount_usd", default=Decimal(0)))["sum"],
        fingerprint=fingerprint(),
    )


def summary_of(found: Standing, *, off: Iterable[str]) -> list[str]:
    """Say where a life stands, and whether the books hold."""
    wrong = list(off)
    gates = ", ".join(f"{number} {state}" for number, state in found.gates.items()) or "none"
    run = f"{found.valid_days} valid days in a row{', frozen' if found.is_frozen else ''}"
    return [
        f"After day {found.day} it is in state “{found.state}”; gates: {gates}; {run}.",
        f"The pool has {usd(found.pool_usd)} left; all journals sum to {found.journals_usd:.2f}.",
        "verify: every proof holds." if not wrong else f"verify: {' '.join(wrong)}",
        f"Fingerprint of its ledger: {found.fingerprint[:16]}.",
    ]


def off_proofs() -> list[str]:
    """Return what does not hold, as `manage.py verify` would say it."""
    return [f"{name}: {off}" for name, proof in PROOFS if (off := proof()) is not None]


def fingerprint() -> str:
    """Return the SHA-256 over unit days, journals and steps: two same lives have the same."""
    days = UnitDay.objects.values_list(
        "reporting_day", "unit__slug", "cost_object__name", "provider", "model", "status",
        "metered", "calls", "in_tokens", "out_tokens", "cost_usd", "list_usd",
    )  # fmt: skip
    postings = Posting.objects.values_list(
        "journal__kind", "journal__memo", "journal__at", "account__kind", "account__unit__slug",
        "account__initiative__slug", "account__fiscal_year", "amount_usd",
    )  # fmt: skip
    gates = GateStep.objects.values_list(
        "gate__initiative__slug", "gate__number", "at", "action", "to_state", "by__username",
        "reason",
    )  # fmt: skip
    steps = InitiativeStep.objects.values_list(
        "initiative__slug", "at", "action", "to_state", "by__username", "reason"
    )
    rows = [sorted(map(_written, table)) for table in (days, postings, gates, steps)]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def _written(row: tuple[Any, ...]) -> list[str]:
    return [str(value) for value in row]


def _run(found: Initiative, stage: Stage, day: int) -> str:
    """Say how many days count, and why this one does not."""
    streak = streak_on(found, stage.date_of(day) + ONE_DAY)
    if not streak.judged or streak.judged[-1].rule == Rule.GATE_NOT_PASSED:
        return "no day counts yet"
    last, many = streak.judged[-1], f"{streak.length} valid days in a row"
    if streak.length == 1:
        many = "1 valid day"
    if last.effect == Effect.RESTARTS:
        return f"the run begins anew ({_first_clause(last.says)})"
    paused = f" (paused: {last.says.rstrip('.')})" if last.effect == Effect.PAUSES else ""
    return f"{many}{paused}{', frozen' if streak.is_frozen else ''}"


def _first_clause(says: str) -> str:
    """Return what a sentence says before it goes into detail."""
    return says.partition(":")[0].rstrip(".")


def _gates(found: Initiative) -> dict[int, str]:
    states = dict(Gate.objects.filter(initiative=found).values_list("number", "state"))
    return {number: states.get(number, GateState.NOT_STARTED) for number in GATES}


def _gates_in_words(states: dict[int, str]) -> str:
    for number, state in states.items():
        if state == GateState.NOT_STARTED:
            return f"gate {number} waits"
        if state != GateState.PASSED:
            return f"gate {number} is {GateState(state).label.lower()}"
    return f"gates {GATES[0]} to {GATES[-1]} are passed"
