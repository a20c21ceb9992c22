"""Baselines as tests need them: an experiment whose first gates were passed, and its days."""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from budgets.models import Initiative
from finops.periods import ONE_DAY
from ingestion.operations.push import receive_records
from org.models import Role, User
from tests.factories.budgets import granted_budget, running, spend
from tests.factories.gates import Ledger, gate_of, gate_step, gates, passed
from tests.factories.org import new_user
from tests.org_cast import Cast

TASKS_A_DAY = 8


def gated(cast: Cast, *, at: datetime, **changes: Any) -> Initiative:
    """Return an experiment that Grace asked for, whose gates 1 to 3 were passed at the moment."""
    granted_budget(cast, at=at)
    engineer = new_user(username="iris", person__name="Iris", roles=[Role.ENGINEER])
    with gates(Ledger(Decimal(5)), real=(4,)):
        found = running(
            cast,
            at=at,
            **{"cap_usd": Decimal("400.00"), "ends_on": date(2027, 1, 19)} | changes,
        )
        for number in (1, 2, 3):
            passed(found, by=cast.grace, signers=[engineer, cast.fiona], at=at, number=number)
    return found


def booked(
    initiative: Initiative, amounts: Sequence[str | None], *, since: date, calls: int = TASKS_A_DAY
) -> date:
    """Book one amount a day as the rollups would, None for a day without use; return the day after.

    Somebody else's use of that day lets the ledger reach beyond it.
    """
    for place, usd in enumerate(amounts):
        if usd is not None:
            day = since + ONE_DAY * place
            spend(initiative.unit, day, usd, cost_object=initiative.cost_object, calls=calls)
    after = since + ONE_DAY * len(amounts)
    spend(initiative.unit, after, "1.00")
    return after


def use(cast: Cast, day: date, *, usd: str = "5.00") -> None:
    """Push a day's calls, each for a task of its own."""
    push(cast, calls_of(day, usd=usd), on=day)


def use_for(cast: Cast, days: int, *, since: datetime, but: Collection[int] = ()) -> datetime:
    """Use it day after day, and let the provider tell of the next one; return the day after."""
    used = [since.date() + ONE_DAY * number for number in range(days) if number not in but]
    after = since.date() + ONE_DAY * days
    calls = [call for day in used for call in calls_of(day)]
    push(cast, [*calls, *calls_of(after, usd="1.00", workflow="elsewhere")], on=after)
    return since + ONE_DAY * days


def calls_of(
    day: date, *, usd: str = "5.00", workflow: str = "support-drafter"
) -> list[dict[str, Any]]:
    each = Decimal(usd) / TASKS_A_DAY
    return [
        {
            "id": f"{workflow}-{day}-{usd}-{number}",
            "started_at": datetime.combine(day, time(12), UTC).isoformat(),
            "provider": "openai",
            "model": "gpt-4o",
            "workflow": workflow,
            "task": f"ticket-{day}-{number}",
            "tokens": {"in_text": 100, "out_text": 10},
            "cost_usd": f"{each:f}",
        }
        for number in range(TASKS_A_DAY)
    ]


def push(cast: Cast, calls: list[dict[str, Any]], *, on: date) -> None:
    receive_records(records=calls, by=cast.ed, at=datetime.combine(on, time(18), UTC))


def measured(initiative: Initiative, *, by: User, at: datetime, **inputs: str) -> dict[str, Any]:
    """Gather evidence of gate 4 and return what it holds."""
    gate_step(initiative, "gather", by=by, at=at, number=4, inputs=inputs)
    evidence = gate_of(initiative, 4).evidence
    assert evidence is not None
    return {**evidence.measures, "reasons": evidence.reasons, "outcome": evidence.outcome}


def rules(found: dict[str, Any]) -> list[str]:
    return [day["rule"] for day in found["days"]]


def passed_baseline(cast: Cast, initiative: Initiative, *, since: datetime) -> datetime:
    """Use it for 35 days and let gate 4 pass; return the moment at which it did."""
    later = use_for(cast, 35, since=since)
    gate_step(initiative, "gather", by=cast.grace, at=later, number=4)
    gate_step(initiative, "submit", by=cast.grace, at=later, number=4)
    gate_step(initiative, "sign", by=cast.carl, at=later, number=4)
    assert gate_of(initiative, 4).state == "passed"
    return later
