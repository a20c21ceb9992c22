"""Business figures: whole or not at all, corrected by another row, never twice for a day."""

from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError

from ingestion.models import Headcount, MonthlyCount, OtherCogs, Revenue
from ingestion.operations.metrics import FIGURES, Recorded, record_figures
from org.models import FiscalPeriod, User
from org.refusals import Invalid, NotAllowed
from tests.factories.outcomes import defined
from tests.org_cast import Cast, gather
from tests.races import race

NOVEMBER = (date(2026, 11, 1), date(2026, 12, 1))


@pytest.fixture
def _sold(cast: Cast, at: datetime) -> None:
    defined(cast, at=at, kind="customer", product="assist")


def record(name: str, *records: Any, by: User, at: datetime) -> Recorded:
    return record_figures(figure=FIGURES[name], records=records, by=by, at=at)


def revenue(usd: str = "1000", **more: Any) -> dict[str, Any]:
    return {"product": "assist", "period": "2026-11", "amount_usd": usd} | more


@pytest.mark.parametrize(
    ("period", "days"),
    [
        ("2026-11", NOVEMBER),
        ("2026-02", (date(2026, 2, 1), date(2026, 3, 1))),
        ("2026-12-31", (date(2026, 12, 31), date(2027, 1, 1))),
        ("FY2026 P11", NOVEMBER),
    ],
)
@pytest.mark.usefixtures("_sold")
def test_revenue_stands_for_the_days_that_are_named(
    cast: Cast, at: datetime, period: str, days: tuple[date, date]
) -> None:
    result = record("revenue", revenue(period=period, source="ERP"), by=cast.fiona, at=at)

    row = Revenue.objects.get()
    assert result == Recorded(1, 0, 0)
    assert ((row.starts_on, row.ends_on), row.source) == (days, "ERP")


@pytest.mark.usefixtures("_sold")
def test_a_correction_takes_the_place_of_what_stood_and_the_same_again_changes_nothing(
    cast: Cast, at: datetime
) -> None:
    record("revenue", revenue("1000"), by=cast.fiona, at=at)

    same = record("revenue", revenue("1000.00"), by=cast.fiona, at=at)
    other = record("revenue", revenue("1100"), by=cast.ada, at=at)

    assert (same, other) == (Recorded(0, 0, 1), Recorded(0, 1, 0))
    assert list(
        Revenue.objects.order_by("pk").values_list("amount_usd", "superseded_at", "recorded_by")
    ) == [(Decimal(1000), at, cast.fiona.pk), (Decimal(1100), None, cast.ada.pk)]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"product": "other"}, "product: no outcome definition names the product 'other'"),
        ({"product": ""}, "product: is missing."),
        ({"period": "November"}, "period: 'November' is no day"),
        ({"period": "2026-13"}, "period: '2026-13' is no day"),
        ({"period": "1926-11"}, "period: '1926-11' is no day"),
        ({"period": "FY1999 P1"}, "period: there is no fiscal period 'FY1999 P1'."),
        ({"period": "2026-11-07"}, "a figure stands for 2026-11-01 to 2026-12-01 already"),
        ({"amount_usd": "1.005"}, "amount_usd: has more than 2 digits"),
        ({"amount_usd": "1" * 13}, "amount_usd: has more than 12 digits before the dot."),
    ],
)
@pytest.mark.usefixtures("_sold")
def test_one_record_that_cannot_be_kept_keeps_all_of_them_out(
    cast: Cast, at: datetime, changes: dict[str, Any], sentence: str
) -> None:
    records = [revenue(), revenue(period="2026-10"), revenue() | changes]

    with pytest.raises(Invalid, match=r"Nothing was kept\. Record 2: ") as refusal:
        record("revenue", *records, by=cast.fiona, at=at)

    assert sentence in refusal.value.errors[0].detail
    assert refusal.value.errors[0].pointer == "/2"
    assert not Revenue.objects.exists()


@pytest.mark.usefixtures("_sold")
def test_other_costs_are_apart_from_revenue_and_may_be_taken_back(cast: Cast, at: datetime) -> None:
    record("revenue", revenue(), by=cast.fiona, at=at)

    record("cogs", revenue("-12.50"), by=cast.fiona, at=at)

    assert OtherCogs.objects.get().amount_usd == Decimal("-12.50")


