"""The standing of experiments: caps, days left, and the state of their scope."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from budgets.queries.consequences import Consequence
from budgets.queries.experiments import initiative_standing
from ingestion.models import CostStatus
from policy.models import Cap
from tests.factories.budgets import drafted, granted_budget, running, spend, stepped
from tests.org_cast import Cast

TODAY = date(2026, 11, 20)


def test_what_it_spent_counts_today_apart_and_leaves_its_unit_out(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at)
    made = running(cast, starts_on=date(2026, 11, 19), at=at)
    spend(cast.support, date(2026, 11, 19), "6.00", cost_object=made.cost_object)
    spend(cast.support, TODAY, "2.50", cost_object=made.cost_object)
    spend(cast.support, TODAY, "99.00")

    standing = initiative_standing(initiative=made, on=TODAY)

    assert (standing.spent_usd, standing.spent_today_usd) == (Decimal("8.50"), Decimal("2.50"))
    assert standing.left_usd == Decimal("91.50")


@pytest.mark.parametrize(
    ("on", "days"),
    [
        (date(2026, 11, 1), 30),
        (date(2026, 11, 20), 30),
        (date(2026, 12, 19), 1),
        (date(2026, 12, 20), 0),
        (date(2027, 1, 1), 0),
    ],
)
def test_days_left_count_today_and_not_the_end_date(
    cast: Cast, at: datetime, on: date, days: int
) -> None:
    made = drafted(cast, at=at)

    assert initiative_standing(initiative=made, on=on).days_left == days


def test_its_scope_tells_whether_its_calls_run_and_why_not(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at)
    made = running(cast, at=at)
    before = initiative_standing(initiative=made, on=TODAY)

    stepped(made, "stop", by=cast.grace, reason="It answers the wrong people.", at=at)
    made.refresh_from_db()
    after = initiative_standing(initiative=made, on=TODAY)

    assert before.scope is not None
    assert (before.scope.state, before.blocked_reason) == ("closed", "")
    assert after.blocked_reason.startswith("It answers the wrong people.")


def test_its_pace_starts_with_its_first_call_and_names_the_day_the_cap_is_reached(
    cast: Cast, at: datetime
) -> None:
    granted_budget(cast, at=at)
    made = running(cast, at=at)
    later = TODAY + timedelta(days=14)
    for day in range(6, 14):
        spend(cast.support, TODAY + timedelta(days=day), "8.00", cost_object=made.cost_object)

    standing = initiative_standing(initiative=made, on=later)

    # 64 of 100 are spent at 8 a day: 36 last 4.5 days, the fifth of which is 8 December.
    assert standing.run_rate_usd == 8
    assert standing.outlook.forecast is not None
    assert standing.outlook.forecast.known_days == 8
    assert standing.exhausts is not None
    assert standing.exhausts.expected == date(2026, 12, 8)


def test_its_breaker_blocks_when_the_cap_is_spent_because_a_hard_cap_stands(
    cast: Cast, at: datetime
) -> None:
    granted_budget(cast, at=at)
    made = running(cast, at=at)
    before = initiative_standing(initiative=made, on=TODAY).then

    Cap.objects.filter(scope__cost_object=made.cost_object, window="total").update(retired_at=at)

    assert before == Consequence.BLOCKS
    assert initiative_standing(initiative=made, on=TODAY).then == Consequence.NOTHING


def test_what_was_stopped_is_not_forecast(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at)
    made = running(cast, at=at)
    for day in range(10):
        spend(cast.support, TODAY + timedelta(days=day), "8.00", cost_object=made.cost_object)
    later = TODAY + timedelta(days=10)
    before = initiative_standing(initiative=made, on=later).outlook

    stepped(made, "stop", by=cast.grace, reason="It answers the wrong people.", at=at)
    made.refresh_from_db()
    after = initiative_standing(initiative=made, on=later).outlook

    assert before.exhausts is not None
    assert (after.forecast, after.exhausts, after.total) == (None, None, None)


def test_calls_without_a_price_are_counted(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at)
    made = running(cast, at=at)
    spend(
        cast.support,
        TODAY,
        "0",
        cost_object=made.cost_object,
        status=CostStatus.UNPRICED,
        calls=3,
    )

    assert initiative_standing(initiative=made, on=TODAY).unpriced_calls == 3
