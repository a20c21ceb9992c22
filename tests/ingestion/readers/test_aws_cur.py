"""Cost and usage reports of AWS give the lines of Bedrock, by billing period."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from finops.tokens import TOKEN_CLASSES
from ingestion.readers.contract import Refused
from tests.ingestion.readers.reading import SAMPLES, read_report, said, shown

SAMPLE = SAMPLES / "aws_cur.csv"
OCTOBER = (datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
OPUS, GLOBAL_OPUS = (f"{scope}.anthropic.claude-opus-4-6-v1:0" for scope in ("regional", "global"))
SONNET, GLOBAL_SONNET = (
    f"{scope}.anthropic.claude-sonnet-4-5-20250929-v1:0" for scope in ("regional", "global")
)
OLD = {
    "bill/BillingPeriodStartDate": "2026-10-01T00:00:00Z",
    "bill/BillingPeriodEndDate": "2026-11-01T00:00:00Z",
    "lineItem/LineItemType": "Usage",
    "lineItem/UsageStartDate": "2026-10-07T14:00:00Z",
    "lineItem/ProductCode": "AmazonBedrock",
    "lineItem/UsageType": "USE1-NovaPro-input-tokens",
    "lineItem/UsageAmount": "2",
    "lineItem/CurrencyCode": "USD",
    "lineItem/UnblendedCost": "0.0016",
    "pricing/unit": "1K tokens",
    "product/ProductName": "Amazon Bedrock",
    "resourceTags/user:team": "cx",
    "resourceTags/aws:createdBy": "",
}


def as_csv(*lines: dict[str, str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(lines[0]))
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def test_bedrocks_lines_are_taken_with_what_was_paid_and_the_rest_is_counted() -> None:
    batch = read_report("aws-cur", SAMPLE)

    columns = "line", "model", "service_tier", "charge_category", "billed_usd", "stated_usd"
    assert shown(batch, *columns) == [
        (2, GLOBAL_OPUS, "standard", "usage", "7.12618750", "7.12618750"),
        (3, GLOBAL_OPUS, "standard", "usage", "42.75", "42.75"),
        (4, OPUS, "standard", "usage", "2.09", "2.09"),
        (5, "amazon.nova-lite-v1:0", "batch", "usage", "0.912", "0.912"),
        (6, GLOBAL_SONNET, "standard", "usage", "36.001035", "36.001035"),
        (7, SONNET, "standard", "usage", "8.25", "8.25"),
        (8, "", "standard", "tax", "8.85", "8.85"),
        (9, GLOBAL_OPUS, "standard", "adjustment", "0", "0"),
        (10, "amazon.nova-lite-v1:0", "batch", "credit", "-10", "-10"),
        (11, "amazon.nova-lite-v1:0", "batch", "usage", "-0.912", "-0.912"),
        (12, "", "provisioned", "usage", "57", "57"),
        (13, "", "standard", "usage", "0.475", "0.475"),
        (14, "amazon.nova-pro-v1:0", "standard", "usage", "0.00228", "0.00228"),
    ]  # fmt: skip
    # A virtual machine and an endpoint of SageMaker.
    assert batch.left_out == 2
    assert said(batch) == [
        (17, "quantity", "'lots' is not a plain decimal number such as 12.50"),
        (18, "currency", "'CNY' cannot be taken: only US dollars, until exchange rates are kept"),
    ]
    assert batch.rows == 15
    assert [(doubt.line, doubt.reason) for doubt in batch.doubts] == [
        (13, "DQ_UNKNOWN_METER"),
        (14, "DQ_UNKNOWN_UNIT"),
    ]
    assert list(batch.buckets) == [OCTOBER]


def test_tokens_are_the_amount_times_the_unit_of_the_line() -> None:
    frame = read_report("aws-cur", SAMPLE).frame

    classes = frame[list(TOKEN_CLASSES)].sum()
    assert classes[classes > 0].to_dict() == {
        # 1,500.25 thousand; 12.000345 million of the Marketplace.
        "in_text": 1_500_250 + 12_000_345,
        "in_cache_read": 90_000_000,
        "in_cache_write_1h": 200_000,
        # The refund gives money back and no tokens; half a million of the Marketplace.
        "out_text": 8_000_000 + 500_000,
    }


def test_a_line_says_whose_and_where() -> None:
    batch = read_report("aws-cur", SAMPLE)

    first = batch.frame.iloc[0].to_dict()
    assert {name: value for name, value in first.items() if value not in ("", 0)} == {
        "line": 2,
        "started_at": pd.Timestamp("2026-10-07T14:00:00Z"),
        "provider": "aws",
        "model": GLOBAL_OPUS,
        "account": "123400005678",
        "key": "support-drafter",
        "project": "a1b2c3d4",
        "tags": '{"aws_created_by":"ana","team":"cx",'
        '"x_deployment":"global","x_region":"us-east-1"}',
        "service_tier": "standard",
        "in_text": 1_500_250,
        "stated_usd": "7.12618750",
        "status": "ok",
        "bucket_starts_at": pd.Timestamp("2026-10-01T00:00:00Z"),
        "bucket_ends_at": pd.Timestamp("2026-11-01T00:00:00Z"),
        "charge_category": "usage",
        "line_item": "USE1-Claude4.6Opus-input-tokens-cross-region-global",
        "billed_usd": "7.12618750",
        "listed_usd": "7.50125",
        "quantity": "1500.25",
        "quantity_unit": "1K tokens",
        "currency": "USD",
    }  # fmt: skip
    assert shown(batch, "key", "person")[3] == ("AWSReservedSSO_Builders_1", "ana@example.com")


def test_the_line_item_keeps_the_names_of_the_bill() -> None:
    batch = read_report("aws-cur", SAMPLE)

    assert [text for (text,) in shown(batch, "line_item")][4:8] == [
        "Claude Sonnet 4.5 (Amazon Bedrock Edition) USE1-MP:USE1_InputTokenCount_Global-Units",
        "Claude Sonnet 4.5 (Amazon Bedrock Edition) USE1_output_tokens_standard-Units",
        "VAT on Claude Sonnet 4.5 (Tax)",
        "USE1-Claude4.6Opus-input-tokens-cross-region-global (EdpDiscount)",
    ]


def test_cutting_the_file_changes_nothing() -> None:
    whole = read_report("aws-cur", SAMPLE)
    cut = read_report("aws-cur", SAMPLE, target_bytes=600)

    pd.testing.assert_frame_equal(cut.frame, whole.frame)
    assert (cut.left_out, said(cut)) == (whole.left_out, said(whole))


def test_older_reports_are_read_by_their_own_names(tmp_path: Path) -> None:
    path = tmp_path / "cur.csv"
    path.write_text(as_csv(OLD, OLD | {"lineItem/LineItemType": "EdpDiscount",
                                       "lineItem/UnblendedCost": "-0.0001"}))  # fmt: skip

    batch = read_report("aws-cur", path)

    assert shown(batch, "model", "in_text", "stated_usd", "charge_category", "tags") == [
        ("amazon.nova-pro-v1:0", 2000, "0.0016", "usage", '{"team":"cx","x_region":"us-east-1"}'),
        # Without a column of net costs, the discount is a line of its own.
        ("amazon.nova-pro-v1:0", 0, "-0.0001", "adjustment",
         '{"team":"cx","x_region":"us-east-1"}'),
    ]  # fmt: skip


def test_maps_of_a_parquet_file_are_read(tmp_path: Path) -> None:
    pairs = pa.map_(pa.string(), pa.string())
    day = datetime(2026, 10, 7, tzinfo=UTC)
    table = pa.table(
        {
            "bill_billing_period_start_date": [OCTOBER[0]] * 2,
            "bill_billing_period_end_date": [OCTOBER[1]] * 2,
            "line_item_line_item_type": ["Usage", "Usage"],
            "line_item_usage_start_date": [day, day],
            "line_item_product_code": ["a1b2c3", "AmazonS3"],
            "line_item_usage_type": ["USE1-MP:USE1_OutputTokenCount-Units", "TimedStorage"],
            "line_item_usage_amount": [0.25, 1.0],
            "line_item_currency_code": ["USD", "USD"],
            "line_item_unblended_cost": [4.125, 1.0],
            "line_item_net_unblended_cost": [None, None],
            "pricing_unit": ["Units", "GB-Mo"],
            "product": pa.array(
                [
                    [("product_name", "Claude Sonnet 4.5 (Amazon Bedrock Edition)")],
                    [("product_name", "Amazon Simple Storage Service")],
                ],
                type=pairs,
            ),
            "resource_tags": pa.array([[("user_team", "cx")], []], type=pairs),
            "tags": pa.array([[("iamPrincipal/dept", "d7"), ("accountTag/team", "x")], []], pairs),
        }
    )
    path = tmp_path / "cur.parquet"
    pyarrow.parquet.write_table(table, path)

    batch = read_report("aws-cur", path)

    assert shown(batch, "model", "out_text", "stated_usd", "tags") == [
        (
            SONNET,
            250_000,
            "4.125",
            '{"dept":"d7","team":"cx","x_region":"us-east-1"}',
        )
    ]
    assert batch.left_out == 1
    assert list(batch.buckets) == [OCTOBER]


@pytest.mark.parametrize(
    ("change", "is_ours"),
    [
        ({"lineItem/ProductCode": "AmazonBedrockAgentCore", "product/ProductName": ""}, True),
        ({"lineItem/ProductCode": "x7", "product/ProductName": "Claude Platform on AWS"}, True),
        ({"lineItem/ProductCode": "x7", "product/ProductName": "Some Firewall"}, False),
        ({"lineItem/ProductCode": "AmazonEC2", "product/ProductName": ""}, False),
    ],
)
def test_a_line_is_bedrocks_by_its_product(
    tmp_path: Path, change: dict[str, str], *, is_ours: bool
) -> None:
    path = tmp_path / "cur.csv"
    path.write_text(as_csv(OLD | change))

    batch = read_report("aws-cur", path)

    assert (len(batch.frame), batch.left_out) == ((1, 0) if is_ours else (0, 1))
    assert list(batch.buckets) == [OCTOBER]


def test_consumption_units_are_money_without_tokens(tmp_path: Path) -> None:
    line = OLD | {"lineItem/UsageType": "ClaudeConsumptionUnits", "pricing/unit": "Units"}
    path = tmp_path / "cur.csv"
    path.write_text(as_csv(line | {"product/ProductName": "Claude Platform on AWS"}))

    batch = read_report("aws-cur", path)

    assert batch.frame[list(TOKEN_CLASSES)].to_numpy().sum() == 0
    assert batch.frame["stated_usd"].tolist() == ["0.0016"]
    assert batch.doubts == []


def test_a_report_without_its_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cur.csv"
    path.write_text(as_csv({name: cell for name, cell in OLD.items() if "UsageAmount" not in name}))

    with pytest.raises(Refused, match="has no column line_item_usage_amount here"):
        read_report("aws-cur", path)
