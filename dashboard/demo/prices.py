"""The discount that finance negotiated during the year for the engineers' account."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from functools import partial

from dashboard.demo.cast import Cast
from dashboard.demo.catalogue import ANTHROPIC, NEGOTIATED_ACCOUNT
from dashboard.demo.history import History, Scene
from ingestion.operations.prices import Discount, set_prices

PERCENT = Decimal(12)
SIGNED_AFTER = 0.45  # share of the history


def scenes(history: History, cast: Cast) -> Iterator[Scene]:
    yield Scene(history.at(history.day_at(SIGNED_AFTER), "00:00"), partial(_negotiate, cast))


def _negotiate(cast: Cast, at: datetime) -> None:
    contract = Discount(
        provider=ANTHROPIC, account=NEGOTIATED_ACCOUNT, percent=PERCENT, starts_at=at
    )
    set_prices(draft=contract, by=cast.users["finance"], at=at)
