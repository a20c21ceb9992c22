"""An experiment that graduated, and months in core that cost and bring what a test says."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from budgets.models import Graduation, Initiative
from budgets.operations.core_entry import enter_core_due
from budgets.operations.core_reviews import review_core
from finops.periods import ONE_DAY
from tests.factories.graduations import (
    SIGNED,
    Proven,
    days,
    elsewhere,
    graduated,
    tell,
    use,
)
from tests.org_cast import Cast

AUGUST, SEPTEMBER, OCTOBER = date(2026, 8, 1), date(2026, 9, 1), date(2026, 10, 1)
NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)
RATE = Decimal("412.50")


def in_core(cast: Cast, found: Proven) -> Graduation:
    """Graduate on 31 July and enter core on 1 August."""
    graduated(cast, found)
    enter_core_due(at=midnight(AUGUST))
    return Graduation.objects.get(initiative=found.initiative)


def midnight(day: date) -> datetime:
    """Return the moment after midnight at which the clock looks."""
    return datetime.combine(day, time(0, 30), UTC)


def final(day: date) -> datetime:
    """Return the morning on which the days before this one are final: five days later."""
    return midnight(day + timedelta(days=5))


def lived(
    cast: Cast,
    first: date,
    until: date,
    *,
    usd: Decimal = RATE,
    told: bool = True,
    **more: Any,
) -> None:
    """Let days pass in which its calls cost so much; each answers its eight tickets."""
    on = days(first, until)
    use(cast, dict.fromkeys(on, usd), **more)
    if told:
        tell(cast, on)
    elsewhere(cast, until)


def rest_of_july(cast: Cast) -> None:
    """Use up the last day before core, as the days before."""
    use(cast, {SIGNED.date(): Decimal("373.50")})


def reviewed(cast: Cast, months: Mapping[date, Decimal]) -> None:
    """Live months at these dollars a day, each reviewed once it is final."""
    for first, usd in months.items():
        until = (first.replace(day=28) + ONE_DAY * 4).replace(day=1)
        lived(cast, first, until, usd=usd)
        review_core(at=final(until))


def again(initiative: Initiative) -> Initiative:
    return Initiative.objects.get(pk=initiative.pk)
