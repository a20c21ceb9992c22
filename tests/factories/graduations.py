"""An experiment that proved itself, as domain's worked journal has it: $412.50 a day, 1 August.

Eight weeks of calls are pushed; gates 1 to 3 measure what passes, gates 4 and 5 the ledger.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from budgets.gates import worth
from budgets.gates.registry import GATES
from budgets.models import Budget, Initiative
from finops.periods import ONE_DAY
from ingestion.models import OutcomeDefinition
from ingestion.operations.outcomes import record_outcomes
from ingestion.operations.push import receive_records
from org.models import Role, User
from tests.factories.budgets import granted_budget, running
from tests.factories.gates import Ledger, gate_step, gates, passed, some_gate
from tests.factories.org import new_user
from tests.factories.outcomes import defined
from tests.org_cast import Cast

STARTED = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
SIGNED = datetime(2026, 7, 31, 10, 0, tzinfo=UTC)
LEVEL_FROM, LEVEL_UNTIL = date(2026, 6, 27), date(2026, 7, 27)
LEVEL, BEFORE = Decimal("412.50"), Decimal("373.50")
TASKS_A_DAY = 8
WORKFLOW = "support-drafter"


@dataclass(frozen=True)
class Proven:
    """The experiment, its budget, and the people who sign: `head` is of Support."""

    initiative: Initiative
    budget: Budget
    definition: OutcomeDefinition
    erin: User
    head: User


@contextmanager
def graduation_gates() -> Iterator[Ledger]:
    """Let gates 1 to 3 measure what the test puts into the ledger, 4 and 5 the real one."""
    ledger = Ledger(Decimal(5))
    with gates(ledger, real=(4, 5)):
        GATES[1] = some_gate(1, ledger, asks=worth.GATE.asks)
        yield ledger


def proven(cast: Cast, *, shared: Mapping[str, Any] | None = None, **budget: Any) -> Proven:
    """Return the experiment on 31 July: thirty final days at one level, gate 4 passed."""
    erin = new_user(username="erin", person__name="Erin", roles=[Role.ENGINEER])
    head = new_user(username="hugo", person__name="Hugo")
    head.memberships.create(role=Role.GM, unit=cast.support)
    amounts = {"core": "100000.00", "pool": "40000.00", "reserve": "60000.00"} | budget
    granted = granted_budget(cast, at=STARTED, **amounts)
    initiative = running(
        cast,
        at=STARTED,
        cap_usd=Decimal("30000.00"),
        daily_cap_usd=Decimal("600.00"),
        starts_on=STARTED.date(),
        ends_on=date(2026, 8, 30),
    )
    definition = defined(
        cast,
        at=STARTED,
        minutes_saved=Decimal(300),
        minutes_basis="timed",
        loaded_usd_per_hour=Decimal(60),
        review_usd=Decimal(0),
        rework_usd=Decimal(0),
        platform_usd_per_month=Decimal(0),
    )
    pass_first_gates(cast, initiative, definition, erin)
    spent = {day: usd_on(day) for day in days(STARTED.date(), SIGNED.date())}
    use(cast, spent, shared=shared)
    tell(cast, days(STARTED.date(), SIGNED.date()))
    elsewhere(cast, SIGNED.date())
    _pass_baseline(cast, initiative)
    return Proven(initiative, granted, definition, erin, head)


def second_proven(cast: Cast, first: Proven) -> Proven:
    """Return another experiment of Support that proved itself beside the first."""
    name, workflow = "Letter writer", "letters"
    initiative = running(
        cast,
        at=STARTED,
        name=name,
        match=[{"workflow": workflow}],
        cap_usd=Decimal("10000.00"),
        daily_cap_usd=Decimal("600.00"),
        starts_on=STARTED.date(),
        ends_on=date(2026, 8, 30),
    )
    definition = defined(
        cast,
        at=STARTED,
        name="Letter written",
        workflows=[workflow],
        minutes_saved=Decimal(300),
        minutes_basis="timed",
        loaded_usd_per_hour=Decimal(60),
        review_usd=Decimal(0),
        rework_usd=Decimal(0),
        platform_usd_per_month=Decimal(0),
    )
    pass_first_gates(cast, initiative, definition, first.erin)
    every_day = days(STARTED.date(), SIGNED.date())
    use(cast, dict.fromkeys(every_day, Decimal(120)), workflow=workflow)
    tell(cast, every_day, workflow=workflow)
    _pass_baseline(cast, initiative)
    return Proven(initiative, first.budget, definition, first.erin, first.head)


def pass_first_gates(
    cast: Cast,
    initiative: Initiative,
    definition: OutcomeDefinition,
    erin: User,
    *,
    at: datetime = STARTED,
) -> None:
    """Let gates 1 to 3 pass, signed by Erin and Fiona."""
    inputs = {"definition": definition.slug, "pricing": "piece"}
    gate_step(initiative, "gather", by=cast.grace, at=at, number=1, inputs=inputs)
    gate_step(initiative, "submit", by=cast.grace, at=at, number=1)
    for signer in (erin, cast.fiona):
        gate_step(initiative, "sign", by=signer, at=at, number=1)
    for number in (2, 3):
        passed(initiative, by=cast.grace, signers=[erin, cast.fiona], at=at, number=number)


def _pass_baseline(cast: Cast, initiative: Initiative) -> None:
    for action, by in (("gather", cast.ed), ("submit", cast.ed), ("sign", cast.fiona)):
        gate_step(initiative, action, by=by, at=SIGNED, number=4)


def usd_on(day: date) -> Decimal:
    return LEVEL if LEVEL_FROM <= day < LEVEL_UNTIL else BEFORE


def days(first: date, until: date) -> list[date]:
    return [first + ONE_DAY * number for number in range((until - first).days)]


def use(
    cast: Cast,
    spent: Mapping[date, Decimal],
    *,
    workflow: str = WORKFLOW,
    shared: Mapping[str, Any] | None = None,
    **more: Any,
) -> None:
    """Push what days cost, each as calls for tasks of their own; each fourth is as `shared`."""
    records = [
        {
            "id": f"{workflow}-{day}-{usd}-{number}-{more}",
            "started_at": datetime.combine(day, time(12), UTC).isoformat(),
            "provider": "openai",
            "model": "gpt-4o",
            "workflow": workflow,
            "task": f"ticket-{day}-{number}",
            "tokens": {"in_text": 100, "out_text": 10},
            "cost_usd": f"{usd / TASKS_A_DAY:f}",
            **more,
            **((shared or {}) if number % 4 == 0 else {}),
        }
        for day, usd in spent.items()
        for number in range(TASKS_A_DAY)
    ]
    at = datetime.combine(max(spent), time(23), UTC)
    receive_records(records=records, by=cast.ed, at=at)


def elsewhere(cast: Cast, day: date) -> None:
    """Let the provider tell of a day, so that those before it are whole."""
    use(cast, {day: Decimal(8)}, workflow="elsewhere")


def tell(cast: Cast, on: list[date], *, workflow: str = WORKFLOW) -> None:
    """Tell of a good result for each task."""
    records = [
        {
            "id": f"{workflow}-{day}-{number}",
            "workflow": workflow,
            "task": f"ticket-{day}-{number}",
            "at": datetime.combine(day, time(13), UTC).isoformat(),
            "outcome": "success",
        }
        for day in on
        for number in range(TASKS_A_DAY)
    ]
    record_outcomes(records=records, by=cast.ed, at=datetime.combine(max(on), time(23), UTC))


def proposed(found: Proven, *, by: User, at: datetime = SIGNED, **inputs: str) -> None:
    """Gather gate 5 and submit it."""
    gate_step(found.initiative, "gather", by=by, at=at, number=5, inputs=inputs)
    gate_step(found.initiative, "submit", by=by, at=at, number=5)


def graduated(cast: Cast, found: Proven, *, at: datetime = SIGNED, **inputs: str) -> Initiative:
    """Propose as Ed, and let the CFO and the head sign."""
    proposed(found, by=cast.ed, at=at, **inputs)
    gate_step(found.initiative, "sign", by=cast.carl, at=at, number=5, part="finance")
    gate_step(found.initiative, "sign", by=found.head, at=at + timedelta(minutes=5), number=5)
    return Initiative.objects.get(pk=found.initiative.pk)
