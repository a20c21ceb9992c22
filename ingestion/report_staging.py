"""Staging reports: from a reader's frame of lines to the rows the line table takes."""

from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from finops.tokens import TOKEN_CLASSES
from ingestion.amounts import Picos, dollars_of, picos_of
from ingestion.models import CostStatus
from ingestion.operations.slices import ATTRIBUTES, intern_slices, slice_tags
from ingestion.pricing import UNPRICED
from ingestion.readers.reports import REPORT_AMOUNTS, Bucket
from ingestion.report_rating import rate_lines
from ingestion.staging import Ints, content_hashes, reporting_days, utc_days

HALF_A_DAY, ONE_DAY = pd.Timedelta(hours=12), pd.Timedelta(days=1)
_SAID = ("charge_category", "line_item", "quantity_unit", "invoice", *REPORT_AMOUNTS)


class BucketSum(NamedTuple):
    """How many lines of a bucket a part of a file holds, and the sum of their hashes."""

    lines: int
    hashes: int


def stage_lines(
    frame: pd.DataFrame, *, source: str, account: str, zone: ZoneInfo, book: int
) -> pd.DataFrame:
    """Return a frame of the line table's columns for a reader's frame of a report.

    Beside them stand `starts_at` and `ends_at` of the line's bucket, and `content_hash`.
    Amounts are texts of exact dollars, None where unknown. `book` is the version of the
    price book to rate by.
    """
    frame = frame.assign(
        source=source, account=frame["account"].mask(frame["account"] == "", account)
    )
    sliced = frame.assign(tags=slice_tags(frame["tags"]))[list(ATTRIBUTES)]
    stated = picos_of(frame["stated_usd"])
    rated = rate_lines(frame, version=book)
    cost = _first_known(stated, rated.cost_pico)
    staged = pd.DataFrame(
        {
            "starts_at": frame["bucket_starts_at"],
            "ends_at": frame["bucket_ends_at"],
            "content_hash": content_hashes(frame, sliced, also=_SAID).view(np.uint64),
            "line": frame["line"],
            "started_at": frame["started_at"],
            "utc_day": utc_days(frame["started_at"]),
            "reporting_day": reporting_days(_booked_at(frame), zone),
            "charge_category": frame["charge_category"],
            "status": _statuses(cost, stated),
            "requests": frame["requests"],
            "web_searches": frame["web_searches"],
            **{name: frame[name] for name in TOKEN_CLASSES},
            "cost_usd": dollars_of(cost),
            "list_usd": dollars_of(_first_known(picos_of(frame["listed_usd"]), rated.list_pico)),
            "billed_usd": dollars_of(picos_of(frame["billed_usd"])),
            "stated_usd": frame["stated_usd"],
            "listed_usd": frame["listed_usd"],
            "line_item": frame["line_item"],
            "quantity": frame["quantity"],
            "quantity_unit": frame["quantity_unit"],
            "invoice": frame["invoice"],
            "counters": frame["counters"],
            "tags": frame["tags"],
            "service_tier": frame["service_tier"].mask(frame["service_tier"] == "standard", ""),
            "region": frame["region"],
        }
    )
    # Last, for a new slice is locked from here to the end of the transaction.
    staged["slice_id"] = intern_slices(sliced)
    return staged


def bucket_sums(staged: pd.DataFrame) -> dict[Bucket, BucketSum]:
    """Return the count and the sum of hashes of each bucket's lines."""
    if staged.empty:
        return {}
    # In halves, for the sum of 64-bit numbers needs more than 64 bits.
    hashes = staged["content_hash"].to_numpy(dtype=np.uint64)
    halves = pd.DataFrame(
        {
            "starts_at": staged["starts_at"],
            "ends_at": staged["ends_at"],
            "high": hashes >> np.uint64(32),
            "low": hashes & np.uint64(0xFFFFFFFF),
            "lines": 1,
        }
    )
    summed = halves.groupby(["starts_at", "ends_at"], sort=True).sum()
    return {
        (start.to_pydatetime(), end.to_pydatetime()): BucketSum(
            int(lines), (int(high) << 32) + int(low)
        )
        for (start, end), high, low, lines in summed[["high", "low", "lines"]].itertuples(name=None)
    }


def _booked_at(frame: pd.DataFrame) -> pd.Series:
    """Return the moment whose reporting day a line is booked to.

    A report by UTC days does not say when in the day a line was used. Its day is booked
    whole to the reporting day that holds most of it: the one at its noon.
    """
    starts, ends = frame["bucket_starts_at"], frame["bucket_ends_at"]
    at_midnight = frame["started_at"] == frame["started_at"].dt.floor("D")
    knows_days_only = at_midnight.groupby([starts, ends]).transform("all")
    by_day = knows_days_only & (ends - starts >= ONE_DAY)
    return frame["started_at"].mask(by_day, frame["started_at"] + HALF_A_DAY)


def _first_known(told: Picos, rated: Ints) -> Picos:
    return Picos(np.where(told.known, told.pico, rated), told.known | (rated != UNPRICED))


def _statuses(cost: Picos, stated: Picos) -> Ints:
    said = np.where(stated.known, CostStatus.STATED, CostStatus.ESTIMATED)
    return np.where(cost.known, said, CostStatus.UNPRICED).astype(np.int64)
