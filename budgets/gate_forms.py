"""What comes with a step of a gate as a page sends it."""

from datetime import date

from django.http import QueryDict

from budgets.gates.rule import GateRule
from budgets.operations.gates import Given
from org.refusals import Invalid

PREFIX = "input-"


def given_by(data: QueryDict, rule: GateRule) -> Given:
    """Return what was typed; inputs only where the form asked for them."""
    asks = {ask.name: data.get(f"{PREFIX}{ask.name}", "") for ask in rule.asks}
    return Given(
        inputs=asks if "gather" in data else None,
        reason=data.get("reason", ""),
        recheck_on=_day(data.get("recheck_on", "")),
        part=data.get("part", ""),
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Invalid.of("recheck_on", f"“{text}” is no date such as 2026-12-31.") from error
