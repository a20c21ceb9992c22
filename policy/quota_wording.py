"""Quotas as people say them: "50 calls a day for each person". Pure."""

from datetime import datetime, timedelta
from decimal import Decimal

from finops.quotas import Metric, Window

UNITS = {
    Metric.CALLS.value: ("call", "calls"),
    Metric.TOKENS.value: ("token", "tokens"),
    Metric.STEPS.value: ("agent step", "agent steps"),
}
WINDOWS = {
    Window.MINUTE.value: "in any minute",
    Window.FIVE_HOURS.value: "in any five hours",
    Window.DAY.value: "a day",
    Window.WEEK.value: "a week",
    Window.MONTH.value: "a month",
}
SUBJECTS = {"": "all together", None: "all together", "person": "each person"}


def amount_in_words(amount: Decimal | str, metric: str) -> str:
    """Return an amount with its unit: $9.60, 1 call, 20,000 tokens."""
    value = Decimal(amount)
    if metric == Metric.USD:
        cents = value == value.quantize(Decimal("0.01"))
        return f"${value:,.2f}" if cents else f"${value.normalize():,f}"
    one, many = UNITS[metric]
    number = f"{value.normalize():,f}"
    return f"{number} {one if value == 1 else many}"


def for_whom(per: str | None) -> str:
    return SUBJECTS.get(per) or f"each {per}"


def quota_in_words(limit: Decimal | str, metric: str, window: str, per: str | None) -> str:
    """Return a quota as a person says it: 50 calls a day for each person."""
    return f"{amount_in_words(limit, metric)} {WINDOWS[window]} for {for_whom(per)}"


def due_in_words(asked_at: datetime, due_at: datetime, *, at: datetime) -> str:
    """Return how long somebody waits for an answer: asked 3 h ago, due in 1 h."""
    asked = f"asked {_span(at - asked_at)} ago"
    if at >= due_at:
        return f"{asked}, overdue by {_span(at - due_at)}"
    return f"{asked}, due in {_span(due_at - at)}"


def _span(length: timedelta) -> str:
    """Return a length in its largest unit, begun ones not counted: 3 h, 12 min."""
    minutes = max(length, timedelta(0)) // timedelta(minutes=1)
    days, hours = minutes // 1440, minutes // 60
    if days:
        return f"{days} day{'s' if days > 1 else ''}"
    return f"{hours} h" if hours else f"{minutes} min"
