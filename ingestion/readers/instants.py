"""Reading times, in whole columns: ISO 8601, or seconds or milliseconds since 1970."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

# A year outside is a slip, and would make a partition of its own.
FIRST_YEAR, END_YEAR = 2000, 2100
# Longer than this, a number counts milliseconds.
SECONDS_DIGITS = 10
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STAND_IN = "2000-01-01"
ISO = r"^\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,12})?)?(?:[Zz]|[+-]\d\d(?::?\d\d)?)?)?$"
ZONED = r"(?:Z|:\d\d(?:\.\d+)?[+-]\d\d(?::?\d\d)?)$"
UNIX = r"^\d{9,10}(?:\.\d+)?$|^\d{12,13}$"
Micros = npt.NDArray[np.int64]
_ISO, _UNIX = re.compile(ISO), re.compile(UNIX)


def instant(text: str) -> datetime | None:
    """Return the moment a text names, to the microsecond, or None where it names none.

    A time without a zone is UTC; finer digits are cut off; a date is its midnight.
    """
    if _UNIX.match(text):
        return _unix(text)
    if not _ISO.match(text):
        return None
    try:
        moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text.upper()))
        moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if FIRST_YEAR <= moment.year < END_YEAR else None


def _unix(text: str) -> datetime | None:
    whole, _, fraction = text.partition(".")
    micros = int(whole) * (10**3 if len(whole) > SECONDS_DIGITS else 10**6)
    micros += int(Decimal(f"0.{fraction or 0}") * 10**6)
    moment = EPOCH + timedelta(microseconds=micros)
    return moment if FIRST_YEAR <= moment.year < END_YEAR else None


def micros_of(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


FIRST_MICROS = micros_of(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC))
END_MICROS = micros_of(datetime(END_YEAR, 1, 1, tzinfo=UTC))


def instants(texts: Any) -> tuple[Micros, npt.NDArray[np.bool_]]:
    """Read a column of trimmed texts as `instant` does.

    Returns microseconds since 1970 and where a cell could be read; others are 0.
    """
    micros = _uniform(texts)
    if micros is None:
        micros, readable = _mixed(texts)
    else:
        readable = np.ones(len(texts), dtype=bool)
    readable &= (micros >= FIRST_MICROS) & (micros < END_MICROS)
    return np.where(readable, micros, 0), readable


def _uniform(texts: Any) -> Micros | None:
    """Read a column written in one form from top to bottom; None where it is not."""
    sizes = pc.min_max(pc.binary_length(texts)).as_py()
    if not len(texts) or sizes["min"] != sizes["max"] or not _ISO.match(texts[0].as_py()):
        return None
    first = texts[0].as_py()
    if finer := re.search(r"\.\d{6}(\d+)$", first):
        texts = pc.utf8_slice_codeunits(texts, 0, finer.start(1))
    if not re.search(ZONED, first):
        midnight = "T00:00Z" if len(first) == len(STAND_IN) else "Z"
        texts = pc.binary_join_element_wise(texts, midnight, "")
    return _cast(texts)


def _mixed(texts: Any) -> tuple[Micros, npt.NDArray[np.bool_]]:
    """Read a column of several forms, and what is no ISO time cell by cell."""
    regular = pc.match_substring_regex(texts, ISO).to_numpy(zero_copy_only=False)
    micros = _regular(pc.if_else(pa.array(regular), texts, STAND_IN))
    if micros is None:
        regular = np.zeros(len(texts), dtype=bool)
        micros = np.zeros(len(texts), dtype=np.int64)
    readable = regular.copy()
    for row in np.flatnonzero(~regular).tolist():
        moment = instant(texts[row].as_py())
        if moment is not None:
            micros[row], readable[row] = micros_of(moment), True
    return micros, readable


def _regular(texts: Any) -> Micros | None:
    """Read a column whose every cell has the form of an ISO time; None where one is no day."""
    texts = pc.utf8_upper(pc.replace_substring_regex(texts, r"(\.\d{6})\d+", r"\1"))
    dates = pc.equal(pc.binary_length(texts), len(STAND_IN))
    texts = pc.if_else(dates, pc.binary_join_element_wise(texts, "T00:00", ""), texts)
    zoned = pc.match_substring_regex(texts, ZONED)
    return _cast(pc.if_else(zoned, texts, pc.binary_join_element_wise(texts, "Z", "")))


def _cast(texts: Any) -> Micros | None:
    try:
        moments = texts.cast(pa.timestamp("us", tz="UTC"))
    except pa.ArrowInvalid:
        return None
    return np.array(moments.cast(pa.int64()), dtype=np.int64)
