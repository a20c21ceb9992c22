"""OpenAI's export of usage: counts written as decimals, and days that say nothing."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingestion.readers.contract import Refused
from tests.ingestion.readers.reading import SAMPLES, read_report, said, shown
from tests.ingestion.readers.told import told

SECOND, THIRD, FOURTH = (datetime(2026, 3, day, tzinfo=UTC) for day in (2, 3, 4))


def test_a_row_is_a_line_of_disjoint_tokens() -> None:
    batch = read_report("openai-usage-csv", SAMPLES / "openai_usage.csv")

    assert told(batch, 0) == {
        "line": 2,
        "provider": "openai",
        "model": "gpt-5-mini-2025-08-07",
        "key": "key_search",
        "person": "user-ana",
        "project": "proj_search",
        "in_text": 10000,  # 12,000 in all, 2,000 of them cached
        "in_cache_read": 2000,
        "out_text": 800,
        "requests": 10,
        "bucket_starts_at": SECOND,
        "bucket_ends_at": THIRD,
        "line_item": "completions",
    }


def test_a_batch_is_told_by_its_word() -> None:
    batch = read_report("openai-usage-csv", SAMPLES / "openai_usage.csv")

    assert shown(batch, "line", "service_tier") == [(2, "standard"), (3, "batch")]


def test_a_day_without_usage_is_a_bucket_without_a_line() -> None:
    batch = read_report("openai-usage-csv", SAMPLES / "openai_usage.csv")

    assert list(batch.buckets) == [(THIRD, FOURTH)]
    assert (batch.rows, len(batch.frame), batch.complete) == (3, 2, True)
    assert batch.doubts == []


def test_half_a_token_rejects_its_row() -> None:
    batch = read_report("openai-usage-csv", SAMPLES / "openai_usage.csv")

    assert said(batch) == [
        (5, "usage", "input_tokens is '10.5', which is not a whole number."),
    ]


def test_a_day_whose_times_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    header = (SAMPLES / "openai_usage.csv").read_text().splitlines()[0]
    path.write_text(f"{header}\nsoon,later,,{',' * 20}\n")

    batch = read_report("openai-usage-csv", path)

    assert said(batch) == [(2, "started_at", "'soon' is not a time between 2000 and 2099")]
    assert list(batch.buckets) == []


def test_an_export_of_another_kind_of_request_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "images.csv"
    path.write_text("start_time,end_time,start_time_iso,num_model_requests,images\n1,2,,3,4\n")

    with pytest.raises(Refused, match="it has no column input_tokens or output_tokens"):
        read_report("openai-usage-csv", path)


def test_what_is_no_csv_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "usage.json"
    path.write_text('{"start_time": 1}\n')

    with pytest.raises(Refused, match="This is no CSV"):
        read_report("openai-usage-csv", path)
