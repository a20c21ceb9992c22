"""Pricing whole frames: what `finops.pricing` says call by call, in integer columns.

Prices become whole micro-dollars per million tokens, so that tokens × price is a whole
number of pico-dollars. Calls whose prices have more decimals, or whose counters are
out of the ordinary, take the exact path row by row.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from finops.hours import MINUTES_OF_DAY, MINUTES_OF_WEEK
from finops.money import PICO_PER_USD
from finops.pricing import Fee, PriceCard, price_of, rate_call, thresholds
from finops.tokens import INPUT_CLASSES, TOKEN_CLASSES
from ingestion.queries.prices import Cards, PricedModel, cards_for, price_book_version
from org.refusals import Invalid

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

UNPRICED = -1  # costs are never negative
_PICO_PER_MTOK_USD = 10**6  # $1 a million tokens is 10**6 pico-dollars a token
_LARGEST = 2**63 - 1
_FEE_COUNTERS = ("requests", "web_searches")
_GROUP = ["provider", "model", "account", "service_tier", "region"]
_MICROS_PER_MINUTE = 60 * 10**6
_FIRST_WEEKDAY = 3  # 1 January 1970 was a Thursday


class RatedFrame(NamedTuple):
    """Pico-dollars per row, by the account's prices and by the list; -1 is unpriced."""

    cost_pico: Ints
    list_pico: Ints


class TooDear(Invalid):
    """A single call costs more than a stored call can: 9.2 million dollars."""


def rate_frame(frame: pd.DataFrame, *, version: int | None = None) -> RatedFrame:
    """Rate every row of a usage frame at its own time, model, account, tier and region.

    Lines of a report are rated alike; a frame without regions has none. `version` is the
    price book's, where the caller holds on to one.
    """
    version = price_book_version() if version is None else version
    frame = frame if "region" in frame else frame.assign(region="")
    cost = np.full(len(frame), UNPRICED, dtype=np.int64)
    listed = np.full(len(frame), UNPRICED, dtype=np.int64)
    for key, at in frame.groupby(_GROUP, sort=False, observed=True).indices.items():
        cards = cards_for(PricedModel(*cast(tuple[str, ...], key)), version=version)
        if cards is None:
            continue
        rows = frame.iloc[at]
        cost[at] = rate_rows(rows, cards.effective)
        listed[at] = cost[at] if _same(cards) else rate_rows(rows, cards.listed)
    return RatedFrame(cost, listed)


def rate_rows(rows: pd.DataFrame, cards: tuple[PriceCard, ...]) -> Ints:
    """Rate rows of one model on its cards; -1 where no card or no price holds."""
    pico = np.full(len(rows), UNPRICED, dtype=np.int64)
    started = rows["started_at"].to_numpy(dtype="datetime64[us]").astype(np.int64)
    for card in cards:
        held = _held(started, card)
        if held.any():
            pico[held] = _rate_on_card(rows[held], card)
    return pico


def _same(cards: Cards) -> bool:
    return cards.effective == cards.listed


def _held(started: Ints, card: PriceCard) -> Bools:
    held = np.ones(len(started), dtype=np.bool_)
    if card.starts_at is not None:
        held &= started >= _micros(card.starts_at)
    if card.ends_at is not None:
        held &= started < _micros(card.ends_at)
    if card.hours is not None:
        minutes = started // _MICROS_PER_MINUTE + _FIRST_WEEKDAY * MINUTES_OF_DAY
        minutes %= MINUTES_OF_WEEK
        opened = [(minutes >= start) & (minutes < end) for start, end in card.hours]
        held &= np.logical_or.reduce(opened)
    return held


def _micros(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)


def _rate_on_card(rows: pd.DataFrame, card: PriceCard) -> Ints:
    tokens = rows[list(TOKEN_CLASSES)].to_numpy(dtype=np.int64)
    context = tokens[:, : len(INPUT_CLASSES)].sum(axis=1)
    pico = np.full(len(rows), UNPRICED, dtype=np.int64)
    odd = (rows["counters"] != "").to_numpy(dtype=np.bool_)
    if card.bracket_marginal:
        odd = odd | (context > min(thresholds(card), default=_LARGEST))
    for bracket in _brackets(context, card):
        plain = bracket & ~odd
        if plain.any():
            pico[plain] = _rate_bracket(rows[plain], tokens[plain], int(context[plain][0]), card)
    if odd.any():
        pico[odd] = _rate_exactly(rows[odd], card)
    return pico


def _brackets(context: Ints, card: PriceCard) -> list[Bools]:
    """Part the rows by which thresholds their input has passed."""
    passed = np.zeros(len(context), dtype=np.int64)
    for threshold in thresholds(card):
        over = context >= threshold if card.bracket_inclusive else context > threshold
        passed += over
    return [passed == count for count in np.unique(passed)]


def _rate_bracket(rows: pd.DataFrame, tokens: Ints, context: int, card: PriceCard) -> Ints:
    used: Bools = np.any(tokens > 0, axis=0)
    prices = [
        price_of(name, context, card) if is_used else Decimal(0)
        for name, is_used in zip(TOKEN_CLASSES, used, strict=True)
    ]
    fees = {fee.counter: fee for fee in card.fees}
    counts = rows[list(_FEE_COUNTERS)].to_numpy(dtype=np.int64)
    micro = [_whole(price, _PICO_PER_MTOK_USD) for price in prices]
    each = [_pico_each(fees.get(name)) for name in _FEE_COUNTERS]
    if not _fits(tokens, micro) or not _fits(counts, each):
        return _rate_exactly(rows, card)
    known = np.array([0 if price is None else price for price in micro], dtype=np.int64)
    pico: Ints = tokens @ known + counts @ np.array(each, dtype=np.int64)
    unknown = np.array([price is None for price in prices], dtype=np.bool_)
    pico[(tokens[:, unknown] > 0).any(axis=1)] = UNPRICED
    return pico


def _whole(usd: Decimal | None, scale: int) -> int | None:
    """Return the price in whole small units: None is unknown, -1 has more decimals."""
    if usd is None:
        return None
    scaled = usd * scale
    return int(scaled) if scaled == scaled.to_integral_value() else -1


def _pico_each(fee: Fee | None) -> int:
    """Return the pico-dollars of one thing counted: -1 where they are no whole number."""
    pico = Fraction(fee.usd) * PICO_PER_USD / fee.units if fee else Fraction(0)
    return int(pico) if pico.denominator == 1 else -1


def _fits(counts: Ints, units: Sequence[int | None]) -> bool:
    """Test whether the product is exact and stays within 64 bits."""
    if any(unit == -1 for unit in units):
        return False
    most = counts.max(axis=0, initial=0)
    return sum(int(n) * (unit or 0) for n, unit in zip(most, units, strict=True)) <= _LARGEST // 2


def _rate_exactly(rows: pd.DataFrame, card: PriceCard) -> Ints:
    picos = []
    for row in rows.to_dict("records"):
        counters = {name: int(row[name]) for name in _FEE_COUNTERS} | _counters(row["counters"])
        rated = rate_call({name: int(row[name]) for name in TOKEN_CLASSES}, counters, card)
        if rated.pico is not None and rated.pico > _LARGEST:
            raise TooDear(f"Line {row['line']}: the call would cost more than $9.2 million.")
        picos.append(UNPRICED if rated.pico is None else rated.pico)
    return np.array(picos, dtype=np.int64)


def _counters(text: str) -> dict[str, int]:
    return {name: int(count) for name, count in json.loads(text).items()} if text else {}
