"""Google's billing export gives the lines of models, by the invoice's month."""

import csv
import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from finops.tokens import TOKEN_CLASSES
from ingestion.readers.contract import Refused
from ingestion.readers.registry import detected
from ingestion.readers.reports import ReportBatch
from tests.ingestion.readers.reading import SAMPLES, read_report, said, shown

SAMPLE = SAMPLES / "gcp_billing.csv"
# California keeps daylight saving time until the first Sunday of November.
OCTOBER = (datetime(2026, 10, 1, 7, tzinfo=UTC), datetime(2026, 11, 1, 7, tzinfo=UTC))
NOVEMBER = (datetime(2026, 11, 1, 7, tzinfo=UTC), datetime(2026, 12, 1, 8, tzinfo=UTC))
ROW: dict[str, Any] = {
    "billing_account_id": "01AA",
    "invoice": {"month": "202610"},
    "cost_type": "regular",
    "service": {"id": "C7E2-9256-1C43", "description": "Vertex AI"},
    "sku": {"id": "FDAB", "description": "Gemini 2.5 Pro Text Input - Predictions"},
    "usage_start_time": "2026-10-07 14:00:00 UTC",
    "project": {"id": "support-ai", "labels": [{"key": "team", "value": "cx"}]},
    "labels": [{"key": "env", "value": "prod"}],
    "tags": [{"key": "unit", "value": "u1", "inherited": True, "namespace": "123"}],
    "location": {"region": "us-central1"},
    "cost": 1.25,
    "cost_at_list": 1.5,
    "currency": "USD",
    "usage": {"amount": 1000000.0, "unit": "count"},
    "credits": [],
}


def read_rows(folder: Path, *rows: dict[str, Any]) -> ReportBatch:
    path = folder / "export.ndjson"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return read_report("gcp-billing", path)


def total(batch: ReportBatch, column: str) -> Decimal:
    return sum((Decimal(text) for text in batch.frame[column] if text), Decimal(0))


def test_lines_of_models_are_taken_and_the_rest_is_counted() -> None:
    batch = read_report("gcp-billing", SAMPLE)

    columns = "line", "model", "service_tier", "charge_category", "billed_usd", "stated_usd"
    assert shown(batch, *columns) == [
        (2, "gemini-2.5-flash", "standard", "usage", "0.0072795", "0.0072795"),
        (3, "gemini-2.5-flash", "standard", "usage", "0.01", "0.01"),
        # A commitment makes it cheaper; the promotion pays for it.
        (4, "gemini-2.5-flash", "standard", "usage", "0.0025", "0.0020"),
        (5, "gemini-2.5-flash-lite", "standard", "usage", "0.05", "0.05"),
        (6, "gemini-2.5-flash", "standard", "usage", "0.03", "0.03"),
        (7, "gemini-2.5-pro", "batch", "usage", "0.375", "0.375"),
        (8, "gemini-3.8-flash", "standard", "usage", "2", "2"),
        (9, "gemini-2.5-flash", "standard", "usage", "1.1532", "1.1532"),
        (10, "claude-sonnet-4-5", "standard", "usage", "0.6", "0.6"),
        (11, "", "standard", "usage", "0.168", "0.168"),
        (12, "", "standard", "usage", "0.7", "0.7"),
        (13, "gemini-2.5-pro", "standard", "usage", "0.09", "0.09"),
        (14, "gemini-2.5-pro", "standard", "adjustment", "-0.2", "-0.2"),
        (15, "gemini-2.5-pro", "standard", "tax", "1.37", "1.37"),
        (4, "gemini-2.5-flash", "standard", "credit", "-0.0005", "0"),
        (4, "gemini-2.5-flash", "standard", "credit", "-0.002", "-0.002"),
    ]
    # A pipeline of Vertex AI and storage.
    assert batch.left_out == 2
    assert said(batch) == [
        (18, "currency", "'INR' cannot be taken: only US dollars, until exchange rates are kept"),
        (19, "credits", "cannot be read: Expecting value: line 1 column 1 (char 0)"),
        (20, "bucket_starts_at", "'2026-10' is not a time between 2000 and 2099"),
    ]
    assert batch.rows == 19
    assert [(doubt.line, doubt.reason) for doubt in batch.doubts] == [
        (12, "DQ_UNKNOWN_METER"),
        (13, "DQ_UNKNOWN_UNIT"),
    ]


