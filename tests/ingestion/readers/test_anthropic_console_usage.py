"""The Console's export of usage: disjoint tokens by UTC day, whatever columns a month has."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingestion.readers.contract import Refused
from tests.ingestion.readers.reading import SAMPLES, read_report, said, shown
from tests.ingestion.readers.told import told

SECOND, THIRD, FOURTH = (datetime(2026, 3, day, tzinfo=UTC) for day in (2, 3, 4))
EARLY_2025 = (
    "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,"
    "usage_input_tokens_no_cache,usage_input_tokens_cache_write,usage_input_tokens_cache_read,"
    "usage_output_tokens\n"
)


def test_a_row_is_a_line_of_disjoint_tokens() -> None:
    batch = read_report("anthropic-console-usage", SAMPLES / "anthropic_console_usage.csv")

    assert told(batch, 0) == {
        "line": 2,
        "provider": "anthropic",
        "model": "claude-haiku-4-5-20251001",
        "key": "search-prod",
        "project": "Search",
        "tags": '{"context_window":"≤ 200k","inference_geo":"not_available"}',
        "in_text": 1000,
        "in_cache_read": 4000,
        "in_cache_write_5m": 200,
        "in_cache_write_1h": 300,
        "out_text": 500,
        "web_searches": 3,
        "bucket_starts_at": SECOND,
        "bucket_ends_at": THIRD,
    }


def test_a_time_within_the_day_is_kept_and_the_bucket_is_the_day() -> None:
    batch = read_report("anthropic-console-usage", SAMPLES / "anthropic_console_usage.csv")

    columns = ("started_at", "bucket_starts_at", "bucket_ends_at", "service_tier", "requests")
    assert shown(batch, *columns)[1] == (
        datetime(2026, 3, 2, 14, tzinfo=UTC),
        SECOND,
        THIRD,
        "batch",
        0,
    )


def test_a_count_below_zero_rejects_its_row() -> None:
    batch = read_report("anthropic-console-usage", SAMPLES / "anthropic_console_usage.csv")

    assert said(batch) == [(4, "in_text", "'-70' is negative")]
    assert (batch.rows, len(batch.frame), batch.doubts) == (3, 2, [])


def test_writes_of_early_files_lived_five_minutes(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_text(f"{EARLY_2025}2025-02-03,claude-3-5-haiku-20241022,k,,message,,10,20,30,40\n")

    batch = read_report("anthropic-console-usage", path)

    columns = ("in_text", "in_cache_write_5m", "in_cache_write_1h", "in_cache_read", "out_text")
    assert shown(batch, *columns) == [(10, 20, 0, 30, 40)]


def test_a_row_without_a_day_is_named(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_text(f"{EARLY_2025},claude-3-5-haiku-20241022,k,,message,,10,20,30,40\n")

    assert said(read_report("anthropic-console-usage", path)) == [
        (2, "row", "'' in the column usage_date_utc is no day")
    ]


def test_another_csv_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_text("usage_date_utc,usage_output_tokens\n")

    with pytest.raises(Refused, match="no column model_version or usage_input_tokens_no_cache"):
        read_report("anthropic-console-usage", path)
