"""Azure's exports of cost and usage give the lines of models, by billing period."""

import csv
import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from finops.tokens import TOKEN_CLASSES
from ingestion.readers.contract import Options, Refused
from ingestion.readers.reports import ReportBatch
from tests.ingestion.readers.reading import NO_OPTIONS, SAMPLES, read_report, said, shown

SAMPLE = SAMPLES / "azure_costs.csv"
OCTOBER = (datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
LINE = {
    "MeterCategory": "Cognitive Services",
    "MeterSubCategory": "Azure OpenAI",
    "MeterName": "gpt-4o-0806-Inp-glbl Tokens",
    "ProductName": "Azure OpenAI",
    "Date": "10/05/2026",
    "BillingPeriodStartDate": "10/01/2026",
    "BillingPeriodEndDate": "10/31/2026",
    "UnitOfMeasure": "1K",
    "Quantity": "2",
    "CostInBillingCurrency": "0.005",
    "BillingCurrencyCode": "USD",
    "ChargeType": "Usage",
    "PricingModel": "OnDemand",
    "SubscriptionId": "SUB-1",
}
PTU = LINE | {"MeterName": "Provisioned Managed Global Unit", "UnitOfMeasure": "1/Hour"}


def read_lines(folder: Path, *lines: dict[str, str], options: Options = NO_OPTIONS) -> ReportBatch:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(lines[0]))
    writer.writeheader()
    writer.writerows(lines)
    path = folder / "export.csv"
    path.write_text(text.getvalue())
    return read_report("azure-costs", path, options)


def total(batch: ReportBatch, column: str) -> Decimal:
    return sum((Decimal(text) for text in batch.frame[column] if text), Decimal(0))


def test_lines_of_models_are_taken_and_the_rest_is_counted() -> None:
    batch = read_report("azure-costs", SAMPLE)

    columns = "line", "model", "service_tier", "charge_category", "billed_usd", "stated_usd"
    assert shown(batch, *columns) == [
        (2, "gpt-4o", "standard", "usage", "2.70112500", "2.70112500"),
        (3, "gpt-4o", "standard", "usage", "2.79", "2.79"),
        (4, "gpt-5-mini", "standard", "usage", "1.00625", "1.00625"),
        (5, "gpt-5.4", "standard", "usage", "0.000247", "0.000247"),
        (6, "gpt-4o-mini", "batch", "usage", "0.375", "0.375"),
        (7, "", "provisioned", "usage", "24", "24"),
        (8, "", "provisioned", "usage", "0", "131.4"),
        (9, "", "provisioned", "usage", "0", "43.8"),
        (10, "ft:gpt-4o", "standard", "usage", "17", "17"),
        (11, "claude-sonnet-4-5", "standard", "usage", "6", "6"),
        (12, "zephyr", "standard", "usage", "0.07", "0.07"),
    ]
    # A virtual machine and speech to text.
    assert batch.left_out == 2
    assert said(batch) == [
        (15, "currency", "'EUR' cannot be taken: only US dollars, until exchange rates are kept"),
        (16, "started_at", "'31/10/2026' is not a time between 2000 and 2099"),
    ]
    assert batch.rows == 13
    assert [(doubt.line, doubt.reason) for doubt in batch.doubts] == [
        (10, "DQ_UNREADABLE_TAGS"),
        (12, "DQ_UNKNOWN_METER"),
    ]
    assert batch.complete


def test_tokens_are_quantity_times_the_block_of_the_unit() -> None:
    frame = read_report("azure-costs", SAMPLE).frame

    classes = frame[list(TOKEN_CLASSES)].sum()
    assert classes[classes > 0].to_dict() == {
        "in_text": 1_200_500 + 5_000_000 + 2_000_000,
        "in_cache_read": 40_250_000,
        "out_text": 310_000 + 15,
    }
    assert frame["quantity"].tolist()[:4] == ["1200.5", "310", "40.25", "1.5E-05"]
    assert frame["quantity_unit"].tolist()[:4] == ["1K", "1K", "1M", "1M"]


