"""Recalculates the tables of docs/arithmetic.md about quotas."""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from finops.quotas import (
    Counter,
    Metric,
    Terms,
    Window,
    bounds_of,
    carried_over,
    counted_since,
    days_of,
    judge,
    most,
    overbooked,
    prorated,
)
from tests.finops.document import Row
from tests.finops.notation import utc


def bindings(rows: list[Row]) -> None:
    for row in rows:
        counters = [
            Counter("person", Decimal(row["person's limit"]), Decimal(row["person used"])),
            Counter("team", Decimal(row["team's limit"]), Decimal(row["team used"])),
        ]
        verdict = judge(counters, Decimal(row["call"]))
        assert ("yes" if verdict.is_admitted else "no") == row["admitted"]
        assert verdict.binding == row["least room"]
        assert verdict.remaining == Decimal(row["room"])


def windows(rows: list[Row]) -> None:
    for row in rows:
        window, zone = Window(row["window"]), ZoneInfo(row["zone"])
        at = datetime.fromisoformat(row["at (UTC)"] + "+00:00")
        assert [utc(each) for each in bounds_of(window, at, zone)] == [
            row["counted together from"],
            row["until"],
        ]
        assert utc(counted_since(window, at, zone)) == row["counts since"]


def carried(rows: list[Row]) -> None:
    for row in rows:
        terms = Terms(Decimal(row["limit"]), Decimal(row["burst"]), int(row["carried over"][:-2]))
        before = Decimal(row["carried in"])
        assert most(terms, before) == Decimal(row["most"])
        assert carried_over(terms, Decimal(row["used"]), before) == Decimal(row["carried out"])


def shares(rows: list[Row]) -> None:
    for row in rows:
        days = days_of(Window(row["window"]), date.fromisoformat(row["joined on"]))
        share = prorated(
            Decimal(row["limit"]),
            days,
            date.fromisoformat(row["joined on"]),
            metric=Metric(row["metric"]),
        )
        assert share == Decimal(row["first window"])


def overbookings(rows: list[Row]) -> None:
    for row in rows:
        beneath = [Decimal(row["each beneath"])] * int(row["quotas beneath"])
        assert sum(beneath) == Decimal(row["promised"])
        assert overbooked(Decimal(row["above"]), beneath) == Decimal(row["overbooked by"])
