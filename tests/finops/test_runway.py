"""How long cash lasts: by hand, and at the edges."""

from datetime import date
from decimal import Decimal

from finops.money import to_cents
from finops.runway import Runway, runway

AS_OF = date(2026, 11, 1)


def of(cash: str, burn: str, over: str = "0") -> Runway:
    return runway(
        cash_usd=Decimal(cash),
        net_burn_usd_per_month=Decimal(burn),
        as_of=AS_OF,
        overspend_usd=Decimal(over),
    )


def test_cash_lasts_as_many_months_as_it_holds_the_burn() -> None:
    found = of("1800000", "150000")

    assert found.months == 12
    assert found.ends_on == date(2027, 11, 1)  # 365.25 days, begun ones left out


def test_a_night_of_a_loop_costs_days_of_the_company() -> None:
    # 60 workers at $0.25 every five seconds for twelve hours.
    loop_usd = Decimal(60) * Decimal("0.25") * (12 * 3600 // 5)

    found = of("1800000", "150000", str(loop_usd))

    assert loop_usd == Decimal(129600)
    assert found.lost_days is not None
    assert to_cents(found.lost_days / Decimal("30.4375")) == Decimal("0.86")
    assert to_cents(found.lost_days) == Decimal("26.30")


def test_who_stays_within_the_plan_loses_nothing() -> None:
    assert of("1800000", "150000", "-500").lost_days == 0


def test_who_earns_has_no_end() -> None:
    assert of("1800000", "0") == of("1800000", "-1") == Runway(None, None, None)


def test_no_cash_ends_today_and_very_much_of_it_never() -> None:
    assert of("0", "10").ends_on == AS_OF
    assert of("999999999999", "0.01").ends_on is None
