"""Quotas as people say them: "50 calls a day for each person". Pure."""

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