@pytest.mark.usefixtures("_sold")
def test_monthly_counts_are_of_whole_fiscal_periods(cast: Cast, at: datetime) -> None:
    counted = {"definition": "ticket-answered", "started": 9500, "succeeded": 7790}

    record("counts", counted | {"period": "2026-11", "escalated": 1710}, by=cast.fiona, at=at)

    row = MonthlyCount.objects.get()
    assert (row.started, row.succeeded, row.escalated) == (9500, 7790, 1710)
    with pytest.raises(Invalid, match="2026-12-05 to 2026-12-06 is no fiscal period"):
        record("counts", counted | {"period": "2026-12-05"}, by=cast.fiona, at=at)
    with pytest.raises(Invalid, match="9,501 tasks succeeded or were escalated, and only 9,500"):
        record(
            "counts",
            counted | {"period": "2026-10", "escalated": "1711"},
            by=cast.fiona,
            at=at,
        )
    with pytest.raises(Invalid, match="'-3' is not a whole number of tasks"):
        record("counts", counted | {"period": "2026-10", "started": -3}, by=cast.fiona, at=at)


def test_headcount_is_recorded_by_finance_alone(cast: Cast, at: datetime) -> None:
    people = {"unit": "support", "period": "2026-11", "people": "12.5", "loaded_cost_usd": 90000}

    record("headcount", people, by=cast.fiona, at=at)

    assert Headcount.objects.get().people == Decimal("12.5")
    for person in (cast.ada, cast.carl, cast.grace, cast.ed, cast.aud):
        with pytest.raises(NotAllowed, match=r"recorded by FinOps analysts\."):
            record("headcount", people, by=person, at=at)


def test_who_spends_records_no_revenue(cast: Cast, at: datetime) -> None:
    for person in (cast.carl, cast.grace, cast.ed, cast.aud, cast.stan):
        with pytest.raises(NotAllowed, match="by FinOps analysts and administrators"):
            record("revenue", revenue(), by=person, at=at)


@pytest.mark.usefixtures("_sold")
def test_a_closed_period_keeps_its_figures_and_so_does_the_database(
    cast: Cast, at: datetime
) -> None:
    record("revenue", revenue(), by=cast.fiona, at=at)
    FiscalPeriod.objects.containing(NOVEMBER[0]).update(state="closed")

    with pytest.raises(Invalid, match="FY2026 P11 is closed"):
        record("revenue", revenue("7"), by=cast.fiona, at=at)
    with pytest.raises(IntegrityError, match="FY2026 P11 is closed"):
        Revenue.objects.update(superseded_at=at)


@pytest.mark.usefixtures("_sold")
def test_the_database_lets_no_two_figures_stand_for_a_day(cast: Cast, at: datetime) -> None:
    record("revenue", revenue(), by=cast.fiona, at=at)

    with pytest.raises(IntegrityError, match="revenue_of_a_day_stands_once"):
        Revenue.objects.create(
            product="assist",
            starts_on=date(2026, 11, 30),
            ends_on=date(2026, 12, 2),
            amount_usd=1,
            recorded_at=at,
            recorded_by=cast.fiona,
        )


@pytest.mark.usefixtures("_sold")
def test_a_figure_is_never_edited(cast: Cast, at: datetime) -> None:
    record("revenue", revenue(), by=cast.fiona, at=at)

    with pytest.raises(ProgrammingError, match="permission denied"):
        Revenue.objects.update(amount_usd=2)


@pytest.mark.django_db(transaction=True)
def test_two_corrections_at_once_leave_one_standing(at: datetime) -> None:
    cast = gather()
    defined(cast, at=at, kind="customer", product="assist")

    for number in range(5):
        results = race(
            *(
                partial(record, "revenue", revenue(usd), by=cast.fiona, at=at)
                for usd in (f"{number}.01", f"{number}.02", f"{number}.03")
            )
        )
        assert all(isinstance(result, Recorded) for result in results), results

    assert Revenue.objects.filter(superseded_at=None).count() == 1
    assert Revenue.objects.count() == 15
