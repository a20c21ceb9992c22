"""Gates whose measures a test sets, and the steps that lead through them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from budgets.gate_lifecycle import GateAction
from budgets.gates.registry import GATES
from budgets.gates.rule import Ask, GateRule, Gathered, Inputs, Kind, Measures, Signer, Window
from budgets.models import Gate, Initiative
from budgets.operations.gates import Given, take_gate_step
from finops.gates.criteria import Criterion, Judgement, Unit, at_most, judgement
from org.models import Role, User
from org.queries.calendar import reporting_today

PLATFORM = Signer(part="platform", label="Platform", roles=(Role.ENGINEER,))
FINANCE = Signer(part="finance", label="Finance", roles=(Role.FINANCE, Role.CFO))
LIMIT = Decimal(10)


@dataclass
class Ledger:
    """What the gates of a test measure: at most 10 passes, above 20 fails, None is unknown."""

    value: Decimal | None = Decimal(5)
    windows: list[Window] = field(default_factory=list)

    def gather(self, _: Initiative, __: Inputs, window: Window | None, at: datetime) -> Gathered:
        days = window or {"until": reporting_today(at).isoformat()}
        self.windows.append(days)
        return Gathered(
            window=days,
            query="SELECT value",
            measures={"value": None if self.value is None else str(self.value)},
            data_status={},
        )


def judge(measures: Measures) -> Judgement:
    value = None if measures["value"] is None else Decimal(measures["value"])
    return judgement(
        [
            criterion("value", "The value", value, LIMIT, "Lower the value to 10."),
            criterion("ceiling", "The ceiling", value, LIMIT * 2, "Above 20 it fails."),
        ],
        failing={"ceiling"},
    )


def criterion(code: str, label: str, value: Decimal | None, limit: Decimal, says: str) -> Criterion:
    return Criterion(
        code=code,
        label=label,
        measured=value,
        limit=limit,
        unit=Unit.COUNT,
        verdict=at_most(value, limit),
        says=says,
    )


def some_gate(number: int, ledger: Ledger, **changes: Any) -> GateRule:
    """Return a gate that an engineer and finance sign together."""
    values: dict[str, Any] = {
        "number": number,
        "name": "Some gate",
        "question": "Does the value hold?",
        "gather": ledger.gather,
        "judge": judge,
        "signers": lambda _: (PLATFORM, FINANCE),
        "asks": (Ask(name="note", label="Note", kind=Kind.TEXT, required=False),),
        "reapply_days": 14,
        "ends_on_change": number in (2, 3),
    }
    return GateRule(**(values | changes))


@contextmanager
def gates(
    ledger: Ledger,
    numbers: Sequence[int] = (1, 2, 3),
    *,
    real: Sequence[int] = (),
    **changes: Any,
) -> Iterator[None]:
    """Let these be the gates there are, the `real` ones as they are."""
    before = dict(GATES)
    GATES.clear()
    GATES.update({number: some_gate(number, ledger, **changes) for number in numbers})
    GATES.update({number: before[number] for number in real})
    try:
        yield
    finally:
        GATES.clear()
        GATES.update(before)


def gate_of(initiative: Initiative, number: int = 1) -> Gate:
    """Return the gate as it is now, or as it is before it started."""
    found = Gate.objects.filter(initiative=initiative, number=number).first()
    return found or Gate(initiative=initiative, number=number)


def gate_step(
    initiative: Initiative,
    action: str,
    *,
    by: User,
    at: datetime,
    number: int = 1,
    version: int | None = None,
    **given: Any,
) -> Gate:
    """Take a step on the version as it is now, unless another one is said."""
    current = gate_of(initiative, number).version
    return take_gate_step(
        initiative_id=initiative.pk,
        number=number,
        action=GateAction(action),
        by=by,
        version=current if version is None else version,
        at=at,
        given=Given(**given),
    )


def reviewed(initiative: Initiative, *, by: User, at: datetime, number: int = 1) -> Gate:
    """Gather evidence and submit it."""
    gate_step(initiative, "gather", by=by, at=at, number=number)
    return gate_step(initiative, "submit", by=by, at=at, number=number)


def passed(
    initiative: Initiative,
    *,
    by: User,
    signers: Sequence[User],
    at: datetime,
    number: int = 1,
) -> Gate:
    """Lead a gate to its pass."""
    gate = reviewed(initiative, by=by, at=at, number=number)
    for signer in signers:
        gate = gate_step(initiative, "sign", by=signer, at=at, number=number)
    return gate