def test_a_line_says_whose_and_where_and_stands_in_its_billing_period() -> None:
    batch = read_report("azure-costs", SAMPLE)

    first = batch.frame.iloc[0].to_dict()
    assert {name: value for name, value in first.items() if value not in ("", 0)} == {
        "line": 2,
        "started_at": pd.Timestamp("2026-10-05T00:00:00Z"),
        "provider": "azure",
        "model": "gpt-4o",
        "account": "11111111-aaaa-4000-8000-000000000001",
        "key": "support-ai",
        "project": "rg-support",
        "tags": '{"env":"prod","team":"cx","x_deployment":"global","x_region":"swedencentral"}',
        "service_tier": "standard",
        "in_text": 1_200_500,
        "stated_usd": "2.70112500",
        "status": "ok",
        "bucket_starts_at": pd.Timestamp("2026-10-01T00:00:00Z"),
        "bucket_ends_at": pd.Timestamp("2026-11-01T00:00:00Z"),
        "charge_category": "usage",
        "line_item": "gpt-4o-0806-Inp-glbl Tokens",
        "billed_usd": "2.70112500",
        # 1,200.5 blocks at the retail price of 0.0025.
        "listed_usd": "3.00125",
        "quantity": "1200.5",
        "quantity_unit": "1K",
        "currency": "USD",
    }
    assert batch.frame["line_item"][7] == "Provisioned Managed Global Unit (UnusedReservation)"
    assert list(batch.buckets) == [OCTOBER]


def test_a_retail_price_of_nothing_is_no_list_price() -> None:
    listed = read_report("azure-costs", SAMPLE).frame["listed_usd"].tolist()

    assert listed[3:6] == ["0.0002475", "", "24"]


def test_cutting_the_file_changes_nothing() -> None:
    whole = read_report("azure-costs", SAMPLE)
    cut = read_report("azure-costs", SAMPLE, target_bytes=500)

    pd.testing.assert_frame_equal(cut.frame, whole.frame)
    assert cut.left_out == whole.left_out
    assert said(cut) == said(whole)


def test_the_names_of_mca_and_nested_tags_are_read_alike(tmp_path: Path) -> None:
    names = {"ProductName": "product", "BillingCurrencyCode": "billingCurrency"}
    line = {names.get(name, name[0].lower() + name[1:]): cell for name, cell in LINE.items()}
    path = tmp_path / "export.json"
    path.write_text(
        json.dumps(line | {"tags": {"team": "cx"}, "invoiceId": "G1", "quantity": 2.5}) + "\n"
    )

    batch = read_report("azure-costs", path)

    columns = "model", "in_text", "stated_usd", "account", "invoice", "tags"
    assert shown(batch, *columns) == [
        ("gpt-4o", 2500, "0.005", "sub-1", "G1", '{"team":"cx","x_deployment":"global"}')
    ]


def test_both_exports_of_a_month_have_one_bucket_and_one_account(tmp_path: Path) -> None:
    """So that the later delivery replaces the earlier, and never adds to it.

    A reservation of $260 covers 400 of 500 hours; the amortised export spreads it.
    """
    reserved = PTU | {"PricingModel": "Reservation"}
    bought = reserved | {"ChargeType": "Purchase", "Quantity": "1"}
    amortized = read_lines(
        tmp_path,
        LINE,
        reserved | {"Quantity": "400", "CostInBillingCurrency": "208"},
        reserved | {"Quantity": "100", "CostInBillingCurrency": "52"}
        | {"ChargeType": "UnusedReservation"},
        bought | {"CostInBillingCurrency": "0"},
    )  # fmt: skip
    actual = read_lines(
        tmp_path,
        LINE,
        reserved | {"Quantity": "400", "CostInBillingCurrency": "0"},
        bought | {"CostInBillingCurrency": "260"},
        options=Options(set={"export": "actual"}),
    )

    bucket = "provider", "account", "bucket_starts_at", "bucket_ends_at"
    for batch in (amortized, actual):
        assert list(batch.buckets) == [OCTOBER]
        assert set(shown(batch, *bucket)) == {("azure", "sub-1", *OCTOBER)}
    # The effective cost is the amortised one, the invoice's the actual one; the one
    # export does not know the other, so what it cannot tell stays untold.
    assert total(amortized, "stated_usd") == Decimal("260.005")
    assert amortized.frame["billed_usd"].tolist() == ["0.005", "0", "0", ""]
    assert total(actual, "billed_usd") == Decimal("260.005")
    assert actual.frame["stated_usd"].tolist() == ["0.005", "", "0"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"CostInBillingCurrency": "0", "Quantity": "400"},
            "Line 3 is use that a reservation pays for, at no cost",
        ),
        (
            {"CostInBillingCurrency": "260", "ChargeType": "Purchase"},
            "Line 3 is a reservation bought",
        ),
    ],
)
def test_an_export_of_actual_cost_must_be_called_so(
    tmp_path: Path, change: dict[str, str], reason: str
) -> None:
    with pytest.raises(Refused, match=f"{reason}.*--set export=actual"):
        read_lines(tmp_path, LINE, PTU | {"PricingModel": "Reservation"} | change)


