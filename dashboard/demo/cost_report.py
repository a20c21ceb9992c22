"""What OpenAI says the last full months cost: nearly what was metered, as in real life."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import partial
from typing import Any

from dashboard.demo.calls import seeded
from dashboard.demo.cast import Cast
from dashboard.demo.catalogue import OPENAI
from dashboard.demo.deliveries import File, hand_in
from dashboard.demo.history import History, Scene
from finops.periods import ONE_DAY, Period
from finops.pricing import PriceCard, card_at, price_of
from ingestion.models import SliceDay
from ingestion.queries.prices import PricedModel, cards_for, price_book_version

ACCOUNT = "openai-main"
MONTHS = 3
REPORT_DAY = 15  # of the following month: by then every export of the gateway has come in
LINE_ITEMS = {
    "input": ("in_text",),
    "cached input": ("in_cache_read",),
    "output": ("out_text", "out_reasoning"),
}
Cards = tuple[PriceCard, ...]
_MTOK = 10**6
# An hour of this day of the month never reached our gateways, but the provider billed it.
LOST_HOUR_ON, LOST_HOUR = 17, Decimal(25) / Decimal(24)
FEE_WEEKDAY, USD_PER_SEARCH = 2, Decimal("0.01")
_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Metered:
    """Tokens of a model and project on one UTC day."""

    day: date
    model: str
    project: str
    tokens: dict[str, int]


def scenes(history: History, cast: Cast) -> Iterator[Scene]:
    first = history.today.replace(day=1)
    for _ in range(MONTHS):
        month = Period((first - ONE_DAY).replace(day=1), first)
        if month.start < history.start:
            return
        yield Scene(
            history.at(first + ONE_DAY * (REPORT_DAY - 1), "09:00"), partial(_send, cast, month)
        )
        first = month.start


def _send(cast: Cast, month: Period, at: datetime) -> None:
    name = f"openai-costs-{month.start:%Y-%m}.json"
    content = json.dumps(page(month, metered(month))).encode()
    hand_in(File(name, content, "openai-costs", ACCOUNT), by=cast.users["finance"], at=at)


def metered(month: Period) -> list[Metered]:
    """Return what our own meters counted for the account, by UTC day."""
    classes = [name for names in LINE_ITEMS.values() for name in names]
    rows = SliceDay.objects.filter(
        metered=True, slice__account=ACCOUNT, utc_day__gte=month.start, utc_day__lt=month.end
    ).select_related("slice")
    sums: dict[tuple[date, str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows.order_by("utc_day", "slice__model", "slice__project", "pk"):
        group = sums[row.utc_day, row.slice.model, row.slice.project]
        for name in classes:
            group[name] += getattr(row, name)
    return [Metered(*key, dict(tokens)) for key, tokens in sums.items()]


def page(month: Period, rows: list[Metered]) -> dict[str, Any]:
    """Return one page of the costs API that holds the whole month."""
    by_day: dict[date, list[Metered]] = defaultdict(list)
    for row in rows:
        by_day[row.day].append(row)
    days = [month.start + ONE_DAY * step for step in range(month.days)]
    book = {name: _listed(name) for name in {row.model for row in rows}}
    return {
        "object": "page",
        "data": [_bucket(day, by_day[day], book) for day in days],
        "has_more": False,
        "next_page": None,
    }


def _listed(model: str) -> Cards:
    priced = PricedModel(OPENAI, model, ACCOUNT, "standard")
    cards = cards_for(priced, version=price_book_version())
    return cards.listed if cards else ()


def _bucket(day: date, rows: list[Metered], book: Mapping[str, Cards]) -> dict[str, Any]:
    results = [line for row in rows for line in _lines(row, book[row.model])]
    if day.weekday() == FEE_WEEKDAY and rows:
        searches = seeded("searches", day).randint(3, 40)
        results.append(_result("Web search", "", searches * USD_PER_SEARCH, searches, "searches"))
    return {
        "object": "bucket",
        "start_time": _epoch(day),
        "end_time": _epoch(day + ONE_DAY),
        "results": results,
    }


def _lines(row: Metered, cards: Cards) -> Iterator[dict[str, Any]]:
    card = card_at(cards, datetime.combine(row.day, time(12), UTC))
    if card is None:
        return  # a model of our own: its hours are billed elsewhere
    for item, classes in LINE_ITEMS.items():
        tokens = sum(row.tokens[name] for name in classes)
        price = price_of(classes[0], 0, card)
        if tokens and price is not None:
            usd = tokens * price / _MTOK
            if row.day.day == LOST_HOUR_ON:
                usd *= LOST_HOUR
            yield _result(f"{row.model}, {item}", row.project, usd, tokens, "tokens")


def _result(line_item: str, project: str, usd: Decimal, quantity: int, unit: str) -> dict[str, Any]:
    """Return a line whose amount carries the digits of a float, as the API's do."""
    return {
        "object": "organization.costs.result",
        "amount": {"value": _as_float_text(usd), "currency": "usd"},
        "line_item": line_item,
        "project_id": f"proj_{project}" if project else None,
        "quantity": quantity,
        "quantity_unit": unit,
    }


def _as_float_text(usd: Decimal) -> str:
    return f"{float(usd):.{_DIGITS}f}"


def _epoch(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp())
