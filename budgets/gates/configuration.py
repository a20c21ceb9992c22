"""What an experiment's consumption depends on: its terms, and what the ledger shows of it."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from budgets.models import Initiative
from budgets.terms import as_written, terms_of
from finops.gates.changes import FEWEST_TASKS, Configuration, new_people
from finops.periods import Period
from ingestion.queries.people import people_of
from ingestion.queries.spend import models_used
from ingestion.queries.task_tokens import median_tokens_per_task
from org.queries.calendar import reporting_today

# Both medians are of so many full days, so that a weekday more on one side is no change.
WATCHED_DAYS = 14
TERMS = ("cap_usd", "daily_cap_usd", "match", "models")


def configuration_of(initiative: Initiative, *, at: datetime) -> dict[str, Any]:
    """Return the configuration on the day, as evidence keeps it."""
    today = reporting_today(at)
    days = Period(today - timedelta(days=WATCHED_DAYS), today)
    written = as_written(terms_of(initiative))
    return {
        "terms": {name: written[name] for name in TERMS},
        "usage": {
            "from": days.start.isoformat(),
            "until": days.end.isoformat(),
            **_usage(initiative, days),
        },
    }


def read_configuration(written: dict[str, Any]) -> Configuration:
    """Return what two configurations are compared by."""
    terms, usage = written["terms"], written["usage"]
    median = usage["median_tokens_per_task"]
    return Configuration(
        cap_usd=Decimal(terms["cap_usd"]),
        daily_cap_usd=Decimal(terms["daily_cap_usd"]),
        match=[str(sorted(condition.items())) for condition in terms["match"]],
        models=usage["models"],
        median_tokens=None if median is None else Decimal(median),
    )


def grown_population(
    initiative: Initiative, written: dict[str, Any], *, at: datetime
) -> str | None:
    """Say that more than a quarter of its people are new since a configuration was written.

    Evidence names nobody: who used it then is read from the ledger, over the same days.
    """
    if initiative.cost_object is None:
        return None
    usage, today = written["usage"], reporting_today(at)
    then = Period(date.fromisoformat(usage["from"]), date.fromisoformat(usage["until"]))
    now = Period(today - timedelta(days=WATCHED_DAYS), today)
    found = people_of(cost_object=initiative.cost_object, then=then, now=now)
    return new_people(people=found.now, before=found.then, new=found.new)


def _usage(initiative: Initiative, days: Period) -> dict[str, Any]:
    cost_object = initiative.cost_object
    if cost_object is None:
        return {"models": [], "tasks": 0, "median_tokens_per_task": None}
    found = median_tokens_per_task(cost_object=cost_object, period=days)
    used = models_used(period=days, cost_object=cost_object)
    return {
        "models": sorted(f"{provider}/{model}" for provider, model in used),
        "tasks": found.tasks,
        "median_tokens_per_task": str(found.median_tokens) if found.tasks >= FEWEST_TASKS else None,
    }