def test_a_line_that_contradicts_the_option_is_a_problem_and_the_rest_loads(
    tmp_path: Path,
) -> None:
    covered = PTU | {"PricingModel": "Reservation"}

    batch = read_lines(tmp_path, LINE, covered, options=Options(set={"export": "actual"}))

    assert shown(batch, "line", "in_text") == [(2, 2000)]
    assert said(batch) == [(3, "cost", "is a cost that an export of actual cost does not have")]


@pytest.mark.parametrize(
    ("change", "is_ours"),
    [
        ({"MeterCategory": "Foundry Models", "MeterSubCategory": "x", "ProductName": "y"}, True),
        ({"MeterSubCategory": "Azure Grok Models", "ProductName": ""}, True),
        ({"MeterSubCategory": "Translator", "ProductName": "Translator Text"}, False),
        ({"MeterCategory": "Virtual Machines"} | {"ProductName": "Dv5"}, False),
        ({"MeterCategory": "SaaS", "PublisherType": "Marketplace"}, False),
        ({"MeterCategory": "SaaS", "PublisherType": "Marketplace"}
         | {"PublisherName": "Mistral AI"}, True),
        ({"MeterCategory": "", "ChargeType": "Purchase", "ProductName":
          "Azure AI Foundry Provisioned Throughput Reservation"}, True),
    ],
)  # fmt: skip
def test_what_is_a_model_is_told_by_category_and_product(
    tmp_path: Path, change: dict[str, str], *, is_ours: bool
) -> None:
    line = LINE | {"PublisherType": "Azure", "PublisherName": "Microsoft"} | change

    batch = read_lines(tmp_path, line)

    assert (len(batch.frame), batch.left_out) == ((1, 0) if is_ours else (0, 1))
    assert list(batch.buckets) == [OCTOBER]


def test_a_unit_that_is_no_block_leaves_tokens_uncounted_and_says_so(tmp_path: Path) -> None:
    batch = read_lines(tmp_path, LINE | {"UnitOfMeasure": "1 Bundle"})

    assert shown(batch, "in_text", "stated_usd") == [(0, "0.005")]
    assert [doubt.reason for doubt in batch.doubts] == ["DQ_UNKNOWN_UNIT"]


def test_what_is_given_back_is_money_and_no_tokens(tmp_path: Path) -> None:
    refund = {"ChargeType": "Refund", "Quantity": "-2", "CostInBillingCurrency": "-0.005"}

    batch = read_lines(tmp_path, LINE, LINE | refund)

    assert said(batch) == []
    assert shown(batch, "in_text", "stated_usd", "charge_category") == [
        (2000, "0.005", "usage"),
        (0, "-0.005", "usage"),
    ]


def test_a_quantity_that_is_no_number_is_named(tmp_path: Path) -> None:
    batch = read_lines(tmp_path, LINE | {"Quantity": "1,200"})

    assert [problem.field for problem in batch.problems] == ["quantity"]


def test_an_export_without_billing_periods_is_refused(tmp_path: Path) -> None:
    line = {name: cell for name, cell in LINE.items() if "Period" not in name}

    with pytest.raises(Refused, match="no column BillingPeriodStartDate or BillingPeriodEndDate"):
        read_lines(tmp_path, line)
