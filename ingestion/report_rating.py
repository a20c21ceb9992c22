"""Rating lines of reports: what the price book says of sums of many calls."""

from dataclasses import replace
from typing import cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from finops.pricing import PriceCard
from finops.tokens import TOKEN_CLASSES
from ingestion.amounts import picos_of
from ingestion.pricing import UNPRICED, Ints, RatedFrame, rate_rows
from ingestion.queries.prices import PricedModel, cards_for

USAGE = "usage"
_PRICED_BY = ["provider", "model", "account", "service_tier", "region"]


def rate_lines(frame: pd.DataFrame, *, version: int) -> RatedFrame:
    """Rate the usage that counts anything by a version of the price book; -1 is unpriced.

    `frame` has the columns of a report frame.
    """
    cost = np.full(len(frame), UNPRICED, dtype=np.int64)
    listed = np.full(len(frame), UNPRICED, dtype=np.int64)
    wanted = _is_priceable(frame)
    for key, of_key in frame.groupby(_PRICED_BY, sort=False, observed=True).indices.items():
        rows_of_key = cast(Ints, of_key)
        at = rows_of_key[wanted[rows_of_key]]
        cards = cards_for(PricedModel(*cast(tuple[str, ...], key)), version=version)
        if cards is None or not len(at):
            continue
        rows = frame.iloc[at]
        cost[at] = rate_rows(rows, _without_brackets(cards.effective))
        is_list = cards.effective == cards.listed
        listed[at] = cost[at] if is_list else rate_rows(rows, _without_brackets(cards.listed))
    return RatedFrame(cost, listed)


def _is_priceable(frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Test which lines are usage that the price book can rate.

    A line that counts nothing the book knows, but states money or tells a quantity of
    something else, is not free: what it cost by the book is unknown.
    """
    counts = frame[[*TOKEN_CLASSES, "web_searches"]].to_numpy(dtype=np.int64)
    counts_something = counts.any(axis=1) | (frame["counters"] != "").to_numpy()
    is_of_something_else = _says(frame["quantity"]) | (frame["stated_usd"] != "").to_numpy()
    is_usage = (frame["charge_category"] == USAGE).to_numpy()
    return is_usage & (counts_something | ~is_of_something_else)


def _says(quantities: pd.Series) -> npt.NDArray[np.bool_]:
    """Test which quantities are told and not zero, to the twelve decimals that are kept."""
    told = picos_of(quantities)
    is_some: npt.NDArray[np.bool_] = told.known & (told.pico != 0)
    return is_some


def _without_brackets(cards: tuple[PriceCard, ...]) -> tuple[PriceCard, ...]:
    """Leave out what long calls cost more: a line sums calls and does not know their length."""
    return tuple(
        replace(card, prices=tuple(p for p in card.prices if not p.bracket_min_tokens))
        for card in cards
    )
