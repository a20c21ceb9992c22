"""Which limit is met first: worked by hand."""

from datetime import date
from decimal import Decimal

import pytest

from finops.binding import Limit, binds_first, pace_usd, reached_on

ON = date(2027, 3, 1)


def limit(left: str, pace: str, until: date | None = None, name: str = "cap") -> Limit:
    return Limit(name, Decimal(left), Decimal(pace), until)


@pytest.mark.parametrize(
    ("left", "pace", "until", "day"),
    [
        ("140", "10", None, date(2027, 3, 14)),  # fourteen days, today among them
        ("141", "10", None, date(2027, 3, 15)),
        ("10", "10", date(2027, 3, 2), ON),  # a day's cap that a day fills
        ("10", "9.99", date(2027, 3, 2), None),
        ("140", "10", date(2027, 3, 14), None),  # over before it is met
        ("140", "10", date(2027, 3, 15), date(2027, 3, 14)),
        ("0", "0", None, ON),
        ("-5", "1", date(2027, 3, 2), ON),
        ("1", "0", None, None),
    ],
)
def test_a_limit_is_met_on_the_day_whose_spend_uses_it_up(
    left: str, pace: str, until: date | None, day: date | None
) -> None:
    assert reached_on(limit(left, pace, until), on=ON) == day


def test_the_first_to_be_met_binds_and_of_two_on_one_day_the_smaller() -> None:
    total, day = limit("140", "10", name="total"), limit("12", "10", date(2027, 3, 2), "day")
    small = limit("135", "10", name="small")

    assert binds_first([total, day], on=ON) == (total, date(2027, 3, 14))
    assert binds_first([total, small], on=ON) == (small, date(2027, 3, 14))
    assert binds_first([day], on=ON) is None


def test_the_pace_is_the_mean_of_the_last_seven_known_days() -> None:
    days = [(date(2027, 2, number), Decimal(number)) for number in range(1, 10)]

    assert pace_usd(days) == Decimal(6)  # 3 to 9
    assert pace_usd(days[:2]) == Decimal("1.5")
    assert pace_usd([]) is None
