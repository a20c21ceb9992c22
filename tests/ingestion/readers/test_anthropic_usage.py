"""Anthropic's usage report: classes are disjoint as they come, and calls are not counted."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from finops.tokens import NEGATIVE_CLASS
from ingestion.readers.contract import Refused
from ingestion.readers.reports import ReportBatch
from tests.ingestion.readers.reading import SAMPLES, read_report, said, shown
from tests.ingestion.readers.told import told
from tests.shared_data import shared_data

SECOND, THIRD, FOURTH = (datetime(2026, 3, day, tzinfo=UTC) for day in (2, 3, 4))


def read_pages(folder: Path, *pages: Any) -> ReportBatch:
    path = folder / "pages"
    path.write_text("\n".join(json.dumps(page) for page in pages))
    return read_report("anthropic-usage", path)


def page(*, day: int = 2, has_more: bool = False, **result: Any) -> dict[str, Any]:
    span = {
        "starting_at": f"2026-03-0{day}T00:00:00Z",
        "ending_at": f"2026-03-0{day + 1}T00:00:00Z",
    }
    return {"data": [{**span, "results": [{"output_tokens": 1} | result]}], "has_more": has_more}


def test_a_row_is_a_line_of_disjoint_tokens() -> None:
    batch = read_report("anthropic-usage", SAMPLES / "anthropic_usage.json")

    assert told(batch, 0) == {
        "line": 1,
        "provider": "anthropic",
        "model": "claude-sonnet-4-6",
        "key": "apikey_search",
        "person": "svac_nightly",
        "project": "wrkspc_search",
        "service_tier": "fast",
        "region": "us",
        "tags": '{"context_window":"0-200k","inference_geo":"us","speed":"fast"}',
        "in_text": 1500,
        "in_cache_read": 200,
        "in_cache_write_5m": 500,
        "in_cache_write_1h": 1000,
        "out_text": 400,
        "web_searches": 10,
        "bucket_starts_at": SECOND,
        "bucket_ends_at": THIRD,
    }


def test_tiers_are_kept_and_a_person_stands_before_a_service() -> None:
    batch = read_report("anthropic-usage", SAMPLES / "anthropic_usage.json")

    assert shown(batch, "line", "service_tier", "person", "project", "requests") == [
        (1, "fast", "svac_nightly", "wrkspc_search", 0),
        (2, "batch", "user_ana", "", 0),
        (3, "priority_on_demand", "", "", 0),
    ]


def test_odd_counts_are_doubted_and_bad_ones_refused() -> None:
    batch = read_report("anthropic-usage", SAMPLES / "anthropic_usage.json")

    assert [(doubt.line, doubt.reason) for doubt in batch.doubts] == [(3, NEGATIVE_CLASS)]
    assert said(batch) == [
        (4, "usage", "uncached_input_tokens is '1.5', which is not a whole number."),
    ]
    assert list(batch.buckets) == [(SECOND, THIRD), (THIRD, FOURTH)]
    assert (batch.rows, batch.complete) == (4, True)


def test_a_page_run_is_complete_when_its_last_page_has_no_more(tmp_path: Path) -> None:
    first, last = page(has_more=True), page(day=3)

    assert read_pages(tmp_path, first, last).complete is True
    assert read_pages(tmp_path, first).complete is False
    assert read_pages(tmp_path, {"data": []}).complete is False


def test_a_bucket_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="The bucket that starts at 2026-03-02 00:00 stands twice"):
        read_pages(tmp_path, page(has_more=True), page())


def test_a_report_of_nothing_is_read(tmp_path: Path) -> None:
    batch = read_pages(tmp_path, {"data": [], "has_more": False})

    assert (batch.rows, len(batch.frame), list(batch.buckets)) == (0, 0, [])


def test_the_documented_example_is_read() -> None:
    batch = read_report(
        "anthropic-usage", shared_data("anthropic/examples/usage_report_messages.json")
    )

    line = told(batch, 0)
    assert (line["in_text"], line["in_cache_read"], line["out_text"]) == (1500, 200, 500)
    assert (line["in_cache_write_5m"], line["in_cache_write_1h"]) == (500, 1000)
    assert (line["web_searches"], batch.complete) == (10, False)
