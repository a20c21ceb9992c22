"""From columns of text to a usage frame: cells read strictly, each bad row named once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from finops.money import BadAmount, parse_usd
from finops.tokens import COUNTERS
from ingestion.amounts import is_short
from ingestion.readers.bags import counter_texts, tag_texts
from ingestion.readers.contract import (
    COUNT_COLUMNS,
    MAX_COUNT,
    TEXT_DEFAULTS,
    TEXT_LIMITS,
    USAGE_COLUMNS,
    Problem,
    UsageBatch,
)
from ingestion.readers.fields import REQUIRED, spoken
from ingestion.readers.instants import instants

WHOLE = r"^\d{1,18}(?:\.0+)?$"
# What a call may cost at most: the ledger keeps it in pico-dollars of eight bytes.
MAX_USD = 9_000_000
SHOWN_CHARACTERS = 80
MORE_COUNTERS = tuple(name for name in COUNTERS if name not in COUNT_COLUMNS)

Mask = npt.NDArray[np.bool_]
Column = Any  # an Arrow array of text or whole numbers, as long as the others


@dataclass(frozen=True, slots=True)
class Texts:
    """Rows as columns of text by field; `raw` gives a row as it was sent.

    `problems` are rows that were lost before and stand in no column. `origin` tells the
    sender's own name of a field's column, where it has another.
    """

    columns: Mapping[str, Column]
    lines: npt.NDArray[np.int64]
    raw: Callable[[int], str]
    problems: list[Problem] = field(default_factory=list)
    origin: Mapping[str, str] = field(default_factory=dict)


def usage_batch(texts: Texts) -> UsageBatch:
    """Convert every row, or say of it what is wrong first."""
    frame, problems = Converter(texts).frame(USAGE_COLUMNS)
    return UsageBatch(frame, problems, len(frame) + len(problems))


class Converter:
    """Reads cells column by column and keeps which rows are good."""

    required: tuple[str, ...] = REQUIRED
    most_count = MAX_COUNT
    default_requests = 1

    def __init__(self, texts: Texts) -> None:
        self.texts = texts
        self.count = len(texts.lines)
        self.good: Mask = np.ones(self.count, dtype=bool)
        self.problems: list[Problem] = []

    def frame(self, columns: Sequence[str]) -> tuple[pd.DataFrame, list[Problem]]:
        """Return these columns of the good rows, and every problem in the order of lines."""
        cells = self.cells()
        if not self.good.all():
            keep = pa.array(self.good)
            cells = {name: cell.filter(keep) for name, cell in cells.items()}
        frame = pa.table({name: cells[name] for name in columns}).to_pandas()
        problems = [*self.texts.problems, *self.problems]
        return frame, sorted(problems, key=lambda problem: problem.line)

    def cells(self) -> dict[str, Any]:
        cells = {"line": pa.array(self.texts.lines), "started_at": self.moment("started_at")}
        cells |= {name: self._text(name) for name in TEXT_LIMITS}
        cells |= {name: pa.array(self._counts(name)) for name in COUNT_COLUMNS}
        more = {name: self._counts(name) for name in MORE_COUNTERS if name in self.texts.columns}
        cells["counters"] = counter_texts(more, self.count)
        cells["stated_usd"] = self.amount("stated_usd", self.fault_of_cost)
        cells["tags"] = self._tags()
        return cells

    def fault_of_cost(self, text: str) -> str:
        """Say why a text is no cost of a row, or return ''."""
        return _not_a_calls_cost(text)

    def trimmed(self, name: str) -> Column | None:
        """Return a column without outer spaces; the literal NULL of an export is none."""
        column = self.texts.columns.get(name)
        if column is None:
            return None
        column = pc.utf8_trim_whitespace(column.cast(pa.string()).fill_null(""))
        null = pc.equal(column, "NULL")
        return pc.if_else(null, "", column) if pc.any(null, min_count=0).as_py() else column

    def refuse(self, bad: Mask, name: str, column: Column | None, reason: str) -> None:
        for row in np.flatnonzero(bad & self.good).tolist():
            shown = "" if column is None else self._shown(column[row].as_py(), name)
            self._refuse_row(row, name, f"{shown}{reason}")

    def _refuse_row(self, row: int, name: str, reason: str) -> None:
        self.good[row] = False
        line = int(self.texts.lines[row])
        self.problems.append(Problem(line, spoken(name), reason, self.texts.raw(row)))

    def _shown(self, value: str, name: str) -> str:
        short = value if len(value) <= SHOWN_CHARACTERS else f"{value[:SHOWN_CHARACTERS]}…"
        origin = self.texts.origin.get(name)
        return f"{short!r} in the column {origin} " if origin else f"{short!r} "

    def _text(self, name: str) -> Column:
        default = TEXT_DEFAULTS.get(name, "")
        column = self.trimmed(name)
        if column is None:
            if name in self.required:
                self.refuse(self.good.copy(), name, None, "is missing")
            return pa.repeat(default, self.count)
        long = _mask(pc.greater(pc.utf8_length(column), TEXT_LIMITS[name]))
        self.refuse(long, name, column, f"is longer than {TEXT_LIMITS[name]} characters")
        if name in self.required:
            self.refuse(_mask(pc.equal(column, "")), name, None, "is missing")
        return pc.if_else(pc.equal(column, ""), default, column) if default else column

    def _counts(self, name: str) -> npt.NDArray[np.int64]:
        default = self.default_requests if name == "requests" else 0
        numbers = self._numbers(self.texts.columns.get(name), default)
        column = self.trimmed(name) if numbers is None else None
        if column is None:
            return np.full(self.count, default, dtype=np.int64) if numbers is None else numbers
        blank = pc.equal(column, "")
        if pc.any(blank, min_count=0).as_py():
            column = pc.if_else(blank, str(default), column)
        whole = _mask(pc.match_substring_regex(column, WHOLE))
        if not whole.all():
            self._refuse_counts(~whole, name, column)
            column = pc.if_else(pa.array(whole), column, "0")
        if pc.any(pc.match_substring(column, "."), min_count=0).as_py():
            column = pc.replace_substring_regex(column, r"\.0+$", "")
        counts = np.array(column.cast(pa.int64()), dtype=np.int64)
        self.refuse(counts > self.most_count, name, column, f"is more than {self.most_count:,}")
        return counts

    def _numbers(self, column: Column | None, default: int) -> npt.NDArray[np.int64] | None:
        """Take a column of numbers as it is where all of them can be counts."""
        if column is None or not pa.types.is_integer(column.type):
            return None
        numbers = np.array(column.fill_null(default), dtype=np.int64)
        sound = ((numbers >= 0) & (numbers <= self.most_count)).all()
        return numbers if sound else None

    def _refuse_counts(self, bad: Mask, name: str, column: Column) -> None:
        negative = bad & _mask(pc.match_substring_regex(column, r"^-\d+(?:\.\d*)?$"))
        self.refuse(negative, name, column, "is negative")
        large = bad & _mask(pc.match_substring_regex(column, r"^\d+$"))
        self.refuse(large, name, column, f"is more than {self.most_count:,}")
        self.refuse(bad, name, column, "is not a whole number")

    def moment(self, name: str) -> Any:
        """Read a column of times; one that is missing refuses its row."""
        column = self.trimmed(name)
        if column is None:
            self.refuse(self.good.copy(), name, None, "is missing")
            micros = np.zeros(self.count, dtype=np.int64)
        else:
            micros, readable = instants(column)
            self.refuse(_mask(pc.equal(column, "")), name, None, "is missing")
            self.refuse(~readable, name, column, "is not a time between 2000 and 2099")
        return pa.array(micros).cast(pa.timestamp("us", tz="UTC"))

    def amount(self, name: str, fault: Callable[[str], str]) -> Column:
        """Return a column's texts; `fault` says what is wrong with one, or ''."""
        column = self.trimmed(name)
        if column is None:
            return pa.repeat("", self.count)
        encoded = column.dictionary_encode()
        indices, texts = np.array(encoded.indices), encoded.dictionary
        for index in np.flatnonzero(~is_short(texts)).tolist():
            if reason := fault(texts[index].as_py()):
                self.refuse(indices == index, name, None, reason)
        return column

    def _tags(self) -> Column:
        columns = {
            name: self.trimmed(name)
            for name in self.texts.columns
            if name == "tags" or name.startswith("tags.")
        }
        texts, bad = tag_texts(columns, self.count)
        for row, reason in bad.items():
            if self.good[row]:
                self._refuse_row(row, "tags", reason)
        return texts


def _not_a_calls_cost(text: str) -> str:
    """Say why a text is no cost of a call, or return ''."""
    try:
        usd = parse_usd(text or "0")
    except BadAmount as error:
        return str(error).removesuffix(".")
    if usd < 0:
        return f"{text!r} is negative"
    return f"{text!r} is more than {MAX_USD:,} for one call" if usd > MAX_USD else ""


def _mask(column: Column) -> Mask:
    mask: Mask = column.to_numpy(zero_copy_only=False).astype(bool)
    return mask
