"""The tables of graduations in docs/arithmetic.md, recalculated."""

from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise

from finops.graduation import (
    Funding,
    core_addition,
    journal_of,
    next_year_baseline_usd,
    released_usd,
)
from finops.periods import Period
from tests.finops.document import Row

FIRSTS = [*(date(2026, month, 1) for month in range(1, 13)), date(2027, 1, 1)]
YEAR = [Period(start, end) for start, end in pairwise(FIRSTS)]


def core_by_period(rows: list[Row]) -> None:
    for row in rows:
        on = datetime.strptime(f"{row['from']} 2026", "%d %b %Y").date()  # noqa: DTZ007 -- a day
        found = {
            f"{each.period.end.replace(day=1) - date.resolution:%B}": each
            for each in core_addition(Decimal(row["run rate"]), on=on, periods=YEAR)
        }
        phased = found[row["period"]]
        assert (str(phased.days), f"{phased.usd:.2f}") == (row["days"], row["core"])


def journals(rows: list[Row]) -> None:
    for row in rows:
        left = released_usd(
            allocation_usd=Decimal(row["allotted"]),
            actual_usd=Decimal(row["used"]),
            reserved_usd=Decimal(0),
            pending_usd=Decimal(row["pending"]),
        )
        core_usd = Decimal(row["core"])
        found = journal_of(Funding(row["funding"]), core_usd=core_usd, released_usd=left)
        shown = [
            f"{usd + 0:.2f}" for usd in (found.core_usd, found.pool_usd, found.contingency_usd)
        ]
        assert shown == [row["core"], row["pool"], row["contingency"]]
        assert found.sum_usd == 0


def next_year(rows: list[Row]) -> None:
    for row in rows:
        found = next_year_baseline_usd(
            Decimal(row["run rate"]), days=int(row["days"]), volume_index=Decimal(row["volume"])
        )
        assert f"{found:.2f}" == row["begins with"]
