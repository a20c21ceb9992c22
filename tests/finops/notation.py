"""How the tables of docs/arithmetic.md write cards, counts, days and series."""

import re
from calendar import day_name
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from finops.calendars import (
    Calendar,
    Months,
    Weeks,
    YearEnd,
    quarters_of,
    thirteen_of_four,
)
from finops.periods import Period
from finops.phasing import Plan, even_plan, weighted_plan, working_day_plan
from finops.price_book import Entry
from finops.pricing import Fee, Price, PriceCard
from tests.finops.document import Row

_REPEATED = re.compile(r"(?P<times>\d+) \u00d7 \[(?P<days>[^\]]+)\]")


def day(cell: str) -> date | None:
    return date.fromisoformat(cell) if cell else None


def calendar(words: str) -> Calendar:
    """Read `months from 7`, or `4-4-5 Sunday 2 last`: pattern, week's start, month, rule."""
    if words.startswith("months from "):
        return Months(int(words.removeprefix("months from ")))
    pattern, weekday, month, rule = words.split()
    first, second, third = map(int, pattern.split("-")) if pattern != "13x4" else (0, 0, 0)
    lengths = quarters_of((first, second, third)) if first else thirteen_of_four()
    return Weeks(lengths, int(month), list(day_name).index(weekday), YearEnd(rule))


def calendar_of(row: Row) -> Calendar:
    names = ("pattern", "week starts on", "starts in month", "rule")
    return calendar(" ".join(row[name] for name in names))


def plan_of(row: Row) -> Plan:
    """Read `calendar`, `fiscal year`, `phasing` and, one number a period, `weights`."""
    days = [each.period for each in calendar(row["calendar"]).year(int(row["fiscal year"]))]
    match row["phasing"]:
        case "even":
            return even_plan(days)
        case "working days":
            return working_day_plan(days)
    return weighted_plan(days, [Decimal(weight) for weight in row["weights"].split()])


def period_days(row: Row) -> tuple[date | None, date | None]:
    return day(row["from"]), day(row["until"])


def last_day(period: Period) -> str:
    return (period.end - timedelta(days=1)).isoformat()


def utc(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat()


def counts(cell: str) -> dict[str, int]:
    """Read `in_text 100, out_text 50`."""
    return {name: int(count) for name, count in _pairs(cell)}


def price_card(row: Row) -> PriceCard:
    """Read `in_text 1.25, in_text>200000 2.50` and fees written alike."""
    return PriceCard(
        prices=tuple(_price(name, usd) for name, usd in _pairs(row["prices"])),
        fees=tuple(Fee(name, Decimal(usd)) for name, usd in _pairs(row["fees"])),
    )


def entries(card: PriceCard) -> list[Entry]:
    """Return the rows of a list that says what the card says."""
    return [
        *(
            Entry(
                price.token_class, price.usd_per_mtok, bracket_min_tokens=price.bracket_min_tokens
            )
            for price in card.prices
        ),
        *(Entry(fee.counter, fee.usd, fee.units) for fee in card.fees),
    ]


def minutes(clock: str) -> int:
    """Read `16:30` as minutes since midnight."""
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def daily_series(cell: str, *, start: date) -> list[tuple[date, Decimal]]:
    """Read dollars in brackets, each bracket repeated as often as it says, day after day."""
    amounts = [
        Decimal(usd)
        for repeated in _REPEATED.finditer(cell)
        for usd in repeated["days"].split() * int(repeated["times"])
    ]
    return [(start + timedelta(days=step), usd) for step, usd in enumerate(amounts)]


def _price(name: str, usd: str) -> Price:
    token_class, _, bracket = name.partition(">")
    return Price(token_class, Decimal(usd), int(bracket or 0))


def _pairs(cell: str) -> list[tuple[str, str]]:
    entries = [entry.split() for entry in cell.split(", ") if entry]
    return [(name, value) for name, value in entries]
