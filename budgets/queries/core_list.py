"""What runs in core: each with its run rate and unit cost beside those it was signed with."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Sum

from budgets.gate_lifecycle import CHECKED_IN_CORE
from budgets.lifecycle import IN_CORE
from budgets.models import (
    CoreGrant,
    CorePart,
    CoreReview,
    Gate,
    Graduation,
    Initiative,
    Probation,
    TrueUp,
)
from budgets.queries.core_money import newest_graduations
from budgets.queries.core_reviews import reviews_of_all
from finops.periods import ONE_DAY, Period
from finops.run_rate import WINDOW_DAYS, Daily, run_rate
from ingestion.models import UnitDay
from ingestion.queries.spend import data_days
from org.models import Unit, User
from org.queries.calendar import fiscal_year_containing
from org.queries.profile import profile_on

ZERO = Decimal("0.00")
SHOWN_VERDICTS = 6


@dataclass(frozen=True, kw_only=True)
class CoreRow:
    """Work in core on a day.

    `signed_usd` is the run rate it was signed for, `funded_usd` with true-ups; `now_usd` that of
    its last four weeks that are final, None before any are. `held_usd` is core money of this
    fiscal year that rests on it; none where the budget of the year has it as its own.
    """

    graduation: Graduation
    parts: Sequence[CorePart]
    reviews: Sequence[CoreReview]
    gates: Sequence[Gate]
    probation: Probation | None
    signed_usd: Decimal
    funded_usd: Decimal
    now_usd: Decimal | None
    held_usd: Decimal
    on: date

    @property
    def initiative(self) -> Initiative:
        return self.graduation.initiative

    @property
    def departments(self) -> list[str]:
        return [part.unit.name for part in self.parts]

    @property
    def last_known(self) -> CoreReview | None:
        """The last month of which a result's cost is known."""
        known = [each for each in self.reviews if each.unit_usd is not None]
        return known[-1] if known else None

    @property
    def verdicts(self) -> Sequence[CoreReview]:
        return self.reviews[-SHOWN_VERDICTS:]

    @property
    def next_recheck(self) -> Gate | None:
        """The gate that is looked at next; one that does not stand is overdue."""
        return min(self.gates, key=lambda gate: gate.recheck_on or date.min, default=None)

    @property
    def overdue(self) -> list[Gate]:
        """Return the gates of which no pass stands."""
        return [gate for gate in self.gates if not gate.stands_on(self.on)]

    @property
    def days_left(self) -> int | None:
        """How many days of its probation are left; None where it is on none."""
        return max((self.probation.ends_on - self.on).days, 0) if self.probation else None


def core_rows(
    *, user: User, on: date, unit: Unit | None = None, slug: str | None = None
) -> list[CoreRow]:
    """Return what runs in core and the user may see, in a fixed number of questions."""
    found = Initiative.objects.visible_to(user).filter(state__in=IN_CORE)
    if unit is not None:
        found = found.filter(unit__path__startswith=unit.path)
    if slug is not None:
        found = found.filter(slug=slug)
    graduations = newest_graduations(found)
    parts, reviews, gates = _parts(graduations), reviews_of_all(graduations), _gates(graduations)
    probations, funded = _probations(graduations), _funded(graduations)
    held, daily = _held(graduations, on=on), _daily(graduations, parts, on=on)
    rows = [
        CoreRow(
            graduation=each,
            parts=parts[each.pk],
            reviews=reviews[each.pk],
            gates=gates[each.initiative_id],
            probation=probations.get(each.pk),
            signed_usd=each.run_rate_usd,
            funded_usd=funded.get(each.pk, each.run_rate_usd),
            now_usd=run_rate(daily[each.pk]),
            held_usd=held.get(each.pk, ZERO),
            on=on,
        )
        for each in graduations
    ]
    return sorted(rows, key=lambda row: (-row.funded_usd, row.initiative.name))


def _parts(graduations: Sequence[Graduation]) -> dict[int, list[CorePart]]:
    rows = CorePart.objects.filter(graduation__in=graduations)
    found: dict[int, list[CorePart]] = defaultdict(list)
    for part in rows.select_related("unit").order_by("pk"):
        found[part.graduation_id].append(part)
    return found


def _gates(graduations: Sequence[Graduation]) -> dict[int, list[Gate]]:
    initiatives = [each.initiative_id for each in graduations]
    rows = Gate.objects.filter(initiative__in=initiatives, number__in=CHECKED_IN_CORE)
    found: dict[int, list[Gate]] = defaultdict(list)
    for gate in rows.order_by("number"):
        found[gate.initiative_id].append(gate)
    return found


def _probations(graduations: Sequence[Graduation]) -> dict[int, Probation]:
    rows = Probation.objects.filter(graduation__in=graduations, ended_at__isnull=True)
    return {each.graduation_id: each for each in rows}


def _funded(graduations: Sequence[Graduation]) -> dict[int, Decimal]:
    posted = TrueUp.objects.filter(graduation__in=graduations, state=TrueUp.State.POSTED)
    rows = posted.order_by("graduation", "-number").distinct("graduation")
    return {each.graduation_id: each.run_rate_usd for each in rows}


def _held(graduations: Sequence[Graduation], *, on: date) -> dict[int, Decimal]:
    year = fiscal_year_containing(on)
    rows = CoreGrant.objects.filter(
        part__graduation__in=graduations, part__graduation__fiscal_year=year
    )
    return dict(rows.order_by().values_list("part__graduation").annotate(usd=Sum("usd")))


def _daily(
    graduations: Sequence[Graduation], parts: dict[int, list[CorePart]], *, on: date
) -> dict[int, Daily]:
    """Return what each cost on the last days that are final, since it is in core."""
    reach = data_days()
    until = on - timedelta(days=profile_on(on).profile.data_lag_days)
    until = min(until, reach.end) if reach else until
    window = Period(until - timedelta(days=WINDOW_DAYS), until)
    owners = {part.cost_object_id: part.graduation_id for each in parts.values() for part in each}
    spent: dict[int, dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    rows = (
        UnitDay.objects.filter(
            metered=True,
            cost_object__in=list(owners),
            reporting_day__gte=window.start,
            reporting_day__lt=window.end,
        )
        .order_by()
        .values_list("cost_object", "reporting_day")
        .annotate(usd=Sum("cost_usd"))
    )
    for cost_object, day, usd in rows:
        spent[owners[cost_object]][day] += usd
    return {
        each.pk: [
            (day, spent[each.pk].get(day, ZERO))
            for day in (window.start + ONE_DAY * number for number in range(window.days))
            if reach is not None and day >= max(each.starts_on, reach.start)
        ]
        for each in graduations
    }
