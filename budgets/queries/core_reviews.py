"""Months in core: which are due, what is known of them, and how they were judged."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from budgets.models import CoreReview, GateEvidence, Graduation
from budgets.queries.waivers import floor_on
from finops.core_review import Judged, Limits, Month, control_limits, judge_month, level_of
from finops.periods import ONE_DAY, FiscalPeriod, Period
from finops.run_rate import Daily
from ingestion.models import OutcomeTerms
from ingestion.queries.definitions import terms_in_force
from ingestion.queries.margins import ProductMargin, margin_in
from ingestion.queries.outcomes import outcomes_in
from ingestion.queries.spend import daily_spend
from ingestion.queries.work import Work, WorkDays, days_of
from org.models import CoreSpan
from org.models import FiscalPeriod as PeriodRow

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What some days in core were, by the ledger as it is now.

    `cost_usd` is of all the days, `month.cost_usd` of those whose results are told; both are of
    every department that has a part of it.
    """

    days: Period
    cost_usd: Decimal
    calls: int
    month: Month
    judged: Judged
    margin: ProductMargin | None
    run_rate_usd: Decimal | None
    limits: Limits | None

    @property
    def is_out(self) -> bool:
        known = self.limits is not None and self.run_rate_usd is not None
        return bool(known and self.limits and not self.limits.hold(self.run_rate_usd or ZERO))


def core_days_of(graduation: Graduation) -> tuple[date, date | None]:
    """Return the first day in core, and the first day after it; None while it runs on."""
    objects = graduation.parts.values("cost_object")
    spans = CoreSpan.objects.filter(cost_object__in=objects, starts_on=graduation.starts_on)
    ends = list(spans.values_list("ends_on", flat=True))
    return graduation.starts_on, ends[0] if ends else None


def periods_due(graduation: Graduation, *, on: date, lag_days: int) -> list[FiscalPeriod]:
    """Return the fiscal periods that lie wholly in core and are final on the day, in order."""
    first, until = core_days_of(graduation)
    rows = PeriodRow.objects.filter(
        starts_on__gte=first, ends_on__lte=on - timedelta(days=lag_days)
    ).order_by("starts_on")
    if until is not None:
        rows = rows.filter(ends_on__lte=until)
    return [
        FiscalPeriod(row.fiscal_year, row.number, row.label, row.starts_on, row.ends_on)
        for row in rows
    ]


def measured_in(graduation: Graduation, days: Period) -> Measured:
    """Measure some days in core, and judge them by what was known at the graduation."""
    terms, work = terms_of_result(graduation), _work(graduation, days)
    cost, daily = work.within(days), daily_of(graduation, days)
    product = product_of(terms)
    margin = margin_in(product, period=days) if product else None
    month = Month(
        **_results(terms, work, days),
        unpriced_calls=cost.unpriced_calls,
        baseline_usd=graduation.unit_usd,
        is_sold=bool(product),
        margin=margin.margin if margin else None,
        floor=floor_on(product, day=days.end - ONE_DAY).share if product else None,
    )
    return Measured(
        days=days,
        cost_usd=cost.usd,
        calls=cost.calls,
        month=month,
        judged=judge_month(month),
        margin=margin,
        run_rate_usd=level_of(daily),
        limits=limits_of(graduation, days=len(daily)) if daily else None,
    )


def daily_of(graduation: Graduation, days: Period) -> Daily:
    """Return what its calls cost on each day that the ledger reaches, all departments together."""
    found: dict[date, Decimal] = {}
    for part in graduation.parts.select_related("cost_object"):
        for day, usd in daily_spend(period=days, cost_object=part.cost_object):
            found[day] = found.get(day, ZERO) + usd
    return sorted(found.items())


def terms_of_result(graduation: Graduation) -> OutcomeTerms | None:
    """Return what counts as a result: what gate 1 was passed on when it graduated."""
    worth = graduation.evidence.measures["worth"] or {}
    found = terms_in_force().filter(definition__slug=worth.get("definition", ""))
    return found.select_related("definition").first()


def product_of(terms: OutcomeTerms | None) -> str:
    """Return the product that customers pay for; nothing where none does."""
    sold = terms is not None and terms.kind == OutcomeTerms.Kind.CUSTOMER
    return terms.product if terms is not None and sold else ""


def baseline_of(graduation: Graduation) -> GateEvidence:
    """Return the evidence of gate 4 that the graduation rests on."""
    measured = graduation.evidence.measures["baseline"]
    found = GateEvidence.objects.filter(gate__initiative=graduation.initiative_id)
    return found.filter(sha256=measured["evidence"]).latest("pk")


def limits_of(graduation: Graduation, *, days: int) -> Limits | None:
    """Return the control limits of the mean of so many days."""
    figures = baseline_of(graduation).measures["figures"] or {}
    cv = figures.get("cv")
    return control_limits(
        graduation.run_rate_usd,
        level_usd=Decimal(figures.get("level_usd", 0)),
        cv=None if cv is None else Decimal(cv),
        days=days,
    )


def reviews_of(graduation: Graduation) -> list[CoreReview]:
    """Return the newest review of each period, in order."""
    newest = graduation.reviews.order_by("starts_on", "-number").distinct("starts_on")
    return list(newest)


def reviews_of_all(graduations: Sequence[Graduation]) -> dict[int, list[CoreReview]]:
    """Return the newest review of each period by graduation, in one question for all."""
    rows = CoreReview.objects.filter(graduation__in=graduations)
    found: dict[int, list[CoreReview]] = {each.pk: [] for each in graduations}
    for row in rows.order_by("graduation", "starts_on", "-number").distinct(
        "graduation", "starts_on"
    ):
        found[row.graduation_id].append(row)
    return found


def _work(graduation: Graduation, days: Period) -> WorkDays:
    objects = tuple(graduation.parts.values_list("cost_object", flat=True))
    return days_of({"": Work(objects=objects)}, period=days)[""]


def _results(terms: OutcomeTerms | None, work: WorkDays, days: Period) -> dict[str, Any]:
    """Return the results that are told of, and what the days cost of which they are."""
    if terms is None:
        return {"cost_usd": ZERO, "outcomes": 0, "coverage": ZERO}
    counts = outcomes_in(terms.definition, period=days)
    known_usd = work.within(*counts.known).usd
    return {"cost_usd": known_usd, "outcomes": counts.succeeded, "coverage": counts.coverage}
