"""Where records end: lines of NDJSON, and rows of CSV whose quotes may hold line breaks."""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from org.refusals import Refusal

MAX_RECORD_BYTES = 4 << 20
# A stretch is also cut by count: of records that are nothing, each costs a sentence.
MAX_RECORDS = 100_000
DELIMITERS = (b",", b";", b"\t")
NEWLINE, RETURN, QUOTE = b'\n\r"'

Positions = npt.NDArray[np.int64]


class Refused(Refusal):
    """A delivery cannot be taken; the sentence says what is wrong and where."""

    status = 422
    title = "The delivery cannot be read"


@dataclass(frozen=True, slots=True)
class Range:
    """A stretch of whole records, in bytes; `first_line` is its line in the file."""

    index: int
    start: int
    end: int
    first_line: int


def sniff_delimiter(header: bytes) -> bytes:
    """Return the delimiter the header is parted by: comma, semicolon or tab."""
    bare = b"".join(header.split(b'"')[::2])
    return max(DELIMITERS, key=bare.count)


def record_ends(content: bytes, *, delimiter: bytes | None) -> Positions:
    """Return the positions after each record's line break; content starts with a record.

    With a delimiter, breaks inside quotes end nothing. The last record may be unfinished
    and is then left out.
    """
    data = np.frombuffer(content, dtype=np.uint8)
    breaks = np.flatnonzero(data == NEWLINE)
    if delimiter is not None and QUOTE in content:
        quotes = _quotes(content, data, delimiter)
        breaks = breaks[np.searchsorted(quotes, breaks) % 2 == 0]
    return breaks + 1


def _quotes(content: bytes, data: npt.NDArray[np.uint8], delimiter: bytes) -> Positions:
    """Return the quotes that open or close a field, without those inside plain text."""
    quotes = np.flatnonzero(data == QUOTE)
    opening = quotes[::2]
    before = data[np.maximum(opening - 1, 0)]
    opens = (opening == 0) | np.isin(before, (NEWLINE, RETURN, QUOTE, delimiter[0]))
    return quotes if opens.all() else _quotes_in_turn(content, quotes, delimiter)


def _quotes_in_turn(content: bytes, quotes: Positions, delimiter: bytes) -> Positions:
    """Decide quote by quote: one like the inch of 5" opens nothing."""
    starts = frozenset((NEWLINE, RETURN, delimiter[0]))
    kept: list[int] = []
    for position in quotes.tolist():
        inside = len(kept) % 2 == 1
        doubled = bool(kept) and kept[-1] == position - 1
        if inside or doubled or position == 0 or content[position - 1] in starts:
            kept.append(position)
    return np.array(kept, dtype=np.int64)


def plan(
    path: Path, *, header_lines: int, target_bytes: int = 8 << 20, shape: str = ""
) -> list[Range]:
    """Cut a prepared file into ranges of whole records, each about `target_bytes` long.

    Lines of the header stand in no range. A document is one range. Raises Refused for a
    record longer than MAX_RECORD_BYTES, naming its line.
    """
    size = path.stat().st_size
    if shape == "document":
        return [Range(0, 0, size, 1)]
    ranges: list[Range] = []
    with path.open("rb") as file:
        header = b"".join(file.readline() for _ in range(header_lines))
        delimiter = sniff_delimiter(header) if header_lines else None
        start, line = len(header), header_lines + 1
        while start < size:
            file.seek(start)
            window = _window(file, size - start, target_bytes, delimiter, line)
            ranges.append(Range(len(ranges), start, start + len(window), line))
            start += len(window)
            line += window.count(b"\n")
    return ranges


def _window(
    file: BinaryIO, left_bytes: int, target_bytes: int, delimiter: bytes | None, line: int
) -> bytes:
    """Return the whole records of the next `target_bytes`, at least one."""
    window = file.read(target_bytes)
    while True:
        ends = record_ends(window, delimiter=delimiter)
        _check_lengths(window, ends, line)
        if len(ends) > MAX_RECORDS:
            return window[: ends[MAX_RECORDS - 1]]
        if len(window) >= left_bytes:
            return window
        if len(ends):
            return window[: ends[-1]]
        window += file.read(len(window))


def _check_lengths(window: bytes, ends: Positions, line: int) -> None:
    starts = np.concatenate(([0], ends))
    lengths = np.concatenate((ends, [len(window)])) - starts
    long = np.flatnonzero(lengths > MAX_RECORD_BYTES)
    if len(long):
        line += window[: starts[long[0]]].count(b"\n")
        raise Refused(
            f"The record that begins on line {line} is longer than {MAX_RECORD_BYTES >> 20} MiB; "
            "a quotation mark may be open there."
        )


def read(path: Path, part: Range) -> bytes:
    """Return the bytes of a range."""
    with path.open("rb") as file:
        file.seek(part.start)
        return file.read(part.end - part.start)
