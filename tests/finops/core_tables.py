"""The tables of docs/arithmetic.md about what follows a graduation, recalculated."""

from datetime import date
from decimal import Decimal
from itertools import pairwise

from finops.core_review import Month, control_limits, judge_month
from finops.demotion import Sources, returned_to
from finops.graduation import core_addition, given_back, needs_true_up
from finops.money import to_cents
from finops.periods import Period
from finops.true_up import true_up_parts
from tests.finops.document import Row

FIRSTS = [date(2026, month, 1) for month in range(1, 13)] + [date(2027, 1, 1)]
YEAR = [Period(start, end) for start, end in pairwise(FIRSTS)]
GRADUATED, RATE = date(2026, 8, 1), Decimal("412.50")
GAVE = Sources(Decimal("57292.50"), Decimal("5820.00"))
HELD = core_addition(RATE, on=GRADUATED, periods=YEAR)


def months(rows: list[Row]) -> None:
    for row in rows:
        judged = judge_month(
            Month(
                cost_usd=Decimal(row["cost"]),
                outcomes=int(row["results"]),
                coverage=Decimal(row["told"]),
                unpriced_calls=0,
                baseline_usd=Decimal(row["baseline"]) if row["baseline"] else None,
            )
        )
        assert judged.verdict == row["verdict"]
        assert ("" if judged.unit_usd is None else f"{judged.unit_usd:.2f}") == row["result"]
        assert ("" if judged.dearer is None else f"{judged.dearer:.1%}") == row["dearer"]


def limits(rows: list[Row]) -> None:
    for row in rows:
        found = control_limits(
            Decimal(row["signed"]),
            level_usd=Decimal(row["level"]),
            cv=Decimal(row["cv"]),
            days=int(row["days"]),
        )
        assert found is not None
        assert f"{to_cents(found.lower_usd):f}" == row["lower"]
        assert f"{to_cents(found.upper_usd):f}" == row["upper"]


def demotions(rows: list[Row]) -> None:
    for row in rows:
        [back] = given_back([HELD], on=date.fromisoformat(row["from"]))
        total = sum((each.usd for each in back), Decimal("0.00"))
        to = returned_to(total, GAVE)
        assert str(sum(each.days for each in back)) == row["days"]
        assert (f"{total:f}", f"{to.contingency_usd:f}", f"{to.pool_usd:f}") == (
            row["back"],
            row["contingency"],
            row["pool"],
        )


def true_ups(rows: list[Row]) -> None:
    for row in rows:
        now = Decimal(row["measured"])
        moves = needs_true_up(RATE, now)
        assert f"{(now - RATE) / RATE:.1%}" == row["drift"]
        assert moves == (row["moves"] == "yes")
        if moves:
            closed = date.fromisoformat(row["closed until"] or "2026-01-01")
            held = [each for each in HELD if each.period.end > closed]
            [part] = true_up_parts(
                now, on=GRADUATED, periods=YEAR, shares=[Decimal(1)], held=[held]
            )
            assert f"{sum((each.usd for each in part), Decimal(0)):f}" == row["core"]
