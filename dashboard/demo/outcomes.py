"""What the work achieved: outcomes told by systems, months counted by hand, and revenue."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from dashboard.demo.calls import Volume, calls_on, seeded
from dashboard.demo.cast import Cast
from dashboard.demo.company import manager_of
from dashboard.demo.history import History, Scene
from finops.periods import ONE_DAY, Period
from ingestion.models import OutcomeTerms
from ingestion.operations.definitions import Terms, define_outcome
from ingestion.operations.metrics import FIGURES, record_figures
from ingestion.operations.outcomes import record_outcomes
from ingestion.wire import MAX_RECORDS
from org.models import FiscalPeriod

QUOTES = "broker-quotes"
DECIDED_AFTER = timedelta(minutes=35)
DEFINED_AFTER_DAYS = 5
FIGURES_AFTER_DAYS = 3  # a month's figures are known so long after it


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """One definition of the story: whose it is, and how its tasks end.

    Without `fates` nothing is told of its tasks; `by_hand` they are counted month by month.
    """

    unit: str
    workflow: str
    terms: dict[str, Any]
    fates: tuple[tuple[str, float], ...] = ()
    by_hand: bool = False
    value_usd: Decimal | None = None


class Month(NamedTuple):
    """Revenue and other costs of a month, for the volume that the reference story has."""

    revenue_usd: Decimal
    other_usd: Decimal


SOLD = Month(Decimal(96_000), Decimal(45_000))  # below the margin floor, while it is new
PEOPLE = {"support": (Decimal(42), Decimal(198_000)), "claims": (Decimal(61), Decimal(331_000))}
COUNTED = (
    Counted(
        unit="support", workflow="support-drafter",
        terms={
            "name": "Ticket answered", "unit_of_work": "ticket", "source": "Helpdesk",
            "success": "The customer does not write again within seven days.",
            "minutes_saved": Decimal(4), "minutes_basis": OutcomeTerms.Basis.TIMED,
            "loaded_usd_per_hour": Decimal(32), "review_usd": Decimal("0.27"),
            "rework_usd": Decimal("6.50"), "platform_usd_per_month": Decimal(800),
        },
        fates=(("success", 0.82), ("escalated", 0.13), ("failure", 0.03), ("abandoned", 0.02)),
    ),
    Counted(
        unit="claims", workflow="claims-intake",
        terms={
            "name": "Claim taken in", "unit_of_work": "claim", "source": "Claims register",
            "success": "Every field is filled, and no handler corrects one.",
            "minutes_saved": Decimal(9), "minutes_basis": OutcomeTerms.Basis.CONTROL,
            "loaded_usd_per_hour": Decimal(38), "rework_usd": Decimal("5.70"),
        },
        fates=(("success", 0.91), ("escalated", 0.09)), by_hand=True,
    ),
    Counted(
        unit="sales", workflow="broker-quote-helper",
        terms={
            "name": "Quote given", "unit_of_work": "quote", "source": "Broker portal",
            "success": "The broker sends the quote on to a customer.",
            "kind": OutcomeTerms.Kind.CUSTOMER, "product": QUOTES,
        },
        fates=(("success", 0.71), ("abandoned", 0.29)), value_usd=Decimal("45.00"),
    ),
    Counted(
        unit="legal", workflow="contract-review",
        terms={
            "name": "Contract reviewed", "unit_of_work": "contract", "source": "Contract register",
            "success": "Counsel signs off without a second review.",
        },
    ),
)  # fmt: skip


def scenes(history: History, cast: Cast, parts: Sequence[Volume]) -> Iterator[Scene]:
    """Yield the definitions, each month's outcomes and figures, and those of the begun one."""
    at = history.at(history.start + ONE_DAY * DEFINED_AFTER_DAYS, "09:10")
    yield Scene(at, partial(_define, cast))
    by_workflow = {part.workload.name: part for part in parts if part.workload.unit}
    for month in months(history):
        is_whole = month.end <= history.today
        act = partial(_tell, history, cast, by_workflow, month)
        yield Scene(history.at(month.end, "05:00") if is_whole else history.now, act)
        if is_whole:
            known_at = history.at(month.end + ONE_DAY * FIGURES_AFTER_DAYS, "08:30")
            yield Scene(known_at, partial(_figures, history, cast, by_workflow, month))