def test_units_of_count_and_of_requests_are_tokens() -> None:
    frame = read_report("gcp-billing", SAMPLE).frame

    classes = frame[list(TOKEN_CLASSES)].sum()
    assert classes[classes > 0].to_dict() == {
        "in_text": 24_265 + 500_000 + 300_000,
        "in_cache_read": 1_000_000 + 2_000_000,
        "out_text": 1_000 + 461_280,
        "out_reasoning": 4_000,
    }
    assert frame["web_searches"].sum() == 12


def test_the_net_is_the_same_on_the_invoice_and_in_effect() -> None:
    batch = read_report("gcp-billing", SAMPLE)

    # Every cost of the sixteen lines, less 0.0005 and 0.002.
    assert total(batch, "billed_usd") == Decimal("6.3534795")
    assert total(batch, "stated_usd") == Decimal("6.3534795")


def test_a_line_says_whose_and_stands_in_its_invoices_month() -> None:
    batch = read_report("gcp-billing", SAMPLE)

    first = batch.frame.iloc[0].to_dict()
    assert {name: value for name, value in first.items() if value not in ("", 0)} == {
        "line": 2,
        "started_at": pd.Timestamp("2026-10-31T23:00:00Z"),
        "provider": "google",
        "model": "gemini-2.5-flash",
        "account": "01AAAA-BBBBBB-CCCCCC",
        "project": "support-ai",
        "tags": '{"team":"cx","x_region":"us-central1"}',
        "service_tier": "standard",
        "in_text": 24_265,
        "stated_usd": "0.0072795",
        "status": "ok",
        "bucket_starts_at": pd.Timestamp("2026-10-01T07:00:00Z"),
        "bucket_ends_at": pd.Timestamp("2026-11-01T07:00:00Z"),
        "charge_category": "usage",
        "line_item": "Gemini 2.5 Flash GA Text Input - Predictions",
        "billed_usd": "0.0072795",
        "listed_usd": "0.0072795",
        "quantity": "24265.0",
        "quantity_unit": "count",
        "currency": "USD",
        "invoice": "202610",
    }
    assert list(batch.buckets) == [OCTOBER, NOVEMBER]


def test_a_credit_is_a_line_of_money_alone_of_the_same_project() -> None:
    batch = read_report("gcp-billing", SAMPLE)

    credit = batch.frame.iloc[-1]
    assert credit[list(TOKEN_CLASSES)].sum() == 0
    assert (credit["project"], credit["quantity"], credit["listed_usd"]) == ("support-ai", "", "")
    assert credit["line_item"] == (
        "Gemini 2.5 Flash GA Text Output (Thinking On) - Predictions (Launch)"
    )


@pytest.mark.parametrize(
    ("month", "starts_at", "ends_at"),
    [
        ("202602", "2026-02-01T08:00:00Z", "2026-03-01T08:00:00Z"),
        # Daylight saving begins within March and ends within November.
        ("202603", "2026-03-01T08:00:00Z", "2026-04-01T07:00:00Z"),
        ("202611", "2026-11-01T07:00:00Z", "2026-12-01T08:00:00Z"),
        ("202612", "2026-12-01T08:00:00Z", "2027-01-01T08:00:00Z"),
    ],
)
def test_an_invoices_month_is_californias(
    tmp_path: Path, month: str, starts_at: str, ends_at: str
) -> None:
    batch = read_rows(tmp_path, ROW | {"invoice": {"month": month}})

    assert shown(batch, "bucket_starts_at", "bucket_ends_at") == [
        (pd.Timestamp(starts_at), pd.Timestamp(ends_at))
    ]


