"""Claude Code's analytics: people's tokens, spend only where tokens are billed."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingestion.readers.reports import ReportBatch
from tests.ingestion.readers.reading import SAMPLES, read_report, said, shown
from tests.ingestion.readers.told import told
from tests.shared_data import shared_data

SECOND, THIRD = (datetime(2026, 3, day, tzinfo=UTC) for day in (2, 3))


def read_records(folder: Path, *records: Any) -> ReportBatch:
    path = folder / "page"
    path.write_text(json.dumps({"data": records, "has_more": False}))
    return read_report("anthropic-claude-code", path)


def record(**other: Any) -> dict[str, Any]:
    used = {"model": "claude-opus-4-8", "tokens": {"input": 10, "output": 2}}
    return {"date": "2026-03-02", "customer_type": "api", "model_breakdown": [used]} | other


def test_each_model_of_a_record_is_a_line_with_its_estimate_beside_it() -> None:
    batch = read_report("anthropic-claude-code", SAMPLES / "anthropic_claude_code.json")

    assert told(batch, 0) == {
        "line": 1,
        "provider": "anthropic",
        "model": "claude-opus-4-8",
        "person": "ana@example.com",
        "workflow": "Claude Code",
        "tags": '{"customer_type":"api","terminal_type":"vscode"}',
        "in_text": 45230,
        "in_cache_read": 8790,
        "in_cache_write_5m": 2340,
        "out_text": 12450,
        "bucket_starts_at": SECOND,
        "bucket_ends_at": THIRD,
        "line_item": "Claude Code",
        "quantity": "1.86",
        "quantity_unit": "USD, estimated",
    }
    assert shown(batch, "line", "model", "in_text", "quantity")[1] == (
        1,
        "claude-sonnet-5",
        23100,
        "0.425",
    )


def test_what_a_subscription_pays_for_is_an_adjustment_of_nothing() -> None:
    batch = read_report("anthropic-claude-code", SAMPLES / "anthropic_claude_code.json")

    assert told(batch, 2) == {
        "line": 2,
        "provider": "anthropic",
        "model": "claude-opus-4-8",
        "key": "ci-review",
        "workflow": "Claude Code",
        "tags": '{"customer_type":"subscription","subscription_type":"enterprise",'
        '"terminal_type":"ci"}',
        "in_text": 1000,
        "out_text": 200,
        "charge_category": "adjustment",
        "stated_usd": "0",
        "billed_usd": "0",
        "listed_usd": "0.03",
        "quantity": "0.03",
        "quantity_unit": "USD, estimated",
        "bucket_starts_at": SECOND,
        "bucket_ends_at": THIRD,
        "line_item": "Claude Code, paid by subscription",
    }


def test_a_customer_of_an_unknown_kind_is_a_problem() -> None:
    batch = read_report("anthropic-claude-code", SAMPLES / "anthropic_claude_code.json")

    assert said(batch) == [(4, "record", "customer_type is not api or subscription")]
    assert (batch.rows, batch.complete) == (4, False)
    assert list(batch.buckets) == [(SECOND, THIRD)]


def test_a_record_without_models_still_names_its_day(tmp_path: Path) -> None:
    batch = read_records(tmp_path, record(model_breakdown=[]))

    assert (batch.rows, list(batch.buckets), batch.complete) == (0, [(SECOND, THIRD)], True)


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"date": "soon"}, "date is 'soon', which is no day"),
        ({"model_breakdown": None}, "model_breakdown is no list of objects"),
        ({"model_breakdown": ["opus"]}, "model_breakdown is no list of objects"),
        (
            {"model_breakdown": [{"model": "m", "tokens": {"input": "many"}}]},
            "input is 'many', which is not a whole number.",
        ),
        (
            {"model_breakdown": [{"model": "m", "estimated_cost": {"amount": "1,5"}}]},
            "'1,5' has a separator: write a dot for decimals and nothing for thousands.",
        ),
    ],
)
def test_a_record_that_cannot_be_read_is_one_problem(
    tmp_path: Path, other: dict[str, Any], reason: str
) -> None:
    batch = read_records(tmp_path, record(**other), record())

    assert said(batch) == [(1, "record", reason)]
    assert shown(batch, "line", "in_text", "out_text", "quantity_unit") == [(2, 10, 2, "")]


def test_the_documented_examples_are_read() -> None:
    batch = read_report(
        "anthropic-claude-code", shared_data("anthropic/examples/usage_report_claude_code.json")
    )

    assert shown(batch, "model", "in_text", "out_text", "quantity", "charge_category") == [
        ("claude-opus-4-8", 45230, 12450, "1.86", "usage"),
        ("claude-sonnet-5", 23100, 5680, "0.42", "usage"),
    ]
    assert batch.complete is False
