"""Reading a file as a delivery is read: prepared, checked, cut into chunks, read."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from ingestion import framing
from ingestion.readers.contract import Chunk, Options, UsageBatch
from ingestion.readers.registry import source
from ingestion.readers.reports import ReportBatch

NO_OPTIONS = Options()
SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def batches_of(
    name: str, path: Path, options: Options, *, target_bytes: int
) -> Iterator[UsageBatch | ReportBatch]:
    reader = source(name)
    with TemporaryDirectory() as folder:
        target = Path(folder) / "prepared"
        prepared = framing.prepare(
            path, target, rows_path=reader.rows_path, document=reader.is_document
        )
        reader.check(Chunk(b"", prepared.header, prepared.shape, 1), options)
        for part in framing.plan(
            target,
            header_lines=prepared.header_lines,
            target_bytes=target_bytes,
            shape=prepared.shape,
        ):
            content = framing.read(target, part)
            chunk = Chunk(content, prepared.header, prepared.shape, part.first_line)
            yield reader.read(chunk, options)


def read_usage(
    name: str,
    path: Path,
    options: Options = NO_OPTIONS,
    *,
    target_bytes: int = 1 << 20,
) -> UsageBatch:
    """Read a whole file of usage."""
    batches = list(batches_of(name, path, options, target_bytes=target_bytes))
    read = [batch for batch in batches if isinstance(batch, UsageBatch)]
    assert len(read) == len(batches) > 0
    return UsageBatch(
        pd.concat([batch.frame for batch in read], ignore_index=True),
        [problem for batch in read for problem in batch.problems],
        sum(batch.rows for batch in read),
        [doubt for batch in read for doubt in batch.doubts],
    )


def read_report(
    name: str,
    path: Path,
    options: Options = NO_OPTIONS,
    *,
    target_bytes: int = 1 << 20,
) -> ReportBatch:
    """Read a whole bucketed report."""
    batches = list(batches_of(name, path, options, target_bytes=target_bytes))
    read = [batch for batch in batches if isinstance(batch, ReportBatch)]
    assert len(read) == len(batches) > 0
    return ReportBatch(
        pd.concat([batch.frame for batch in read], ignore_index=True),
        [problem for batch in read for problem in batch.problems],
        sum(batch.rows for batch in read),
        [bucket for batch in read for bucket in batch.buckets],
        all(batch.complete for batch in read),
        [doubt for batch in read for doubt in batch.doubts],
        sum(batch.left_out for batch in read),
    )


def read_text(
    name: str,
    text: str | bytes,
    folder: Path,
    options: Options = NO_OPTIONS,
) -> UsageBatch:
    path = folder / "delivered"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_usage(name, path, options)


def said(batch: UsageBatch | ReportBatch) -> list[tuple[int, str, str]]:
    """Return what is wrong with which line."""
    return [(problem.line, problem.field, problem.reason) for problem in batch.problems]


def shown(batch: UsageBatch | ReportBatch, *columns: str) -> list[tuple[object, ...]]:
    """Return the frame's rows as plain tuples of these columns."""
    frame = batch.frame[list(columns)]
    return [tuple(row) for row in frame.itertuples(index=False)]