def months(history: History) -> Iterator[Period]:
    """Yield the calendar months of the history, the begun one up to today."""
    start = history.start
    while start <= history.today:
        after = (start.replace(day=28) + ONE_DAY * 4).replace(day=1)
        yield Period(start, min(after, history.today + ONE_DAY))
        start = after


def outcomes_on(plan: Counted, volume: Volume, day: date) -> list[dict[str, Any]]:
    """Return what became of the tasks that were begun on a day, told by their last calls."""
    ended: dict[str, datetime] = {}
    for call in calls_on(volume, day):
        if call.task:
            ended[call.task] = max(ended.get(call.task, call.started_at), call.started_at)
    results, weights = zip(*plan.fates, strict=True)
    return [
        {
            "id": task,
            "workflow": plan.workflow,
            "task": task,
            "at": (at + DECIDED_AFTER).isoformat(),
            "outcome": (fate := seeded(task, "fate").choices(results, weights)[0]),
        }
        | ({"value": str(plan.value_usd)} if plan.value_usd and fate == "success" else {})
        for task, at in sorted(ended.items())
    ]


def _define(cast: Cast, at: datetime) -> None:
    for plan in COUNTED:
        define_outcome(
            unit=cast.units[plan.unit],
            terms=Terms(
                owner=cast.users[manager_of(plan.unit)], workflows=[plan.workflow], **plan.terms
            ),
            by=cast.users["finance"],
            at=at,
        )


def _tell(
    history: History, cast: Cast, volumes: dict[str, Volume], month: Period, at: datetime
) -> None:
    for plan in COUNTED:
        if not plan.fates or plan.by_hand:
            continue
        told = [
            record
            for record in _within(plan, volumes[plan.workflow], month)
            if datetime.fromisoformat(record["at"]) <= history.now
        ]
        for first in range(0, len(told), MAX_RECORDS):
            records = told[first : first + MAX_RECORDS]
            record_outcomes(records=records, by=cast.users["engineer"], at=at)


def _figures(
    history: History, cast: Cast, volumes: dict[str, Volume], month: Period, at: datetime
) -> None:
    """Type what the month counted, brought in, and cost beside the calls."""
    label = FiscalPeriod.objects.containing(month.start).get().label
    figures: dict[str, list[dict[str, Any]]] = {
        "counts": [_count(plan, volumes, month, label) for plan in COUNTED if plan.by_hand],
        "revenue": [_amount(history, SOLD.revenue_usd, month, label, "Billing")],
        "cogs": [_amount(history, SOLD.other_usd, month, label, "Ledger")],
        "headcount": [
            {
                "unit": unit,
                "period": label,
                "people": str(people),
                "loaded_cost_usd": str(cost),
                "source": "HR",
            }
            for unit, (people, cost) in PEOPLE.items()
        ],
    }
    for name, records in figures.items():
        record_figures(figure=FIGURES[name], records=records, by=cast.users["finance"], at=at)


def _count(plan: Counted, volumes: dict[str, Volume], month: Period, label: str) -> dict[str, Any]:
    results = [record["outcome"] for record in _within(plan, volumes[plan.workflow], month)]
    return {
        "definition": "claim-taken-in",
        "period": label,
        "started": len(results),
        "succeeded": results.count("success"),
        "escalated": results.count("escalated"),
        "source": plan.terms["source"],
    }


def _amount(
    history: History, usd: Decimal, month: Period, label: str, source: str
) -> dict[str, Any]:
    """Return an amount that grows by a fiftieth a month."""
    passed = (month.start - history.start).days // 30
    amount = usd * (50 + passed) / 50 * history.scale
    return {"product": QUOTES, "period": label, "amount_usd": f"{amount:.2f}", "source": source}


def _within(plan: Counted, volume: Volume, month: Period) -> Iterator[dict[str, Any]]:
    for step in range(month.days):
        yield from outcomes_on(plan, volume, month.start + ONE_DAY * step)
