"""Reviewing months in core once they are final, and once more where late data changed them."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from budgets.lifecycle import InitiativeState
from budgets.models import CoreReview, Graduation, Initiative
from budgets.queries.core_reviews import Measured, measured_in, periods_due, reviews_of
from finops.money import ROUNDED
from finops.periods import FiscalPeriod
from ingestion.queries.periods import closed_days
from org.audit import record
from org.queries.calendar import reporting_today
from org.queries.profile import profile_on

PICO = Decimal("0.000000000001")
# What a verdict rests on: where any of it is different now, the month is reviewed once more.
DECIDING = (
    "cost_usd",
    "known_usd",
    "outcomes",
    "coverage",
    "unpriced_calls",
    "margin",
    "floor",
    "verdict",
)


def review_core(*, at: datetime) -> list[str]:
    """Review every month in core that is final and not reviewed as it is now; name them."""
    graduations = Graduation.objects.exclude(initiative__state=InitiativeState.GRADUATING)
    keys = graduations.order_by("pk").values_list("pk", flat=True)
    return [str(each) for pk in keys for each in _review(pk, at=at)]


@transaction.atomic
def _review(graduation_id: int, *, at: datetime) -> list[CoreReview]:
    graduation = Graduation.objects.select_related("initiative", "evidence").get(pk=graduation_id)
    # Two rounds at once: the lock makes the second see the reviews of the first.
    Initiative.objects.select_for_update().get(pk=graduation.initiative_id)
    today = reporting_today(at)
    last = {each.starts_on: each for each in reviews_of(graduation)}
    closed = closed_days()
    found = []
    lag_days = profile_on(today).profile.data_lag_days
    for period in periods_due(graduation, on=today, lag_days=lag_days):
        before = last.get(period.start)
        if before is not None and closed.label_of(period.start):
            continue  # nothing of it changes any more
        review = _as_review(graduation, period, measured_in(graduation, period.period), at=at)
        if before is None or _differs(before, review):
            found.append(_keep(review, after=before))
    return found


def _as_review(
    graduation: Graduation, period: FiscalPeriod, found: Measured, *, at: datetime
) -> CoreReview:
    month, judged, limits = found.month, found.judged, found.limits
    return CoreReview(
        graduation=graduation,
        label=period.label,
        starts_on=period.start,
        ends_on=period.end,
        cost_usd=_pico(found.cost_usd),
        known_usd=_pico(month.cost_usd),
        calls=found.calls,
        unpriced_calls=month.unpriced_calls,
        outcomes=month.outcomes,
        coverage=_pico(month.coverage),
        unit_usd=_known(judged.unit_usd),
        dearer=_known(judged.dearer),
        revenue_usd=_known(found.margin.revenue_usd) if found.margin else None,
        margin=_known(month.margin),
        floor=_known(month.floor),
        run_rate_usd=_known(found.run_rate_usd),
        centre_usd=_pico(limits.centre_usd) if limits else None,
        lower_usd=_pico(limits.lower_usd) if limits else None,
        upper_usd=_pico(limits.upper_usd) if limits else None,
        is_out=found.is_out,
        verdict=judged.verdict.value,
        reasons=[reason.value for reason in judged.reasons],
        at=at,
    )


def _keep(review: CoreReview, *, after: CoreReview | None) -> CoreReview:
    review.number = after.number + 1 if after else 1
    review.save(force_insert=True)
    record(
        actor=None,
        action="core.reviewed",
        subject=f"initiative:{review.graduation.initiative.slug}",
        detail={
            "period": review.label,
            "number": review.number,
            "verdict": review.verdict,
            "reasons": review.reasons,
        },
        at=review.at,
    )
    return review


def _differs(before: CoreReview, now: CoreReview) -> bool:
    return any(getattr(before, name) != getattr(now, name) for name in DECIDING)


def _pico(value: Decimal) -> Decimal:
    """Round to what the table keeps, so that one measured again alike is the same."""
    return value.quantize(PICO, context=ROUNDED)


def _known(value: Decimal | None) -> Decimal | None:
    return None if value is None else _pico(value)
