"""What comes with a step of a gate as a page sends it."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from django.http import QueryDict

from budgets.gates.rule import GateRule
from budgets.models import Initiative
from budgets.operations.gates import Given
from org.refusals import Invalid, Refusal

PREFIX = "input-"


def given_by(data: QueryDict, rule: GateRule) -> Given:
    """Return what was typed; inputs only where the form asked for them."""
    return Given(
        inputs=inputs_in(data, rule) if "gather" in data else None,
        reason=data.get("reason", ""),
        recheck_on=_day(data.get("recheck_on", "")),
        part=data.get("part", ""),
    )


def inputs_in(data: QueryDict, rule: GateRule) -> dict[str, str]:
    """Return what was typed into the fields a gate asks for."""
    return {ask.name: data.get(f"{PREFIX}{ask.name}", "") for ask in rule.asks}


def fields_of(
    rule: GateRule,
    initiative: Initiative,
    typed: Mapping[str, str],
    *,
    wrong: Mapping[str, str] = MappingProxyType({}),
) -> list[dict[str, object]]:
    """Return the fields a gate asks for, with what is typed in them and what is wrong with it."""
    return [
        {
            "id": f"gate-{rule.number}-{ask.name}",
            "name": f"{PREFIX}{ask.name}",
            "ask": ask,
            "value": typed.get(ask.name, ""),
            "choices": ask.choices(initiative) if ask.choices else None,
            "error": wrong.get(f"/inputs/{ask.name}", ""),
        }
        for ask in rule.asks
    ]


def wrong_inputs(refusal: Refusal | None) -> dict[str, str]:
    """Return what a refusal says of each field, by its pointer."""
    return {error.pointer: error.detail for error in refusal.errors} if refusal else {}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Invalid.of("recheck_on", f"“{text}” is no date such as 2026-12-31.") from error
