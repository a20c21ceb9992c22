"""Days of a cost object at the prices of another moment, and days of which nobody can tell."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from finops.periods import ONE_DAY, Period
from ingestion.models import SliceDay
from ingestion.operations.prices import Discount, OwnPrices, set_prices
from ingestion.queries.repriced_days import Repriced, Wanted, repriced_days
from org.models import CostObject
from tests.factories.ingestion import assign, new_slice
from tests.org_cast import Cast

FIRST = date(2026, 11, 16)
THIRD = datetime(2026, 11, 18, tzinfo=UTC)
DAYS = Period(FIRST, FIRST + ONE_DAY * 4)


@pytest.fixture
def drafter(cast: Cast) -> CostObject:
    return CostObject.objects.create(slug="drafter", name="Drafter", unit=cast.support)


def priced(cast: Cast, usd: str, *, since: datetime | None = None, **changes: Any) -> None:
    """Let a million tokens of text in cost so much, from a moment on."""
    draft = OwnPrices(
        **{"provider": "acme", "model": "m-1", "usd": {"in_text": Decimal(usd)}, "starts_at": since}
        | changes
    )
    set_prices(draft=draft, by=cast.fiona, at=datetime(2026, 11, 1, tzinfo=UTC))


def used(cost_object: CostObject, place: int, usd: str, *, mtok: int = 1, **values: Any) -> None:
    """Book a day's calls: so many million tokens in ten calls, for so much."""
    day = FIRST + ONE_DAY * place
    of_model = {name: values.pop(name) for name in ("model", "account") if name in values}
    slice_ = new_slice(provider="acme", **{"model": "m-1", "account": "main"} | of_model)
    assign(slice_, unit=cost_object.unit, cost_object=cost_object)
    SliceDay.objects.create(
        **{
            "reporting_day": day, "utc_day": day, "slice": slice_, "status": 1, "metered": True,
            "calls": 10, "requests": 10, "cost_usd": Decimal(usd), "list_usd": Decimal(usd),
            "in_text": mtok * 10**6,
        }
        | values
    )  # fmt: skip


def at_the_end(cost_object: CostObject) -> Mapping[date, Repriced]:
    last = datetime.combine(DAYS.end, time(), UTC) - ONE_DAY / 2
    return repriced_days({cost_object.pk: Wanted(DAYS, last)}).get(cost_object.pk, {})


def test_days_before_a_change_are_priced_at_what_holds_on_the_last(
    cast: Cast, drafter: CostObject
) -> None:
    priced(cast, "10")
    priced(cast, "4", since=THIRD)
    for place, usd in enumerate(("10", "20", "4", "8")):
        used(drafter, place, usd, mtok=2 if place % 2 else 1)

    # One and two million tokens at $4 instead of $10; the other days had that price already.
    assert at_the_end(drafter) == {
        FIRST: Repriced(Decimal(10), Decimal(4), ("m-1",)),
        FIRST + ONE_DAY: Repriced(Decimal(20), Decimal(8), ("m-1",)),
    }


def test_nothing_moves_where_no_price_changed(cast: Cast, drafter: CostObject) -> None:
    priced(cast, "10")
    used(drafter, 0, "10")
    used(drafter, 1, "7.77")  # stated by the provider, as it may be

    assert at_the_end(drafter) == {}


def test_a_discount_of_the_account_is_a_price_as_well(cast: Cast, drafter: CostObject) -> None:
    priced(cast, "10")
    discount = Discount(
        provider="acme", account="main", percent=Decimal(25), starts_at=THIRD, model="m-*"
    )
    set_prices(draft=discount, by=cast.fiona, at=datetime(2026, 11, 1, tzinfo=UTC))
    used(drafter, 0, "10")
    used(drafter, 1, "10", account="other")

    assert at_the_end(drafter) == {FIRST: Repriced(Decimal(10), Decimal("7.5"), ("m-1",))}


@pytest.mark.parametrize(
    ("usd", "values"),
    [
        ("9.99", {}),  # stated, or of another tier: not what the book says
        ("0", {"status": 0}),
        ("10", {"out_text": 1000}),  # a class without a price
    ],
)
def test_a_day_that_the_book_does_not_explain_keeps_its_cost(
    cast: Cast, drafter: CostObject, usd: str, values: dict[str, Any]
) -> None:
    priced(cast, "10")
    priced(cast, "4", since=THIRD)
    used(drafter, 0, usd, **values)

    assert at_the_end(drafter) == {FIRST: Repriced(Decimal(usd), None, ("m-1",))}


def test_the_rounding_of_each_call_is_no_difference(cast: Cast, drafter: CostObject) -> None:
    priced(cast, "10")
    priced(cast, "4", since=THIRD)
    used(drafter, 0, "10.000000000005")  # ten calls, each half a pico-dollar up
    used(drafter, 1, "10.000000000006")

    assert [each.to_usd for each in at_the_end(drafter).values()] == [Decimal(4), None]


def test_a_day_on_which_the_price_changed_keeps_its_cost(cast: Cast, drafter: CostObject) -> None:
    priced(cast, "10")
    priced(cast, "4", since=THIRD.replace(hour=12))
    used(drafter, 2, "7")

    assert at_the_end(drafter) == {
        FIRST + ONE_DAY * 2: Repriced(Decimal(7), None, ("m-1",)),
    }


@pytest.mark.parametrize(("threshold_before", "to_usd"), [(0, None), (200_000, Decimal(4))])
def test_a_bracket_by_the_size_of_calls_is_told_where_it_was_there_before(
    cast: Cast, drafter: CostObject, threshold_before: int, to_usd: Decimal | None
) -> None:
    """What the lowest bracket of its own card explains, holds no call of a higher one."""
    priced(cast, "10")
    if threshold_before:
        priced(cast, "30", bracket_min_tokens=threshold_before)
    priced(cast, "4", since=THIRD)
    priced(cast, "12", since=THIRD, bracket_min_tokens=200_000)
    used(drafter, 0, "10")

    assert at_the_end(drafter)[FIRST].to_usd == to_usd


def test_one_model_that_cannot_be_told_keeps_the_whole_day(cast: Cast, drafter: CostObject) -> None:
    for model in ("m-1", "m-2"):
        priced(cast, "10", model=model)
        priced(cast, "4", since=THIRD, model=model)
    used(drafter, 0, "10")
    used(drafter, 0, "9", model="m-2")

    assert at_the_end(drafter) == {FIRST: Repriced(Decimal(19), None, ("m-1", "m-2"))}
