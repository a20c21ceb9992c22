"""A provider of the tests' own that reports usage in buckets, as a plain CSV.

A row whose provider is `nothing` names a bucket without usage, `machine` is none of ours,
`more` says that pages are missing.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from ingestion.readers import registry
from ingestion.readers.contract import Chunk, Options
from ingestion.readers.convert import Texts
from ingestion.readers.csvtext import header_names, read_texts
from ingestion.readers.reports import ReportBatch, report_batch
from ingestion.readers.source import Source, nothing

HEADER = (
    "provider,model,project,bucket_starts_at,bucket_ends_at,in_text,out_text,requests,"
    "stated_usd,charge_category,billed_usd,quantity,listed_usd,service_tier,region"
)
SAYS = ("nothing", "machine", "more")
NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)


def line(
    day: int,
    *,
    usd: str = "",
    model: str = "gpt-4o",
    project: str = "",
    tokens: tuple[int, int] = (0, 0),
    requests: int = 0,
    provider: str = "openai",
    category: str = "usage",
    billed: str = "",
    quantity: str = "",
    listed: str = "",
    tier: str = "",
    region: str = "",
    hours: tuple[int, int] = (0, 24),
) -> str:
    """Return a line of a day in November 2026, of the whole day unless hours are given."""
    midnight = NOVEMBER + timedelta(days=day - 1)
    span = [(midnight + timedelta(hours=hour)).isoformat() for hour in hours]
    cells = [provider, model, project, *span, *map(str, tokens), str(requests), usd, category]
    return ",".join([*cells, billed, quantity, listed, tier, region])


def report(*lines: str) -> str:
    return "\n".join([HEADER, *lines, ""])


def read(chunk: Chunk, _options: Options) -> ReportBatch:
    texts = read_texts(chunk, {name: name for name in header_names(chunk.header)})
    said = texts.columns["provider"].to_pylist()
    named = [
        tuple(
            datetime.fromisoformat(texts.columns[name][row].as_py())
            for name in ("bucket_starts_at", "bucket_ends_at")
        )
        for row, word in enumerate(said)
        if word == "nothing"
    ]
    batch = report_batch(
        _lines(texts),
        buckets=named,  # type: ignore[arg-type]  # pairs of moments
        complete="more" not in said,
    )
    return replace(batch, left_out=said.count("machine"))


def _lines(texts: Texts) -> Texts:
    keep = pc.invert(pc.is_in(texts.columns["provider"], value_set=pa.array(SAYS)))
    rows = [row for row, kept in enumerate(keep.to_pylist()) if kept]
    columns = {name: column.filter(keep) for name, column in texts.columns.items()}
    return Texts(columns, texts.lines[rows], lambda row: texts.raw(rows[row]), texts.problems)


def _check(_chunk: Chunk, _options: Options) -> None:
    """Refuse nothing."""


USAGE = Source(
    name="acme-usage",
    kind="usage",
    title="A usage report of the tests",
    detects="nothing",
    documentation="",
    detect=nothing,
    check=_check,
    read=read,
)
OTHER_USAGE = replace(USAGE, name="acme-export")
COSTS = replace(USAGE, name="acme-costs", kind="cost")


@pytest.fixture
def report_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the three sources of the tests be known."""
    monkeypatch.setattr(registry, "SOURCES", (*registry.SOURCES, USAGE, OTHER_USAGE, COSTS))
