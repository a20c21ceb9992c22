"""Staging: from a reader's frame to the rows the event table takes.

Keys, content hashes, days, slices and prices, all by the column; no row is looked at
one by one but for texts that differ from row to row.
"""

from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from finops.money import pico_of_text
from finops.tokens import TOKEN_CLASSES
from ingestion.models import CostStatus
from ingestion.operations.slices import ATTRIBUTES, intern_slices, slice_tags
from ingestion.pricing import UNPRICED, rate_frame

Ints = npt.NDArray[np.int64]
_U64 = npt.NDArray[np.uint64]
_EPOCH = np.datetime64("1970-01-01", "D")
_NUMBERS = ("started_at", *TOKEN_CLASSES, "requests", "web_searches")
_TEXTS = ("stated_usd", "counters", "tags", "service_tier", "status", "task")


class Mended(NamedTuple):
    """Which row of the file that came first a line is, and what stood for ids there."""

    content_key: str
    rows: Mapping[int, int]


def stage(
    frame: pd.DataFrame,
    *,
    source: str,
    account: str,
    content_key: str,
    zone: ZoneInfo,
    book: int | None = None,
    mended: Mended | None = None,
) -> pd.DataFrame:
    """Return a frame of the event table's columns, and `line`, for a reader's frame.

    `content_key` stands in for the ids of rows that have none: the hash of the file's
    content, so that the same content is known again under any name. `book` is the version
    of the price book to rate by, the present one where it is not given. `mended` says which
    rows of another file these are.
    """
    frame = frame.assign(
        source=source,
        account=frame["account"].mask(frame["account"] == "", account),
    )
    sliced = frame.assign(tags=slice_tags(frame["tags"]))[list(ATTRIBUTES)]
    rated = rate_frame(frame, version=book)
    stated = _stated_pico(frame["stated_usd"])
    cost = np.where(stated == UNPRICED, rated.cost_pico, stated)
    staged = pd.DataFrame(
        {
            "line": frame["line"],
            "utc_day": utc_days(frame["started_at"]),
            "reporting_day": reporting_days(frame["started_at"], zone),
            "key": keys(frame, content_key=content_key, mended=mended),
            "content_hash": content_hashes(frame, sliced),
            "started_at": frame["started_at"],
            "generation": 0,
            "status": _statuses(cost, stated),
            "cost_pico": cost,
            "list_pico": rated.list_pico,
            **{name: frame[name] for name in TOKEN_CLASSES},
            "requests": frame["requests"],
            "web_searches": frame["web_searches"],
            "stated_usd": frame["stated_usd"],
            "counters": frame["counters"],
            "tags": frame["tags"],
            "service_tier": frame["service_tier"].mask(frame["service_tier"] == "standard", ""),
            "region": frame["region"],
            "outcome": frame["status"].mask(frame["status"] == "ok", ""),
            "task": frame["task"],
            "lease": frame["lease"],
        }
    )
    # Last, for a new slice is locked from here to the end of the transaction.
    staged["slice_id"] = intern_slices(sliced)
    return staged


def utc_days(started_at: pd.Series) -> pd.Series:
    days: pd.Series = started_at.dt.tz_localize(None).dt.floor("D")
    return days


def reporting_days(started_at: pd.Series, zone: ZoneInfo) -> pd.Series:
    days: pd.Series = started_at.dt.tz_convert(zone).dt.tz_localize(None).dt.floor("D")
    return days


def keys(frame: pd.DataFrame, *, content_key: str, mended: Mended | None = None) -> list[str]:
    """Return 128-bit keys as hex: of the native id, or of the content and the line.

    A mended row without an id has the key it would have had in the file that came first.
    """
    nameless = (frame["native_id"] == "").to_numpy()
    places = iter(_keys_of_places(frame["line"][nameless], content_key, mended))
    accounts = (frame["source"] + "\x00" + frame["account"] + "\x00").to_numpy(dtype=object)
    ids = frame["native_id"].to_numpy(dtype=object)
    return [
        blake2b(f"{account}{native}".encode(), digest_size=16).hexdigest()
        if native
        else next(places)
        for account, native in zip(accounts, ids, strict=True)
    ]


def _keys_of_places(lines: pd.Series, content_key: str, mended: Mended | None) -> list[str]:
    places = _places(lines, content_key)
    if mended is None:
        return places
    first = _places(lines.map(mended.rows).fillna(0).astype("int64"), mended.content_key)
    is_known = lines.isin(mended.rows)
    return [a if known else b for a, b, known in zip(first, places, is_known, strict=True)]


def _places(lines: pd.Series, content_key: str) -> list[str]:
    prefix = blake2b(content_key.encode(), digest_size=8).hexdigest()
    return [f"{prefix}{line:016x}" for line in lines.to_numpy()]


def content_hashes(frame: pd.DataFrame, sliced: pd.DataFrame, *, also: Iterable[str] = ()) -> Ints:
    """Return a 64-bit hash of everything a call says, the same in every release.

    Two calls with one key are the same call only where their hashes agree. `also` names
    texts that a report's lines have and calls have not.
    """
    mixed = np.zeros(len(frame), dtype=np.uint64)
    for name in _NUMBERS:
        mixed = _mix(mixed, _integers(frame[name]))
    for name in ATTRIBUTES:
        mixed = _mix(mixed, _text_hashes(sliced[name]))
    for name in (*_TEXTS, *also):
        mixed = _mix(mixed, _text_hashes(frame[name]))
    # What came after the first release is mixed in only where a call says it.
    said = (frame["region"] != "").to_numpy(dtype=np.bool_)
    mixed[said] = _mix(mixed[said], _text_hashes(frame["region"][said]))
    return mixed.view(np.int64)


def _integers(values: pd.Series) -> _U64:
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return values.to_numpy(dtype="datetime64[us]").astype(np.int64).view(np.uint64)
    return values.to_numpy(dtype=np.int64).view(np.uint64)


def _text_hashes(texts: pd.Series) -> _U64:
    codes, distinct = pd.factorize(texts)
    hashes = [
        int.from_bytes(blake2b(str(text).encode(), digest_size=8).digest(), "little")
        for text in np.asarray(distinct, dtype=object)
    ]
    return np.array(hashes, dtype=np.uint64)[codes]


def _mix(state: _U64, value: _U64) -> _U64:
    """Fold a column into the hash (the finaliser of splitmix64)."""
    with np.errstate(over="ignore"):
        z = (state ^ value) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed: _U64 = z ^ (z >> np.uint64(31))
    return mixed


def _stated_pico(texts: pd.Series) -> Ints:
    """Return what the provider stated, in pico-dollars; -1 where it stated nothing."""
    return _per_text(texts, lambda text: pico_of_text(text) if text else UNPRICED)


def _per_text(texts: pd.Series, value_of: Callable[[str], int]) -> Ints:
    codes, distinct = pd.factorize(texts)
    each = np.asarray(distinct, dtype=object)
    values = np.array([value_of(str(text)) for text in each], dtype=np.int64)
    return values[codes] if len(values) else np.zeros(len(texts), dtype=np.int64)


def _statuses(cost: Ints, stated: Ints) -> Ints:
    estimated = np.where(cost == UNPRICED, CostStatus.UNPRICED, CostStatus.ESTIMATED)
    return np.where(stated == UNPRICED, estimated, CostStatus.STATED)
