"""Claude Enterprise's analytics: by product or by person, and never by groups that overlap."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingestion.readers.contract import Refused
from ingestion.readers.reports import ReportBatch
from tests.ingestion.readers.reading import SAMPLES, read_report, said, shown
from tests.ingestion.readers.told import told
from tests.shared_data import shared_data

SECOND, THIRD, FOURTH = (datetime(2026, 3, day, tzinfo=UTC) for day in (2, 3, 4))
SPAN = {"starting_at": "2026-03-02T00:00:00Z", "ending_at": "2026-03-03T00:00:00Z"}


def read_page(folder: Path, name: str, *data: Any) -> ReportBatch:
    path = folder / "page"
    path.write_text(json.dumps({"data": data, "has_more": False}))
    return read_report(name, path)


def read_costs(folder: Path, *results: Any) -> ReportBatch:
    return read_page(folder, "anthropic-analytics-costs", {**SPAN, "results": results})


def test_costs_are_cents_before_credits_beside_their_list_cost() -> None:
    batch = read_report("anthropic-analytics-costs", SAMPLES / "anthropic_analytics_costs.json")

    assert told(batch, 0) == {
        "line": 1,
        "provider": "anthropic",
        "model": "claude-opus-4-6",
        "workflow": "chat",
        "region": "global",
        "tags": '{"context_window":"0-200k","inference_geo":"global"}',
        "requests": 128,
        "stated_usd": "412.80000000",
        "billed_usd": "412.80000000",
        "listed_usd": "516.00000000",
        "bucket_starts_at": SECOND,
        "bucket_ends_at": THIRD,
        "line_item": "chat",
    }
    assert shown(batch, "line_item", "requests", "billed_usd")[1] == ("code_execution", 0, "0.005")
    assert (batch.rows, batch.complete, batch.doubts) == (2, True, [])


def test_costs_by_person_tell_their_own_day() -> None:
    batch = read_report(
        "anthropic-analytics-costs", SAMPLES / "anthropic_analytics_user_costs.json"
    )

    columns = ("line", "person", "workflow", "billed_usd", "listed_usd", "bucket_starts_at")
    assert shown(batch, *columns) == [
        (1, "ana@example.com", "chat", "12.50", "13.00", SECOND),
        (2, "user_gone", "claude_code", "0.075", "0.075", THIRD),
    ]
    assert list(batch.buckets) == [(SECOND, THIRD), (THIRD, FOURTH)]


def test_usage_is_disjoint_as_it_comes() -> None:
    batch = read_report("anthropic-analytics-usage", SAMPLES / "anthropic_analytics_usage.json")

    assert told(batch, 0) == {
        "line": 1,
        "provider": "anthropic",
        "model": "claude-opus-4-6",
        "workflow": "chat",
        "service_tier": "fast",
        "region": "global",
        "tags": '{"context_window":"0-200k","inference_geo":"global","speed":"fast"}',
        "in_text": 900,
        "in_cache_read": 100,
        "in_cache_write_5m": 500,
        "out_text": 60,
        "requests": 8,
        "web_searches": 2,
        "bucket_starts_at": SECOND,
        "bucket_ends_at": THIRD,
        "line_item": "chat",
    }


def test_usage_by_person_is_read_alike(tmp_path: Path) -> None:
    row = {**SPAN, "actor": {"email": "ana@example.com"}, "uncached_input_tokens": 7}

    batch = read_page(tmp_path, "anthropic-analytics-usage", row, row)

    assert shown(batch, "line", "person", "in_text") == [
        (1, "ana@example.com", 7),
        (2, "ana@example.com", 7),
    ]
    assert list(batch.buckets) == [(SECOND, THIRD)]


def test_rows_by_group_of_people_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="grouped by rbac_group_id"):
        read_costs(tmp_path, {"amount": "1", "rbac_group_id": "rbac_group_7"})


def test_a_bucket_that_may_lack_groups_is_doubted(tmp_path: Path) -> None:
    ninety_nine = [{"amount": "1"}] * 99

    whole, cut = (
        read_costs(tmp_path, *ninety_nine),
        read_costs(tmp_path, *ninety_nine, {"amount": "2"}),
    )

    assert whole.doubts == []
    assert [(doubt.line, doubt.reason) for doubt in cut.doubts] == [(100, "DQ_GROUPS_CUT")]
    assert cut.rows == 100


def test_a_bucket_that_stands_twice_is_refused(tmp_path: Path) -> None:
    bucket = {**SPAN, "results": []}

    with pytest.raises(Refused, match="stands twice"):
        read_page(tmp_path, "anthropic-analytics-costs", bucket, bucket)


def test_an_amount_without_a_value_is_a_problem_and_what_is_no_row_refuses(tmp_path: Path) -> None:
    assert said(read_costs(tmp_path, {"amount": None})) == [(1, "amount", "amount has no value")]
    with pytest.raises(Refused, match="Bucket 1 cannot be read"):
        read_page(tmp_path, "anthropic-analytics-costs", "x")


@pytest.mark.parametrize(
    ("example", "name"),
    [
        ("analytics_user_cost_report", "anthropic-analytics-costs"),
        ("analytics_cost_report", "anthropic-analytics-costs"),
        ("analytics_usage_report", "anthropic-analytics-usage"),
    ],
)
def test_the_documented_examples_are_grouped_by_everything_and_so_refused(
    tmp_path: Path, example: str, name: str
) -> None:
    text = shared_data(f"anthropic/examples/{example}.json").read_text()
    path = tmp_path / "page"
    path.write_text(text.replace('"ending_at": "2019-12-27', '"ending_at": "2019-12-28'))

    with pytest.raises(Refused, match="rbac_group_id"):
        read_report(name, path)


def test_the_documented_example_without_groups_of_people_is_read(tmp_path: Path) -> None:
    path = shared_data("anthropic/examples/analytics_user_cost_report.json")
    (row,) = json.loads(path.read_text())["data"]
    span = {"starting_at": SPAN["starting_at"], "ending_at": SPAN["ending_at"]}

    batch = read_page(tmp_path, "anthropic-analytics-costs", row | span | {"rbac_group_id": None})

    assert shown(batch, "person", "billed_usd", "listed_usd", "requests") == [
        ("jane@example.com", "412.80000000", "516.00000000", 128)
    ]
