"""The plan of a budget: how its core is phased, and where that is refused."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from budgets.lifecycle import BudgetAction
from budgets.models import Budget
from budgets.operations.budgets import request_budget, take_budget_step
from budgets.phasing import Phasing
from budgets.queries.burn_down import budget_burn_down
from budgets.queries.planned_periods import planned_periods
from budgets.queries.standing import standing_of
from ingestion.models import UnitDay
from org.models import Approval, FiscalPeriod, Unit
from org.operations.calendar import open_fiscal_year
from org.refusals import Invalid
from tests.factories.budgets import granted_budget, spend
from tests.factories.org import new_cost_object
from tests.org_cast import Cast

LAST_TWO = [Decimal(0)] * 10 + [Decimal(3), Decimal(1)]


def phased(
    cast: Cast,
    phasing: Phasing,
    *,
    at: datetime,
    weights: Any = None,
    core: str = "400.00",
    fiscal_year: int = 2026,
) -> Budget:
    """Let Fiona ask for a budget of Support, and Carl approve it."""
    budget = request_budget(
        unit=cast.support,
        fiscal_year=fiscal_year,
        core_usd=Decimal(core),
        experiment_usd=Decimal(0),
        note="As planned.",
        phasing=phasing,
        phasing_weights=weights,
        by=cast.fiona,
        at=at,
    )
    return take_budget_step(
        budget_id=budget.pk,
        action=BudgetAction.APPROVE,
        by=cast.carl,
        reason="",
        version=budget.version,
        at=at,
    )


def spend_daily(unit: Unit, first: date, last: date, usd: str) -> None:
    for number in range((last - first).days + 1):
        spend(unit, first + timedelta(days=number), usd)


def test_without_a_word_it_is_even_by_day(cast: Cast, at: datetime) -> None:
    standing = standing_of(budget=granted_budget(cast, core="365.00", at=at), on=date(2026, 2, 12))

    assert standing.core.pace_usd == 42
    assert standing.plan.amounts_usd()[:2] == [31, 28]


def test_weights_move_the_pace_the_multiple_and_the_burn_down(cast: Cast, at: datetime) -> None:
    budget = phased(cast, Phasing.WEIGHTS, weights=LAST_TWO, at=at)
    spend(cast.support, date(2026, 11, 3), "150.00")
    on = date(2026, 11, 11)

    standing = standing_of(budget=budget, on=on)
    core = standing.core
    plan = {row.day: row.plan_usd for row in budget_burn_down(standing).rows}

    # 300 of 400 are for November, a third of which is over.
    assert core.pace_usd == 100
    assert core.burn_multiple == Decimal("1.5")
    assert plan[date(2026, 10, 31)] == 400
    assert plan[date(2026, 11, 10)] == 300
    assert plan[date(2026, 11, 30)] == 100
    assert plan[date(2026, 12, 31)] == 0


def test_before_its_first_weight_a_budget_has_no_burn_multiple(cast: Cast, at: datetime) -> None:
    budget = phased(cast, Phasing.WEIGHTS, weights=LAST_TWO, at=at)
    spend(cast.support, date(2026, 3, 3), "1.00")

    assert standing_of(budget=budget, on=date(2026, 3, 10)).core.burn_multiple is None


def test_working_days_leave_the_weekend_out(cast: Cast, at: datetime) -> None:
    budget = phased(cast, Phasing.WORKING_DAYS, core="261.00", at=at)

    paces = [standing_of(budget=budget, on=date(2026, 1, day)).core.pace_usd for day in (3, 5, 6)]

    assert paces == [2, 2, 3]


def test_a_season_is_last_years_spend_of_the_units_core(cast: Cast, at: datetime) -> None:
    spend(cast.claims, date(2026, 1, 1), "1.00")
    spend(cast.claims, date(2026, 12, 31), "1.00")
    spend(cast.support, date(2026, 3, 5), "75.00")
    spend(cast.support, date(2026, 12, 5), "25.00")
    spend(cast.support, date(2026, 6, 5), "99.00", cost_object=new_cost_object(unit=cast.support))

    budget = phased(cast, Phasing.SEASONAL, fiscal_year=2027, at=at)

    amounts = standing_of(budget=budget, on=date(2027, 1, 1)).plan.amounts_usd()
    assert amounts == [0, 0, 300, 0, 0, 0, 0, 0, 0, 0, 0, 100]


def test_a_season_stays_as_it_was_when_it_was_asked_for(cast: Cast, at: datetime) -> None:
    spend_daily(cast.support, date(2026, 1, 1), date(2026, 12, 31), "1.00")
    budget = phased(cast, Phasing.SEASONAL, fiscal_year=2027, core="365.00", at=at)

    UnitDay.objects.filter(reporting_day__month=1).delete()

    amounts = standing_of(budget=budget, on=date(2027, 1, 1)).plan.amounts_usd()
    assert amounts[:2] == [31, 28]


def test_refunds_that_outweigh_a_period_make_its_weight_nothing(cast: Cast, at: datetime) -> None:
    spend(cast.support, date(2026, 1, 1), "-5.00")
    spend(cast.support, date(2026, 12, 31), "7.00")

    budget = phased(cast, Phasing.SEASONAL, fiscal_year=2027, at=at)

    assert budget.phasing_weights == [Decimal(0)] * 11 + [Decimal(7)]


class TestThereIsNoSeasonToGoBy:
    def test_where_last_year_was_never_opened(self, cast: Cast, at: datetime) -> None:
        with pytest.raises(Invalid, match=r"FY2025 was never opened\. Choose another phasing"):
            phased(cast, Phasing.SEASONAL, at=at)

    def test_where_nothing_was_spent(self, cast: Cast, at: datetime) -> None:
        spend(cast.claims, date(2026, 1, 1), "1.00")
        spend(cast.claims, date(2026, 12, 31), "1.00")

        with pytest.raises(Invalid, match="Support spent nothing in FY2026"):
            phased(cast, Phasing.SEASONAL, fiscal_year=2027, at=at)

    def test_where_last_year_is_not_over(self, cast: Cast, at: datetime) -> None:
        spend_daily(cast.support, date(2026, 1, 1), date(2026, 11, 19), "1.00")

        with pytest.raises(
            Invalid, match="usage of FY2026 P11 and FY2026 P12 is not known from first day to last"
        ):
            phased(cast, Phasing.SEASONAL, fiscal_year=2027, at=at)

    def test_where_nothing_was_ever_loaded(self, cast: Cast, at: datetime) -> None:
        with pytest.raises(Invalid, match="usage of FY2026 P1 and 11 more is not known"):
            phased(cast, Phasing.SEASONAL, fiscal_year=2027, at=at)

    def test_where_the_years_have_not_as_many_periods(self, cast: Cast, at: datetime) -> None:
        open_fiscal_year(fiscal_year=2025)
        FiscalPeriod.objects.filter(label="FY2025 P12").delete()

        with pytest.raises(Invalid, match="FY2025 has 11 periods and FY2026 has 12"):
            phased(cast, Phasing.SEASONAL, at=at)


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        (None, "FY2026 has 12 periods, so it needs 12 weights; there are 0."),
        ([Decimal(1)] * 11, "FY2026 has 12 periods, so it needs 12 weights; there are 11."),
        ([Decimal(0)] * 12, "One weight at least must be above zero."),
        (
            [Decimal(-1)] + [Decimal(1)] * 11,
            "A weight is a number of zero or more, with at most six decimals.",
        ),
        (
            [Decimal("0.1234567")] * 12,
            "A weight is a number of zero or more, with at most six decimals.",
        ),
        ([Decimal("NaN")] * 12, "A weight is a number of zero or more, with at most six decimals."),
    ],
)
def test_weights_that_do_not_fit_the_year_are_refused(
    cast: Cast, at: datetime, weights: Any, sentence: str
) -> None:
    with pytest.raises(Invalid) as refused:
        phased(cast, Phasing.WEIGHTS, weights=weights, at=at)

    assert refused.value.errors == (("/phasing_weights", sentence),)
    assert not Budget.objects.exists()


def test_a_year_of_a_weekend_has_no_working_day(cast: Cast, at: datetime) -> None:
    FiscalPeriod.objects.create(
        fiscal_year=2028,
        number=1,
        label="FY2028 P1",
        starts_on=date(2028, 1, 1),
        ends_on=date(2028, 1, 3),
    )

    with pytest.raises(Invalid, match="FY2028 has no working day"):
        phased(cast, Phasing.WORKING_DAYS, fiscal_year=2028, at=at)


def test_the_decision_is_on_the_phasing_too(cast: Cast, at: datetime) -> None:
    phased(cast, Phasing.WEIGHTS, weights=LAST_TWO, at=at)

    terms = Approval.objects.get().terms
    assert (terms["phasing"], terms["phasing_weights"]) == ("weights", "0 0 0 0 0 0 0 0 0 0 3 1")


def test_an_even_phasing_is_no_term_so_that_older_requests_stay_as_asked(
    cast: Cast, at: datetime
) -> None:
    granted_budget(cast, at=at)

    assert "phasing" not in Approval.objects.get().terms


def test_the_periods_stand_beside_what_was_used(cast: Cast, at: datetime) -> None:
    budget = granted_budget(cast, core="365.00", at=at)
    spend_daily(cast.support, date(2026, 1, 1), date(2026, 2, 3), "2.00")

    rows = planned_periods(standing_of(budget=budget, on=date(2026, 2, 4)))

    assert [row.planned_usd for row in rows[:3]] == [31, 28, 31]
    assert [row.used_usd for row in rows[:3]] == [62, 6, None]
    assert [row.working_days for row in rows[:3]] == [22, 20, 22]


@pytest.mark.parametrize(
    ("phasing", "weights"), [(Phasing.EVEN, LAST_TWO), (Phasing.WEIGHTS, None)]
)
def test_the_database_keeps_weights_where_it_is_phased_by_them(
    cast: Cast, at: datetime, phasing: Phasing, weights: Any
) -> None:
    budget = granted_budget(cast, at=at)

    with (
        pytest.raises(IntegrityError, match="budget_keeps_weights_where_it_is_phased_by_them"),
        transaction.atomic(),
    ):
        Budget.objects.filter(pk=budget.pk).update(phasing=phasing, phasing_weights=weights)
