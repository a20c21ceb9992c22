"""Reading a hostile file in a process of its own, under bounds of memory and time."""

import resource
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from ingestion import framing
from ingestion.framing import Limits, Refused
from ingestion.readers.contract import Chunk, Options
from ingestion.readers.registry import source

MEMORY_BYTES = 512 << 20
# Not a measure of speed: what ends a reading that would never end, on the slowest machine.
CPU_SECONDS = 120


class Reading(NamedTuple):
    """What became of a file: refused with a sentence, or read with its rows."""

    refusal: str
    rows: int
    loaded: int
    reasons: tuple[str, ...]
    peak_bytes: int


def read_bounded(
    answer: Connection, path: Path, name: str, options: Options, limits: Limits
) -> None:
    """Read a file as a delivery is read, and answer what became of it."""
    _bind()
    refusal, rows, loaded = "", 0, 0
    reasons: list[str] = []
    try:
        for rows_read, loaded_read, said in _batches(path, name, options, limits):
            rows, loaded = rows + rows_read, loaded + loaded_read
            reasons += said
    except Refused as refused:
        refusal = refused.detail
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    answer.send(Reading(refusal, rows, loaded, tuple(reasons), peak))


def _bind() -> None:
    """Allow this process so much more memory than it has now, and so much time."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))


def _batches(
    path: Path, name: str, options: Options, limits: Limits
) -> Iterator[tuple[int, int, list[str]]]:
    reader = source(name)
    target = path.with_suffix(".prepared")
    prepared = framing.prepare(
        path, target, rows_path=reader.rows_path, document=reader.is_document, limits=limits
    )
    reader.check(Chunk(b"", prepared.header, prepared.shape, 1), options)
    parts = framing.plan(target, header_lines=prepared.header_lines, shape=prepared.shape)
    for part in parts:
        chunk = Chunk(framing.read(target, part), prepared.header, prepared.shape, part.first_line)
        batch = reader.read(chunk, options)
        problems = [problem.reason for problem in batch.problems]
        yield batch.rows, batch.rows - len(problems), problems
