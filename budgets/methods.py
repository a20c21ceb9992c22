"""The choice of a forecast's method as pages offer it: a link each, with its error."""

from decimal import Decimal
from typing import NamedTuple

from django.http import HttpRequest

from finops.backtest import Method, candidates
from finops.forecast import Outlook

NAMES = {
    Method.RUN_RATE: "Run rate",
    Method.WEIGHTED: "Weighted 28 days",
    Method.SEASONAL: "Last week again",
}
BEST = "best"


class Choice(NamedTuple):
    """One way to forecast; `error` is None where it was not tried on the past."""

    name: str
    query: str
    error: Decimal | None
    is_current: bool


def method_asked(request: HttpRequest) -> Method | None:
    """Return the method that the address names, None where it asks for the best one."""
    asked = request.GET.get("method", BEST)
    return Method(asked) if asked in list(Method) else None


def choices_of(outlook: Outlook, *, asked: Method | None) -> list[Choice]:
    """Return the best method and each other that the known days suffice for."""
    forecast = outlook.forecast
    if forecast is None or not forecast.errors or not outlook.ahead:
        return []
    possible = [each for each in NAMES if each in candidates(forecast.known_days)]
    current = asked if asked in possible else None
    best = Choice("Best", f"?method={BEST}", None, current is None)
    return [
        best,
        *(
            Choice(NAMES[each], f"?method={each}", forecast.errors[each], each == current)
            for each in possible
        ),
    ]


def tried_in_words(outlook: Outlook) -> str:
    """Say which method is shown and how it did on the past."""
    forecast = outlook.forecast
    if forecast is None:
        return "No day of spending is known yet, so there is no forecast."
    name = NAMES[forecast.method].lower()
    if forecast.is_rough:
        return (
            f"Low confidence: {forecast.known_days} of the fourteen days that a forecast needs are"
            f" known. It is their mean, and the range is half of it either way."
        )
    if forecast.error is None:
        return f"Forecast by {name}; the past holds no spend to try it on."
    return (
        f"Forecast by {name}. Tried on the last {forecast.known_days} days, it missed the total of"
        f" {forecast.horizon} days by {forecast.error:.1%} on average."
    )
