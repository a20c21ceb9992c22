"""Usage on disk until the server has counted it: appended, synced, taken off when acknowledged.

A record a line, in segments named after the place of their first record. Whatever `append`
returned from survives a kill; what was pushed and not acknowledged is pushed again, and the
server counts it once by its id.
"""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO, NamedTuple

from tokenops_sidecar import disk

MOST_BYTES = 512 * 1024 * 1024
SEGMENT_BYTES = 1024 * 1024
_SUFFIX = ".ndjson"


class SpoolFull(Exception):
    """Nothing more can be kept. What was kept before is not touched."""


class Batch(NamedTuple):
    """Records that wait, and the place after the last of them."""

    records: list[dict[str, Any]]
    end: int


class Spool:
    """A queue on disk, safe for threads; one process at a time."""

    def __init__(
        self, folder: Path, *, most_bytes: int = MOST_BYTES, segment_bytes: int = SEGMENT_BYTES
    ) -> None:
        self._folder = disk.make_folder(folder)
        self._most_bytes, self._segment_bytes = most_bytes, segment_bytes
        self._lock = Lock()
        self._mark = folder / "acknowledged"
        self._sizes = {_first_of(path): path.stat().st_size for path in self._segments()}
        self._start = self._read_mark()
        self._end = self._mend_last()
        self._start = min(self._start, self._end)
        self._file: BinaryIO | None = None
        self._is_full, self._wanted_bytes = False, 0
        self._drop_acknowledged()

    @property
    def start(self) -> int:
        """The place of the first record that waits."""
        return self._start

    @property
    def end(self) -> int:
        """The place of the next record to come."""
        return self._end

    @property
    def depth(self) -> int:
        return self._end - self._start

    @property
    def is_full(self) -> bool:
        """Whether the last append found no room; the next that finds some clears it."""
        return self._is_full

    def append(self, records: Sequence[Mapping[str, Any]]) -> int:
        """Keep records, and return the place of the first; all of them or, SpoolFull, none."""
        lines = b"".join(_line(record) for record in records)
        with self._lock:
            first = self._end
            try:
                self._write(lines)
            except OSError as error:
                self._is_full, self._wanted_bytes = True, len(lines)
                raise SpoolFull(f"Usage cannot be kept: {error.strerror or error}.") from error
            self._is_full = False
            self._end += len(records)
            return first

    def waiting(self, *, most: int) -> Batch:
        """Return the first records that wait."""
        with self._lock:
            start, found = self._start, list[bytes]()
            for first in sorted(self._sizes):
                if len(found) < most:
                    skipped = max(start - first, 0)
                    lines = self._path(first).read_bytes().splitlines()[skipped:]
                    found += lines[: most - len(found)]
            records = [record for line in found if (record := _parsed(line))]
            return Batch(records, start + len(found))

    def acknowledge(self, end: int) -> None:
        """Take off what stands before a place: the server has it."""
        with self._lock:
            disk.replace(self._mark, str(end).encode())
            self._start = end
            self._drop_acknowledged()

    def look_for_room(self) -> None:
        """See whether there is room again, where there was none: nobody appends until then."""
        with self._lock:
            if self._is_full and self._has_room(self._wanted_bytes):
                with contextlib.suppress(OSError):
                    disk.replace(self._mark, str(self._start).encode())
                    self._is_full = False

    def each_waiting(self) -> Iterator[dict[str, Any]]:
        """Yield every record that waits, in order; one that the disk spoilt is an empty one."""
        for first in sorted(self._sizes):
            lines = self._path(first).read_bytes().splitlines()
            yield from (_parsed(line) for line in lines[max(self._start - first, 0) :])

    def close(self) -> None:
        with self._lock:
            self._close_file()

    def _write(self, lines: bytes) -> None:
        if not self._has_room(len(lines)):
            raise OSError(None, f"the spool is at its {self._most_bytes} bytes")
        first = max(self._sizes, default=None)
        if first is None or self._sizes[first] >= self._segment_bytes:
            first = self._open_segment()
        before = self._sizes[first]
        file = self._opened(first)
        try:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            # Half a record must not stand before the next one.
            os.ftruncate(file.fileno(), before)
            raise
        self._sizes[first] = before + len(lines)

    def _has_room(self, for_bytes: int) -> bool:
        return sum(self._sizes.values()) + for_bytes <= self._most_bytes

    def _open_segment(self) -> int:
        self._close_file()
        descriptor = os.open(self._path(self._end), os.O_WRONLY | os.O_CREAT, disk.PRIVATE)
        os.close(descriptor)
        disk.sync_folder(self._folder)
        self._sizes[self._end] = 0
        return self._end

    def _opened(self, first: int) -> BinaryIO:
        if self._file is None:
            self._file = self._path(first).open("ab", buffering=0)
        return self._file

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _drop_acknowledged(self) -> None:
        """Remove segments of which every record was acknowledged."""
        firsts = sorted(self._sizes)
        for first, following in zip(firsts, [*firsts[1:], self._end], strict=False):
            if following <= self._start:
                if first == firsts[-1]:
                    self._close_file()
                self._path(first).unlink(missing_ok=True)
                del self._sizes[first]

    def _mend_last(self) -> int:
        """Cut off a record that a kill left half written; return the place after the last."""
        if not self._sizes:
            return self._start
        first = max(self._sizes)
        content = self._path(first).read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if whole != content:
            os.truncate(self._path(first), len(whole))
            self._sizes[first] = len(whole)
        return first + whole.count(b"\n")

    def _read_mark(self) -> int:
        """Return where the acknowledged end; without a mark everything kept still waits."""
        try:
            return int(self._mark.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return min(self._sizes, default=0)

    def _segments(self) -> list[Path]:
        return sorted(self._folder.glob(f"*{_SUFFIX}"))

    def _path(self, first: int) -> Path:
        return self._folder / f"{first:020d}{_SUFFIX}"


def _first_of(path: Path) -> int:
    return int(path.name.removesuffix(_SUFFIX))


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}


def _line(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
