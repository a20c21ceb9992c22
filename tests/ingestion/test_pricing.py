"""Frames are priced as the scalar oracle prices calls, to the pico-dollar."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.pricing import Fee, Price, PriceCard, card_at, rate_call
from finops.tokens import TOKEN_CLASSES
from ingestion.pricing import UNPRICED, TooDear, rate_rows
from ingestion.readers.contract import usage_frame

START = datetime(2026, 1, 1, tzinfo=UTC)
CHANGE = datetime(2026, 7, 1, tzinfo=UTC)
WEEK = 7 * 24 * 60
# The first quarter of the hour after the change, a Wednesday, has prices of its own.
NIGHT = 2 * 24 * 60
TILL = NIGHT + 15

classes = st.sampled_from(TOKEN_CLASSES)
# Most prices have a few decimals; some have more than a pico-dollar a token can show.
usd = st.one_of(
    st.decimals("0", "100", places=4), st.decimals("0", "1", places=12), st.just(Decimal(0))
)
prices = st.lists(
    st.builds(Price, classes, usd, st.sampled_from([0, 200_000])),
    unique_by=lambda price: (price.token_class, price.bracket_min_tokens),
    max_size=12,
)
fees = st.lists(
    st.builds(
        Fee,
        st.sampled_from(["requests", "web_searches", "pages"]),
        usd,
        st.sampled_from([1000, 10**6, 3600]),
    ),
    unique_by=lambda fee: fee.counter,
    max_size=3,
)
counts = st.one_of(st.just(0), st.integers(0, 300_000))
calls = st.fixed_dictionaries(
    {
        "started_at": st.datetimes(
            datetime(2026, 6, 30, 23),  # noqa: DTZ001 -- the zone is added by hypothesis
            datetime(2026, 7, 1, 1),  # noqa: DTZ001 -- as above
            timezones=st.just(UTC),
        ),
        "web_searches": st.integers(0, 5),
        "requests": st.integers(0, 3),
        "counters": st.sampled_from(["", '{"pages":3}', '{"characters":10,"pages":1}']),
        **dict.fromkeys(TOKEN_CLASSES, counts),
    }
)


def _cards(
    before: list[Price], after: list[Price], at_night: list[Price], charged: list[Fee]
) -> tuple[PriceCard, ...]:
    fee_rows = tuple(charged)
    return (
        PriceCard(tuple(before), fee_rows, None, CHANGE),
        PriceCard(tuple(after), fee_rows, CHANGE, None, hours=((0, NIGHT), (TILL, WEEK))),
        PriceCard(tuple(at_night), fee_rows, CHANGE, None, hours=((NIGHT, TILL),)),
    )


books = st.builds(_cards, prices, prices, prices, fees)
rules = st.sampled_from([{}, {"bracket_inclusive": True}, {"bracket_marginal": True}])


@given(st.lists(calls, min_size=1, max_size=8), books, rules)
def test_a_frame_costs_what_its_calls_cost_one_by_one(
    rows: list[dict[str, object]], book: tuple[PriceCard, ...], rule: Mapping[str, Any]
) -> None:
    cards = tuple(replace(card, **rule) for card in book)
    frame = usage_frame([{"line": 1, "provider": "p", "model": "m", **row} for row in rows])

    rated = rate_rows(frame, cards).tolist()

    assert rated == [_one_by_one(row, cards) for row in rows]


def _one_by_one(row: dict[str, object], cards: tuple[PriceCard, ...]) -> int:
    card = card_at(cards, row["started_at"])  # type: ignore[arg-type]
    assert card is not None
    tokens = {name: row[name] for name in TOKEN_CLASSES}
    counters = {"web_searches": row["web_searches"], "requests": row["requests"]}
    counters |= {"": {}, '{"pages":3}': {"pages": 3}}.get(
        str(row["counters"]), {"characters": 10, "pages": 1}
    )
    pico = rate_call(tokens, counters, card).pico  # type: ignore[arg-type]
    return UNPRICED if pico is None else pico


def test_the_price_changes_with_the_first_instant_of_the_new_card() -> None:
    cards = (
        PriceCard((Price("in_text", Decimal(2)),), ends_at=CHANGE),
        PriceCard((Price("in_text", Decimal(1)),), starts_at=CHANGE),
    )
    rows = [
        {"line": 1, "provider": "p", "model": "m", "in_text": 10, "started_at": at}
        for at in (CHANGE - timedelta(microseconds=1), CHANGE)
    ]

    assert rate_rows(usage_frame(rows), cards).tolist() == [20_000_000, 10_000_000]


def test_before_the_first_card_a_call_is_unpriced() -> None:
    cards = (PriceCard((Price("in_text", Decimal(1)),), starts_at=CHANGE),)
    row = {"line": 1, "provider": "p", "model": "m", "in_text": 10, "started_at": START}

    assert rate_rows(usage_frame([row]), cards).tolist() == [UNPRICED]


def test_a_call_dearer_than_the_ledger_holds_is_refused() -> None:
    cards = (PriceCard((Price("in_text", Decimal(10**8)),)),)
    row = {"line": 7, "provider": "p", "model": "m", "in_text": 2**31 - 1, "started_at": START}

    with pytest.raises(TooDear, match="Line 7"):
        rate_rows(usage_frame([row]), cards)