def test_nested_rows_are_read_like_flat_ones(tmp_path: Path) -> None:
    credit = {"name": "Deal", "amount": -0.25, "type": "DISCOUNT"}

    batch = read_rows(tmp_path, ROW | {"credits": [credit]})

    columns = "model", "in_text", "billed_usd", "stated_usd", "listed_usd", "started_at"
    at = pd.Timestamp("2026-10-07T14:00:00Z")
    assert shown(batch, *columns) == [
        ("gemini-2.5-pro", 1_000_000, "1.25", "1.00", "1.5", at),
        ("gemini-2.5-pro", 0, "-0.25", "0", "", at),
    ]
    assert batch.frame["tags"].unique().tolist() == [
        '{"env":"prod","team":"cx","unit":"u1","x_region":"us-central1"}'
    ]
    head = (tmp_path / "export.ndjson").read_bytes()
    assert detected(head) is detected(SAMPLE.read_bytes()) is not None


def test_cutting_the_file_changes_nothing_but_the_order_of_credits() -> None:
    whole = read_report("gcp-billing", SAMPLE)
    cut = read_report("gcp-billing", SAMPLE, target_bytes=400)

    by = ["line", "billed_usd"]
    pd.testing.assert_frame_equal(
        cut.frame.sort_values(by, ignore_index=True), whole.frame.sort_values(by, ignore_index=True)
    )
    assert (cut.left_out, said(cut)) == (whole.left_out, said(whole))
    assert sorted(set(cut.buckets)) == list(whole.buckets)


@pytest.mark.parametrize(
    ("service", "sku", "is_ours"),
    [
        ("Gemini API", "Anything at all", True),
        ("Generative Language API", "Anything at all", True),
        ("Claude Opus 4.6", "Output", True),
        ("Vertex AI", "Llama 3.3 70B Instruct Input Tokens", True),
        ("Vertex AI", "Vertex AI: Provisioned Throughput 1 month", True),
        ("Vertex AI", "Vertex AI Workbench N1 Core", False),
        ("Cloud Storage", "Gemini bucket storage", False),
    ],
)
def test_what_is_a_model_is_told_by_service_and_sku(
    tmp_path: Path, service: str, sku: str, *, is_ours: bool
) -> None:
    row = ROW | {"service": {"description": service}, "sku": {"description": sku}}

    batch = read_rows(tmp_path, row)

    assert (len(batch.frame), batch.left_out) == ((1, 0) if is_ours else (0, 1))
    # A month of other things says that no model was used in it.
    assert list(batch.buckets) == [OCTOBER]


def test_characters_are_counted_as_characters(tmp_path: Path) -> None:
    batch = read_rows(tmp_path, ROW | {"usage": {"amount": 500.0, "unit": "characters"}})

    assert shown(batch, "in_text", "counters") == [(0, '{"characters":500}')]
    assert batch.doubts == []


def test_a_name_longer_than_the_ledger_keeps_does_not_lose_the_money(tmp_path: Path) -> None:
    sku = f"Llama {'very ' * 80}large Input Tokens"

    batch = read_rows(tmp_path, ROW | {"sku": {"description": sku}})

    assert said(batch) == []
    assert (len(batch.frame["model"][0]), len(batch.frame["line_item"][0])) == (160, 300)


def test_labels_that_cannot_be_read_do_not_lose_the_money(tmp_path: Path) -> None:
    batch = read_rows(tmp_path, ROW | {"labels": "team=cx"})

    assert shown(batch, "stated_usd", "tags") == [
        ("1.25", '{"team":"cx","unit":"u1","x_region":"us-central1"}')
    ]
    assert [doubt.reason for doubt in batch.doubts] == ["DQ_UNREADABLE_TAGS"]


def test_an_export_without_invoices_is_refused(tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(SAMPLE.read_text())))
    path = tmp_path / "export.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, [n for n in rows[0] if n != "invoice.month"])
        writer.writeheader()
        writer.writerows({n: c for n, c in row.items() if n != "invoice.month"} for row in rows)

    with pytest.raises(Refused, match=r"has no column invoice\.month here"):
        read_report("gcp-billing", path)
