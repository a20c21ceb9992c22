"""Rating anew: what moves between what usage was first rated at and the book now."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from finops.tokens import TOKEN_CLASSES
from ingestion.models import CostStatus
from ingestion.pricing import UNPRICED, RatedFrame, rate_frame
from ingestion.report_rating import rate_lines

Ints = npt.NDArray[np.int64]

# What a cell counts, money in pico-dollars.
MEASURES = ("calls", "requests", "cost_pico", "list_pico", *TOKEN_CLASSES)
Measures = list[int]

_NUMBERS_OF_KEY = ("slice_id", "delivery_id", "bucket_id", "status")
_KEY = ["reporting_day", "utc_day", *_NUMBERS_OF_KEY]
# A company's pico-dollars do not fit 64 bits, so they are summed in two parts.
_SPLIT = 10**6
_PARTS = ("cost_high", "cost_low", "list_high", "list_low")
_COUNTS = ("calls", "requests", *TOKEN_CLASSES)


class Cell(NamedTuple):
    """The grain at which money is adjusted; calls have the bucket 0."""

    reporting_day: date
    utc_day: date
    slice_id: int
    delivery_id: int
    bucket_id: int
    status: int


def calls_moved_by(frame: pd.DataFrame, *, version: int) -> dict[Cell, Measures]:
    """Return what each cell gains or loses where calls are rated by the book now.

    `frame` holds calls with the columns of a usage frame that rating needs, and what they
    were first rated at: `status`, `cost_pico`, `list_pico` (-1 unknown). A cost that the
    provider stated stays; only its list cost is rated. A call that gets its price leaves
    the cell *unpriced* and enters *estimated*, with its tokens.
    """
    frame = frame.assign(bucket_id=0, calls=1, unpriced_calls=1)
    return _moved(frame, rate_frame(frame, version=version))


def lines_moved_by(frame: pd.DataFrame, *, version: int) -> dict[Cell, Measures]:
    """Return the same for lines of reports, which sum calls.

    `is_listed` says that the provider states the list cost too, which then stays. A line
    without a price counts as one call at least.
    """
    rated = rate_lines(frame, version=version)
    kept = np.where(frame["is_listed"].to_numpy(), _ints(frame, "list_pico"), rated.list_pico)
    requests = frame["requests"]
    frame = frame.assign(calls=requests, unpriced_calls=requests.clip(lower=1))
    return _moved(frame, RatedFrame(rated.cost_pico, kept))


def _moved(frame: pd.DataFrame, rated: RatedFrame) -> dict[Cell, Measures]:
    was = _ints(frame, "status")
    is_stated = was == CostStatus.STATED
    first_cost, first_list = _ints(frame, "cost_pico"), _ints(frame, "list_pico")
    cost = np.where(is_stated, first_cost, rated.cost_pico)
    priced = np.where(cost == UNPRICED, CostStatus.UNPRICED, CostStatus.ESTIMATED)
    now = np.where(is_stated, was, priced)
    changed = (now != was) | (cost != first_cost) | (rated.list_pico != first_list)
    if not changed.any():
        return {}
    before = _side(frame[changed], was[changed], first_cost[changed], first_list[changed])
    after = _side(frame[changed], now[changed], cost[changed], rated.list_pico[changed])
    numbers = [*_COUNTS, *_PARTS]
    before[numbers] = -before[numbers]
    summed = pd.concat([before, after]).groupby(_KEY, sort=False)[numbers].sum()
    return dict(_cells(summed))


def _ints(frame: pd.DataFrame, name: str) -> Ints:
    return frame[name].to_numpy(dtype=np.int64)


def _side(frame: pd.DataFrame, status: Ints, cost: Ints, listed: Ints) -> pd.DataFrame:
    """Return the usage as rows of its cells, at one of the two ratings."""
    cost, listed = (np.where(pico == UNPRICED, 0, pico) for pico in (cost, listed))
    kept = [*(name for name in _KEY if name != "status"), "requests", *TOKEN_CLASSES]
    calls = np.where(status == CostStatus.UNPRICED, frame["unpriced_calls"], frame["calls"])
    return frame[kept].assign(
        status=status,
        calls=calls,
        cost_high=cost // _SPLIT,
        cost_low=cost % _SPLIT,
        list_high=listed // _SPLIT,
        list_low=listed % _SPLIT,
    )


def _cells(summed: pd.DataFrame) -> Iterator[tuple[Cell, Measures]]:
    for row in summed.reset_index().to_dict("records"):
        cost = int(row["cost_high"]) * _SPLIT + int(row["cost_low"])
        listed = int(row["list_high"]) * _SPLIT + int(row["list_low"])
        tokens = [int(row[name]) for name in TOKEN_CLASSES]
        where = (int(row[name]) for name in _NUMBERS_OF_KEY)
        yield (
            Cell(row["reporting_day"], row["utc_day"], *where),
            [int(row["calls"]), int(row["requests"]), cost, listed, *tokens],
        )
