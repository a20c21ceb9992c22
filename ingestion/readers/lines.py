"""The records of a chunk: where each stands, on which line, and which are not text."""

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ingestion.framing.records import record_ends
from ingestion.readers.contract import Chunk, Problem

# The escape that hides a zero or half a character in JSON; rarely meant, never storable.
_ESCAPES = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")

Positions = npt.NDArray[np.int64]


def hides_characters(content: bytes) -> bool:
    """Test whether JSON may hold what no database can keep, written as an escape."""
    # Most content has no escape at all, and to see that takes a tenth of the expression's time.
    return b"\\u" in content and _ESCAPES.search(content) is not None


@dataclass(frozen=True, slots=True)
class Records:
    """Records of a chunk, blank ones left out, with the line each begins on."""

    content: bytes
    starts: Positions
    ends: Positions
    lines: Positions

    def __len__(self) -> int:
        return len(self.starts)

    def raw(self, row: int) -> str:
        """Return a record as it was sent, as far as it is text."""
        record = self.content[self.starts[row] : self.ends[row]]
        return record.decode(errors="replace").rstrip("\r\n").replace("\0", "�")

    def chosen(self, rows: npt.NDArray[np.bool_]) -> "Records":
        return Records(self.content, self.starts[rows], self.ends[rows], self.lines[rows])

    def joined(self) -> bytes:
        """Return the bytes of these records alone."""
        whole = self.content[self.starts[0] : self.ends[-1]] if len(self) else b""
        if len(whole) == int((self.ends - self.starts).sum()):
            return whole
        return b"".join(self.each())

    def each(self) -> list[bytes]:
        spans = zip(self.starts.tolist(), self.ends.tolist(), strict=True)
        return [self.content[start:end] for start, end in spans]


def records_of(chunk: Chunk, *, delimiter: bytes | None) -> tuple[Records, list[Problem]]:
    """Find the records of a chunk, and a problem for each that is not UTF-8 text."""
    content = chunk.content
    ends = record_ends(content, delimiter=delimiter)
    if not content.endswith(b"\n") or (len(ends) and ends[-1] != len(content)):
        ends = np.append(ends, len(content))
    if not content:
        ends = ends[:0]
    starts = np.concatenate((np.zeros(1, dtype=np.int64), ends))[: len(ends)]
    lines = chunk.first_line + _breaks_before(content, starts)
    records = Records(content, starts, ends, lines)
    records = records.chosen(~_blank(content, starts, ends))
    return _readable(records)


def _breaks_before(content: bytes, starts: Positions) -> Positions:
    breaks = np.flatnonzero(np.frombuffer(content, dtype=np.uint8) == ord("\n"))
    return np.searchsorted(breaks, starts)


def _blank(content: bytes, starts: Positions, ends: Positions) -> npt.NDArray[np.bool_]:
    short = np.flatnonzero(ends - starts <= len("\r\n"))
    blank = np.zeros(len(starts), dtype=bool)
    for row in short.tolist():
        blank[row] = not content[starts[row] : ends[row]].strip()
    return blank


def _readable(records: Records) -> tuple[Records, list[Problem]]:
    try:
        records.content.decode()
    except UnicodeDecodeError:
        pass
    else:
        if b"\0" not in records.content:
            return records, []
    problems, good = [], np.ones(len(records), dtype=bool)
    for row in range(len(records)):
        reason = _unreadable(records.content[records.starts[row] : records.ends[row]])
        if reason:
            good[row] = False
            problems.append(Problem(int(records.lines[row]), "", reason, records.raw(row)))
    return records.chosen(good), problems


def _unreadable(record: bytes) -> str:
    """Say what is not text about a record, or return ''."""
    try:
        record.decode()
    except UnicodeDecodeError as error:
        return f"The row is not UTF-8: its byte {error.start + 1} is {record[error.start]:#04x}."
    return f"Byte {record.index(0) + 1} of the row is zero." if b"\0" in record else ""
