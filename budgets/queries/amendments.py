"""How an experiment's terms changed from one step to the next, in words."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from budgets.terms import differences
from org.templatetags.figures import day as written_day
from org.templatetags.figures import usd
from policy.differences import conditions

LABELS = {
    "name": "name",
    "unit": "unit",
    "hypothesis": "hypothesis",
    "owner": "owner",
    "on_call": "on call",
    "cap_usd": "cap",
    "daily_cap_usd": "daily cap",
    "starts_on": "first day",
    "ends_on": "end date",
    "stop_loss_pct": "stop-loss, in percent of the cap,",
    "unit_of_work": "unit of work",
    "outcome_source": "source of outcomes",
    "expected_volume": "expected outcomes",
    "task_types": "task types",
    "models": "models",
    "match": "conditions of its calls",
}


def amended_in_words(then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Say which of two written terms differ, and how; nothing where none does."""
    changed = differences(then, now)
    said = "; ".join(
        f"{label} from {_written(name, changed[name]['then'])} to"
        f" {_written(name, changed[name]['now'])}"
        for name, label in LABELS.items()
        if name in changed
    )
    return f"{said[0].upper()}{said[1:]}." if said else ""


def _written(name: str, value: Any) -> str:
    if value is None or value in ("", []):
        return "nothing"
    if name.endswith("_usd"):
        return usd(Decimal(value))
    if name.endswith("_on"):
        return written_day(date.fromisoformat(value))
    if name == "match":
        return "; or ".join(conditions(when) for when in value)
    if isinstance(value, list):
        return ", ".join(value)
    return f"“{value}”" if isinstance(value, str) else f"{value:,}"
