"""What was typed for a gate, checked against what it asks; page and API alike."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from budgets.gates.rule import Ask, GateRule, Kind
from budgets.models import Initiative
from org.refusals import FieldError, Invalid

HUNDRED = Decimal(100)
LONGEST = 500
NUMBERS = (Kind.AMOUNT, Kind.NUMBER, Kind.SHARE)
LARGEST = Decimal(10) ** 12


def checked_inputs(
    rule: GateRule, given: Mapping[str, str], *, initiative: Initiative
) -> dict[str, str]:
    """Return the inputs as evidence keeps them; raises Invalid with a sentence per field."""
    unknown = [
        FieldError(f"/inputs/{name}", f"{rule.title} does not ask for “{name}”.")
        for name in given
        if name not in {ask.name for ask in rule.asks}
    ]
    values = {ask.name: str(given.get(ask.name, "")).strip() for ask in rule.asks}
    wrong = [
        FieldError(f"/inputs/{ask.name}", problem)
        for ask in rule.asks
        if (problem := _problem(ask, values[ask.name], initiative)) is not None
    ]
    if errors := [*unknown, *wrong]:
        raise Invalid(" ".join(error.detail for error in errors), errors=errors)
    return {ask.name: _kept(ask, values[ask.name]) for ask in rule.asks}


def as_typed(ask: Ask, kept: str) -> str:
    """Return a kept input as its field shows it."""
    if ask.kind != Kind.SHARE or not kept:
        return kept
    text = f"{Decimal(kept) * HUNDRED:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _problem(ask: Ask, text: str, initiative: Initiative) -> str | None:
    if not text:
        return f"Give “{ask.label}”." if ask.required else None
    if len(text) > LONGEST:
        return f"“{ask.label}” is longer than {LONGEST} characters."
    if ask.kind in NUMBERS and not _is_number(text):
        return f"“{ask.label}” is a number from 0 on, such as 12.50, not “{text}”."
    if ask.kind == Kind.DAY and not _is_day(text):
        return f"“{ask.label}” is a day such as 2026-12-31, not “{text}”."
    if ask.choices is not None and text not in (known := dict(ask.choices(initiative))):
        offered = ", ".join(known) or "nothing yet"
        return f"“{ask.label}” knows no “{text}”; there is {offered}."
    return None


def _kept(ask: Ask, text: str) -> str:
    return f"{Decimal(text) / HUNDRED:f}" if ask.kind == Kind.SHARE and text else text


def _is_number(text: str) -> bool:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return False
    return value.is_finite() and 0 <= value < LARGEST


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
