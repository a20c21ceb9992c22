"""What core holds by a graduation, who gave it, and at which run rate it stands now."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from django.db.models import Min, Sum

from budgets.models import Budget, CoreGrant, CorePart, Graduation, Initiative, TrueUp
from budgets.queries.graduation import Asked, contingencies, contingency_of, reserve_usd
from budgets.queries.hierarchy import active_budget
from finops.demotion import Sources
from finops.graduation import Funding, Phased
from finops.periods import Period
from org.models import Unit

ZERO = Decimal("0.00")


def newest_graduation(initiative: Initiative) -> Graduation | None:
    """Return the graduation an experiment is in core by, or was last."""
    found = initiative.graduations.select_related(
        "initiative__unit", "initiative__cost_object", "evidence", "contingency_unit", "approval"
    )
    return found.order_by("-number").first()


def newest_graduations(initiatives: Iterable[Initiative]) -> list[Graduation]:
    """Return the last graduation of each initiative, in one question for all."""
    found = Graduation.objects.filter(initiative__in=list(initiatives))
    return list(
        found.select_related("initiative__unit", "evidence")
        .order_by("initiative", "-number")
        .distinct("initiative")
    )


def current_rate_usd(graduation: Graduation) -> Decimal:
    """Return the run rate that core is funded for: the signed one, or the last true-up's."""
    posted = graduation.true_ups.filter(state=TrueUp.State.POSTED).order_by("-number").first()
    return posted.run_rate_usd if posted else graduation.run_rate_usd


def held_by_period(part: CorePart) -> list[Phased]:
    """Return what core holds by a part in each fiscal period, all that moved it summed up."""
    rows = (
        CoreGrant.objects.filter(part=part)
        .order_by()
        .values("ends_on")
        .annotate(starts_on=Min("starts_on"), net_usd=Sum("usd"))
        .order_by("ends_on")
    )
    return [_phased(Period(row["starts_on"], row["ends_on"]), row["net_usd"]) for row in rows]


def held_usd(graduation: Graduation) -> Decimal:
    total = CoreGrant.objects.filter(part__graduation=graduation).aggregate(net=Sum("usd"))["net"]
    return total if total is not None else ZERO


def gave(graduation: Graduation) -> Sources:
    """Return what contingency and pool gave so far, true-ups among it."""
    posted = graduation.true_ups.filter(state=TrueUp.State.POSTED)
    later = posted.aggregate(usd=Sum("core_usd"))["usd"] or ZERO
    return Sources(later - graduation.contingency_usd, -graduation.pool_usd)


def payer_of(graduation: Graduation, needed_usd: Decimal) -> Unit | None:
    """Return the unit whose contingency stands beside the graduation; one for all its life."""
    if graduation.contingency_unit is not None:
        return graduation.contingency_unit
    earlier = graduation.true_ups.filter(contingency_unit__isnull=False).first()
    if earlier is not None:
        return earlier.contingency_unit
    offered = contingencies(graduation.initiative, on=graduation.starts_on)
    found = contingency_of(Asked(funding=Funding(graduation.funding)), offered, needed_usd)
    return found.unit if found else None


def closed_beside(graduation: Graduation, units: Sequence[Unit]) -> list[str]:
    """Return the units whose budget of the year is not in force any more."""
    year = graduation.fiscal_year
    return [str(unit) for unit in units if active_budget(unit=unit, fiscal_year=year) is None]


def reserve_of(unit: Unit, *, fiscal_year: int) -> Decimal:
    found: Budget | None = active_budget(unit=unit, fiscal_year=fiscal_year)
    return reserve_usd(found) if found else ZERO


def _phased(period: Period, usd: Decimal) -> Phased:
    return Phased(period, period.days, usd)
