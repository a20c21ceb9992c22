"""What the core of a budget used by fiscal period: money, tokens, models."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Case, F, IntegerField, Sum, Value, When

from budgets.models import Budget
from finops.periods import FiscalPeriod
from ingestion.models import CostStatus, UnitDay

ZERO = Decimal(0)


@dataclass(slots=True)
class CoreUse:
    """What a unit's core used in a period; `usd` leaves out the `unpriced` calls."""

    usd: Decimal = ZERO
    tokens: int = 0
    unpriced: int = 0
    by_model: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))


def core_use(budget: Budget, periods: Sequence[FiscalPeriod]) -> list[CoreUse]:
    """Return what the unit and all beneath it used of its core in each period."""
    number = Case(
        *(
            When(reporting_day__gte=each.start, reporting_day__lt=each.end, then=Value(place))
            for place, each in enumerate(periods)
        ),
        output_field=IntegerField(),
    )
    rows = (
        UnitDay.objects.filter(
            metered=True,
            is_core=True,
            unit__path__startswith=budget.unit.path,
            reporting_day__gte=periods[0].start,
            reporting_day__lt=periods[-1].end,
        )
        .annotate(place=number)
        .values_list("place", "provider", "model", "status")
        .annotate(
            usd=Sum("cost_usd"), made=Sum("calls"), used=Sum(F("in_tokens") + F("out_tokens"))
        )
        .order_by()
    )
    found = [CoreUse() for _ in periods]
    for place, provider, model, status, usd, made, used in rows:
        use = found[place]
        use.tokens += int(used)
        use.by_model[provider, model] += int(used)
        if status == CostStatus.UNPRICED:
            use.unpriced += int(made)
        else:
            use.usd += usd
    return found
