"""Lines of a report: what a call may not be, a line may."""

import numpy as np
import pyarrow as pa

from ingestion.readers.convert import Texts
from ingestion.readers.reports import ReportBatch, report_batch
from tests.ingestion.readers.reading import said, shown


def read(**cells: str) -> ReportBatch:
    plain = {
        "provider": "openai",
        "bucket_starts_at": "2026-11-02",
        "bucket_ends_at": "2026-11-03",
    }
    columns = {name: pa.array([text]) for name, text in (plain | cells).items()}
    return report_batch(Texts(columns, np.array([2]), lambda _: "raw"))


def test_a_cost_may_be_negative_and_larger_than_any_calls() -> None:
    assert shown(read(stated_usd="-1.25"), "stated_usd") == [("-1.25",)]
    assert shown(read(stated_usd="10000000"), "stated_usd") == [("10000000",)]


def test_what_is_no_amount_is_said_with_the_field() -> None:
    assert said(read(stated_usd="1,5")) == [
        (2, "cost_usd", "'1,5' has a separator: write a dot for decimals and nothing for thousands")
    ]


def test_a_line_begins_with_its_bucket_where_it_does_not_say() -> None:
    batch = read()

    assert batch.frame["started_at"].equals(batch.frame["bucket_starts_at"].rename("started_at"))


def test_a_bucket_that_ends_before_it_starts_is_refused() -> None:
    assert said(read(bucket_ends_at="2026-11-02")) == [
        (2, "bucket_ends_at", "is not after the start")
    ]
