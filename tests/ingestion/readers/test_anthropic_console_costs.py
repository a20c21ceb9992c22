"""The Console's export of costs: columns come and go, and cents hide what is small."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from ingestion.readers.contract import Refused
from tests.ingestion.readers.reading import SAMPLES, read_report, said, shown
from tests.ingestion.readers.told import told

SECOND, THIRD, FOURTH = (datetime(2026, 3, day, tzinfo=UTC) for day in (2, 3, 4))


def test_a_row_is_a_line_of_its_day() -> None:
    batch = read_report("anthropic-console-costs", SAMPLES / "anthropic_console_costs.csv")

    assert told(batch, 0) == {
        "line": 2,
        "provider": "anthropic",
        "model": "claude-haiku-4-5",
        "key": "search-prod",
        "project": "Search",
        "tags": '{"api_key_id":"apikey_search","context_window":"≤ 200k","cost_type":"token",'
        '"inference_geo":"not_available","token_type":"input_no_cache"}',
        "stated_usd": "1.25",
        "billed_usd": "1.25",
        "listed_usd": "1.30",
        "bucket_starts_at": SECOND,
        "bucket_ends_at": THIRD,
        "line_item": "Claude Haiku 4.5, input_no_cache",
    }


def test_names_become_ids_where_they_are_known() -> None:
    batch = read_report("anthropic-console-costs", SAMPLES / "anthropic_console_costs.csv")

    columns = ("line", "model", "project", "service_tier", "line_item", "bucket_starts_at")
    assert shown(batch, *columns)[1:] == [
        (
            3,
            "claude-3-5-sonnet-20241022",
            "",
            "batch",
            "Claude 3.5 Sonnet 2024-10-22, output",
            SECOND,
        ),
        (4, "claude-haiku-4-5", "Search", "fast", "Claude Haiku 4.5, web_search", SECOND),
        (
            5,
            "Prism Preview",
            "Ads, Europe",
            "standard",
            "Prism Preview, input_cache_write_1h",
            THIRD,
        ),
    ]
    assert sum(map(Decimal, batch.frame["billed_usd"])) == Decimal("3.35")


def test_a_cost_that_was_rounded_away_is_doubted() -> None:
    batch = read_report("anthropic-console-costs", SAMPLES / "anthropic_console_costs.csv")

    assert [(doubt.line, doubt.field, doubt.reason) for doubt in batch.doubts] == [
        (3, "row", "DQ_ROUNDED_TO_ZERO")
    ]


def test_rows_without_a_day_or_a_cost_are_named() -> None:
    batch = read_report("anthropic-console-costs", SAMPLES / "anthropic_console_costs.csv")

    assert said(batch) == [
        (6, "row", "'soon' in the column usage_date_utc is no day"),
        (7, "row", "cost_usd is missing"),
    ]
    assert (batch.rows, batch.complete) == (6, True)


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        (
            "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd",
            "2024-10-02,Claude 3 Haiku,Default,ads,message,≤ 200k,output,0.42",
            ("claude-3-haiku", "ads", "Default", "0.42", ""),
        ),
        (  # a month without workspaces
            "usage_date_utc,model,api_key,usage_type,token_type,cost_usd,cost_type",
            "2024-11-02,Claude 3 Haiku,ads,message,output,0.42,token",
            ("claude-3-haiku", "ads", "", "0.42", ""),
        ),
        (  # and one without keys
            "usage_date_utc,model,workspace,usage_type,token_type,cost_usd,list_price_usd",
            "2025-07-02T00:00:00Z,Claude Sonnet 4,Ads,message,input_cache_write,0.42,0.50",
            ("claude-sonnet-4", "", "Ads", "0.42", "0.50"),
        ),
    ],
)
def test_columns_that_are_not_there_are_none(
    tmp_path: Path, header: str, row: str, expected: tuple[str, ...]
) -> None:
    path = tmp_path / "costs.csv"
    path.write_text(f"{header}\n{row}\n")

    batch = read_report("anthropic-console-costs", path)

    columns = ("model", "key", "project", "billed_usd", "listed_usd")
    assert shown(batch, *columns) == [expected]


def test_a_month_without_costs_is_a_header_alone(tmp_path: Path) -> None:
    path = tmp_path / "costs.csv"
    path.write_text(
        "usage_date_utc,model,workspace,usage_type,token_type,cost_usd\n2025-07-01,,,,,x\n"
    )

    assert said(read_report("anthropic-console-costs", path)) == [
        (2, "cost_usd", "'x' is not a plain decimal number such as 12.50")
    ]


def test_another_csv_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "costs.csv"
    path.write_text("usage_date_utc,model\n")

    with pytest.raises(Refused, match="not a Console export of costs: it has no column cost_usd"):
        read_report("anthropic-console-costs", path)
