"""What every reader takes and gives back: chunks, options, frames, problems."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from finops.tokens import TOKEN_CLASSES
from ingestion.framing import Refused

# Names and texts of a usage row, with the most characters each may have. "" means none,
# but for `provider` and `model`, which are always given.
TEXT_LIMITS: Mapping[str, int] = {
    "native_id": 300,
    "provider": 60,
    "model": 160,
    "account": 120,
    "key": 160,
    "person": 160,
    "project": 160,
    "workflow": 160,
    "task_type": 80,
    "environment": 40,
    "task": 300,
    "lease": 160,
    "region": 40,
    "service_tier": 20,
    "status": 20,
}
TEXT_DEFAULTS: Mapping[str, str] = {"service_tier": "standard", "status": "ok"}
# A count above this is taken for a slip, and has no room in the ledger.
MAX_COUNT = 2**31 - 1

# Every usage frame has exactly these columns, in this order:
#   line          int64, the line of the file, the header being 1
#   native_id     str, the source's own id; "" where it has none
#   started_at    datetime64[us, UTC]
#   provider … status   str, see TEXT_LIMITS; account "" means the delivery's
#   tags          str, a JSON object of texts with sorted keys, or ""
#   in_text … out_image   int64 ≥ 0, the disjoint token classes
#   requests      int64 ≥ 0, 1 where not given; web_searches int64 ≥ 0
#   counters      str, a JSON object of the other counters above zero, or ""
#   stated_usd    str, the provider's own statement in its own digits, or ""
DTYPES: Mapping[str, str] = {
    "line": "int64",
    "native_id": "str",
    "started_at": "datetime64[us, UTC]",
    **{name: "str" for name in TEXT_LIMITS if name not in {"native_id", "service_tier", "status"}},
    "tags": "str",
    "service_tier": "str",
    **dict.fromkeys(TOKEN_CLASSES, "int64"),
    "requests": "int64",
    "web_searches": "int64",
    "counters": "str",
    "stated_usd": "str",
    "status": "str",
}
USAGE_COLUMNS = tuple(DTYPES)
COUNT_COLUMNS = (*TOKEN_CLASSES, "requests", "web_searches")


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that cannot be used: where it stands, what is wrong, and the row itself."""

    line: int
    field: str
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class Options:
    """What the sender said beside the file: `map` field → column, `set` field → value."""

    map: Mapping[str, str] = field(default_factory=dict)
    set: Mapping[str, str] = field(default_factory=dict)
    account: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole records of a prepared file; `first_line` is the line the first begins on."""

    content: bytes
    header: bytes
    shape: str
    first_line: int


@dataclass(frozen=True, slots=True)
class UsageBatch:
    """Calls in a frame of USAGE_COLUMNS; `rows` counts them and the problems.

    `doubts` name rows that were taken although something about them is odd.
    """

    frame: pd.DataFrame
    problems: list[Problem]
    rows: int
    doubts: list[Problem] = field(default_factory=list)


def empty_usage_frame() -> pd.DataFrame:
    return usage_frame([])


def usage_frame(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Make a usage frame of rows that leave out what is none, zero or the default."""
    defaults: dict[str, Any] = {
        **{name: TEXT_DEFAULTS.get(name, "") for name, dtype in DTYPES.items() if dtype == "str"},
        **dict.fromkeys(COUNT_COLUMNS, 0),
        "requests": 1,
    }
    columns = {
        name: pd.Series([row.get(name, defaults.get(name)) for row in rows], dtype=dtype)
        for name, dtype in DTYPES.items()
    }
    return pd.DataFrame(columns, columns=list(USAGE_COLUMNS))


__all__ = [
    "COUNT_COLUMNS",
    "DTYPES",
    "MAX_COUNT",
    "TEXT_DEFAULTS",
    "TEXT_LIMITS",
    "USAGE_COLUMNS",
    "Chunk",
    "Options",
    "Problem",
    "Refused",
    "UsageBatch",
    "empty_usage_frame",
    "usage_frame",
]
