"""FOCUS of every version: rows that are ours, left out, or named; nothing in between."""

import csv
import io
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from finops.tokens import TOKEN_CLASSES
from ingestion.readers.contract import Refused
from ingestion.readers.focus import detect
from ingestion.readers.focus_columns import version_of
from ingestion.readers.focus_meters import METER_PARSERS, MeterParser, meter_of
from ingestion.readers.reports import ReportBatch
from tests.ingestion.readers.reading import SAMPLES, read_report, said, shown
from tests.shared_data import shared_data

MARCH = (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
PLAIN: dict[str, Any] = {
    "BilledCost": "0.002",
    "BillingAccountId": "acct-1",
    "BillingCurrency": "USD",
    "BillingPeriodEnd": "2026-04-01T00:00:00Z",
    "BillingPeriodStart": "2026-03-01T00:00:00Z",
    "ChargeCategory": "Usage",
    "ChargeDescription": "A model's input",
    "ChargePeriodStart": "2026-03-02T00:00:00Z",
    "ConsumedQuantity": "1000",
    "ConsumedUnit": "Tokens",
    "EffectiveCost": "0.001",
    "ListCost": "0.003",
    "ProviderName": "OpenAI",
    "ServiceCategory": "AI and Machine Learning",
}


def read(folder: Path, *rows: Mapping[str, Any], mark: str = "") -> ReportBatch:
    """Read rows, each PLAIN but for what it says, as a CSV."""
    full = [PLAIN | dict(row) for row in rows]
    names = list(dict.fromkeys(name for row in full for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="")
    writer.writeheader()
    writer.writerows(full)
    path = folder / "focus.csv"
    path.write_text(mark + text.getvalue())
    return read_report("focus", path)


def used(batch: ReportBatch, row: int = 0) -> dict[str, int]:
    """Return the counts above zero of a row."""
    found = batch.frame.iloc[row]
    names = (*TOKEN_CLASSES, "requests", "web_searches")
    return {name: int(found[name]) for name in names if found[name]}


def test_a_clouds_bill_gives_its_ai_rows_and_counts_the_others() -> None:
    batch = read_report("focus", SAMPLES / "focus.csv")

    assert shown(batch, "line", "provider", "account", "project", "in_text", "out_text") == [
        (2, "aws", "900000000001", "Support desk", 1000, 0),
        (3, "aws", "900000000001", "Support desk", 0, 300),
        (5, "aws", "900000000001", "", 0, 0),
    ]
    assert shown(batch, "charge_category", "stated_usd", "billed_usd", "tags") == [
        ("usage", "0.00300000000", "0.00300000000", '{"env":"prod","team":"cx"}'),
        ("usage", "0.00450000000", "0.00450000000", ""),
        ("credit", "-5.00", "-5.00", ""),
    ]
    assert said(batch) == [
        (
            6,
            "currency",
            "'EUR' cannot be taken: only US dollars, until exchange rates are kept",
        )
    ]
    assert (batch.rows, batch.left_out, batch.buckets) == (4, 1, [MARCH])


def test_every_field_stands_where_it_belongs(tmp_path: Path) -> None:
    row = {
        "InvoiceId": "INV-7",
        "SubAccountId": "proj_1",
        "ResourceId": "key_1",
        "ResourceName": "Batch key",
        "SkuMeter": "Input Tokens",
        "SkuPriceDetails": '{"x_Model": "gpt-5"}',
        "Tags": '{"team": "cx", "urgent": true, "gone": null}',
    }

    batch = read(tmp_path, row)

    (found,) = batch.frame.to_dict("records")
    assert {name: value for name, value in found.items() if value not in ("", 0)} == {
        "line": 2,
        "started_at": pd.Timestamp("2026-03-02T00:00:00Z"),
        "provider": "openai",
        "model": "gpt-5",
        "account": "acct-1",
        "key": "Batch key",
        "project": "proj_1",
        "tags": '{"team":"cx","urgent":"true"}',
        "service_tier": "standard",
        "status": "ok",
        "in_text": 1000,
        "stated_usd": "0.001",
        "bucket_starts_at": pd.Timestamp("2026-03-01T00:00:00Z"),
        "bucket_ends_at": pd.Timestamp("2026-04-01T00:00:00Z"),
        "charge_category": "usage",
        "line_item": "A model's input",
        "quantity": "1000",
        "quantity_unit": "Tokens",
        "currency": "USD",
        "invoice": "INV-7",
        "billed_usd": "0.002",
        "listed_usd": "0.003",
    }


@pytest.mark.parametrize(
    ("row", "counts"),
    [
        ({"SkuMeter": "Output Tokens"}, {"out_text": 1000}),
        ({"SkuMeter": "Cached Input Tokens"}, {"in_cache_read": 1000}),
        (
            {"SkuMeter": "gpt-4o cached input", "ConsumedUnit": "1K tokens"},
            {"in_cache_read": 10**6},
        ),
        (
            {"ConsumedQuantity": "0.25", "ConsumedUnit": "1M Tokens", "SkuMeter": "Output"},
            {"out_text": 250_000},
        ),
        (
            {"ConsumedQuantity": "", "PricingQuantity": "2", "PricingUnit": "1000 Tokens"},
            {"in_text": 2000},
        ),
        ({"ConsumedUnit": "Requests", "ConsumedQuantity": "3"}, {"requests": 3}),
        (
            {"ConsumedUnit": "1000 Requests", "ConsumedQuantity": "2", "SkuMeter": "Web search"},
            {"web_searches": 2000},
        ),
        ({"x_TokenClass": "out_reasoning"}, {"out_reasoning": 1000}),
        ({"SkuMeter": "Cache Write Tokens (1 Hour)"}, {"in_cache_write_1h": 1000}),
        ({"SkuMeter": "Cache writes, 5 minutes"}, {"in_cache_write_5m": 1000}),
        ({"ConsumedUnit": "GB", "SkuMeter": "Input storage"}, {}),
        ({"ConsumedUnit": "Units", "SkuMeter": "Input Tokens, regional"}, {}),
        ({"ChargeCategory": "Purchase"}, {}),
    ],
)
def test_quantities_are_counted_in_the_class_that_the_row_tells(
    row: dict[str, str], counts: dict[str, int], tmp_path: Path
) -> None:
    batch = read(tmp_path, row | {"ChargeDescription": row.get("ChargeDescription", "input")})

    assert used(batch) == counts
    assert (batch.problems, batch.doubts) == ([], [])


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"ChargeDescription": "Tokens of something"}, "DQ_UNKNOWN_METER"),
        ({"ConsumedQuantity": "1.5"}, "DQ_PARTIAL_COUNT"),
        ({"ConsumedQuantity": "-7"}, "DQ_NEGATIVE_CLASS"),
    ],
)
def test_a_figure_that_is_odd_is_doubted_and_its_money_taken(
    row: dict[str, str], code: str, tmp_path: Path
) -> None:
    batch = read(tmp_path, {}, row)

    assert [(doubt.line, doubt.reason) for doubt in batch.doubts] == [(3, code)]
    assert list(batch.frame["stated_usd"]) == ["0.001", "0.001"]


def test_a_row_with_token_units_is_ours_whatever_its_category(tmp_path: Path) -> None:
    batch = read(
        tmp_path,
        {"ServiceCategory": "Other", "ConsumedUnit": "1000 Tokens"},
        {
            "ServiceCategory": "Other",
            "ConsumedUnit": "Hours",
            "ServiceSubcategory": "Generative AI",
        },
        {"ServiceCategory": "Storage", "ConsumedUnit": "GB"},
        {"ServiceCategory": "", "ConsumedUnit": "Executions"},
    )

    assert (list(batch.frame["line"]), batch.left_out) == ([2, 3, 5], 1)


def test_a_period_without_rows_of_ours_is_spoken_of_all_the_same(tmp_path: Path) -> None:
    batch = read(tmp_path, {"ServiceCategory": "Storage", "ConsumedUnit": "GB"})

    assert (len(batch.frame), batch.left_out, batch.buckets) == (0, 1, [MARCH])


@pytest.mark.parametrize(
    "times",
    [
        ("2026-03-02 10:00:00", "2026-03-01 00:00:00", "2026-04-01 00:00:00"),
        ("3/2/2026 10:00", "3/1/26", "4/1/2026"),
        ("2026-03-02T10:00:00Z", "2026-03-01", "2026-04-01T00:00:00.000Z"),
    ],
)
def test_times_are_read_in_every_spelling_seen(times: tuple[str, str, str], tmp_path: Path) -> None:
    names = ("ChargePeriodStart", "BillingPeriodStart", "BillingPeriodEnd")

    batch = read(tmp_path, dict(zip(names, times, strict=True)))

    assert shown(batch, "started_at", "bucket_starts_at", "bucket_ends_at") == [
        (datetime(2026, 3, 2, 10, tzinfo=UTC), *MARCH)
    ]


def test_a_mark_nulls_and_amounts_for_people_are_read(tmp_path: Path) -> None:
    nulls = {"ConsumedQuantity": "null", "ConsumedUnit": "NULL", "Tags": "NULL"}

    batch = read(tmp_path, nulls | {"EffectiveCost": "$10,100.00 ", "ListCost": ""}, mark="\ufeff")

    assert shown(batch, "stated_usd", "listed_usd", "quantity", "tags") == [
        ("10100.00", "", "", "")
    ]


def test_a_cell_that_cannot_be_read_is_named_with_its_line(tmp_path: Path) -> None:
    batch = read(
        tmp_path,
        {"EffectiveCost": "about a dollar"},
        {"BillingPeriodStart": "31/12/2026"},
        {"ChargeCategory": "Fine"},
        {"Tags": "[1]"},
        {"ProviderName": ""},
        {},
    )

    assert said(batch) == [
        (2, "cost_usd", "'about a dollar' is not a plain decimal number such as 12.50"),
        (3, "bucket_starts_at", "'2026-31-12T00:00' is not a time between 2000 and 2099"),
        (4, "charge_category", "'fine' is no charge category"),
        (5, "tags", "is not a JSON object of plain values"),
        (6, "provider", "is missing"),
    ]
    assert (list(batch.frame["line"]), batch.rows) == ([7], 6)


def test_credits_are_no_tokens_and_nothing_of_them_is_lost(tmp_path: Path) -> None:
    bought = {
        "ChargeCategory": "Purchase",
        "BilledCost": "200000",
        "EffectiveCost": "0",
        "ConsumedQuantity": "",
        "ConsumedUnit": "",
        "PricingQuantity": "100000",
        "PricingUnit": "Token",
        "PricingCurrency": "USD",
        "PricingCurrencyEffectiveCost": "0",
    }
    spent = {
        "BilledCost": "0",
        "EffectiveCost": "490",
        "ConsumedQuantity": "245",
        "ConsumedUnit": "Execution",
        "PricingCurrency": "Token",
        "PricingCurrencyEffectiveCost": "245",
    }
    in_tokens = spent | {"ConsumedUnit": "Tokens", "ChargeDescription": "input"}

    batch = read(tmp_path, bought, spent, in_tokens)

    names = ("charge_category", "billed_usd", "stated_usd", "quantity", "quantity_unit", "tags")
    assert shown(batch, *names) == [
        ("purchase", "200000", "0", "100000", "Token", ""),
        ("usage", "0", "490", "245", "Token", '{"x_Consumed":"245 Execution"}'),
        ("usage", "0", "490", "245", "Token", '{"x_Consumed":"245 Tokens"}'),
    ]
    assert [used(batch, row) for row in range(3)] == [{}, {}, {}]


def test_a_correction_stays_usage_and_says_what_it_is(tmp_path: Path) -> None:
    batch = read(tmp_path, {"ChargeClass": "Correction", "EffectiveCost": "-0.5"}, {})

    assert shown(batch, "charge_category", "stated_usd", "tags") == [
        ("usage", "-0.5", '{"x_ChargeClass":"Correction"}'),
        ("usage", "0.001", ""),
    ]


def test_azures_dollars_stand_in_for_another_currency(tmp_path: Path) -> None:
    euros = {
        "BillingCurrency": "EUR",
        "x_EffectiveCostInUsd": "1.1",
        "x_BilledCostInUsd": "1.2",
        "x_ListCostInUsd": "1.3",
    }

    batch = read(tmp_path, euros, {"BillingCurrency": "EUR", "x_EffectiveCostInUsd": ""})

    assert shown(batch, "stated_usd", "billed_usd", "listed_usd", "currency") == [
        ("1.1", "1.2", "1.3", "USD")
    ]
    assert [problem.line for problem in batch.problems] == [3]


def test_a_resource_too_long_to_keep_is_known_by_its_last_part(tmp_path: Path) -> None:
    path = f"/subscriptions/{'0' * 160}/accounts/desk"

    assert list(read(tmp_path, {"ResourceId": path}).frame["key"]) == ["desk"]


class Told(NamedTuple):
    """What a cloud's own parser tells of a meter."""

    model: str
    token_class: str
    counter: str
    service_tier: str


@pytest.mark.parametrize(
    ("row", "count"),
    [
        ({"ConsumedUnit": "1K"}, 10**6),
        ({"ConsumedUnit": "Units"}, 10**9),
        ({"ConsumedUnit": "Tokens"}, 1000),
    ],
)
def test_a_clouds_meter_is_read_by_its_own_parser(
    row: dict[str, str], count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def parse(name: str, service: str) -> Told:
        assert (name, service) == ("USE1-input-Units", "Claude")
        return Told("claude", "in_text", "", "batch")

    parser = MeterParser("x_UsageType", parse, unit_block=10**6)
    monkeypatch.setitem(METER_PARSERS, "aws", parser)
    meter_of.cache_clear()

    told = {"ProviderName": "AWS", "x_UsageType": "USE1-input-Units", "ServiceName": "Claude"}
    batch = read(tmp_path, told | row)

    meter_of.cache_clear()
    assert used(batch) == {"in_text": count}
    assert shown(batch, "provider", "model", "service_tier") == [("aws", "claude", "batch")]


@pytest.mark.parametrize(
    ("row", "counts", "model"),
    [
        (
            {
                "ProviderName": "AWS",
                "x_UsageType": "USE1-Claude3Sonnet-cache-read-input-token-count",
                "ConsumedUnit": "1K tokens",
            },
            {"in_cache_read": 10**6},
            "claude-3-sonnet",
        ),
        (
            {
                "ProviderName": "AWS",
                "ServiceName": "Claude Sonnet 4.5 (Amazon Bedrock Edition)",
                "x_UsageType": "USE1-MP:USE1_OutputTokenCount-Units",
                "ConsumedUnit": "Units",
                "ConsumedQuantity": "0.25",
            },
            {"out_text": 250_000},
            "claude-sonnet-4-5",
        ),
        (
            {
                "ProviderName": "Microsoft",
                "x_SkuMeterName": "GPT 5 Mini Outp Glbl 1M Tokens",
                "ConsumedUnit": "1M",
                "ConsumedQuantity": "2",
            },
            {"out_text": 2_000_000},
            "gpt-5-mini",
        ),
    ],
)
def test_meters_of_bedrock_and_azure_are_read_in_their_own_words(
    row: dict[str, str], counts: dict[str, int], model: str, tmp_path: Path
) -> None:
    batch = read(tmp_path, row)

    assert used(batch) == counts
    assert model in batch.frame["model"][0]


def test_maps_and_numbers_of_parquet_are_read(tmp_path: Path) -> None:
    tags = pa.array([[("team", "cx")], None], type=pa.map_(pa.string(), pa.string()))
    plain = {name: pa.array([value, value]) for name, value in PLAIN.items()}
    typed = {
        "Tags": tags,
        "EffectiveCost": pa.array([Decimal("0.000001"), Decimal(2)], type=pa.decimal128(38, 12)),
        "BillingPeriodStart": pa.array([MARCH[0]] * 2, type=pa.timestamp("ms", tz="UTC")),
        "BillingPeriodEnd": pa.array([MARCH[1]] * 2, type=pa.timestamp("ms")),
        "ConsumedQuantity": pa.array([5.0, 7.0]),
    }
    path = tmp_path / "focus.parquet"
    pyarrow.parquet.write_table(pa.table(plain | typed), path)

    batch = read_report("focus", path)

    assert batch.problems == []
    assert shown(batch, "tags", "in_text", "bucket_starts_at", "bucket_ends_at") == [
        ('{"team":"cx"}', 5, *MARCH),
        ("", 7, *MARCH),
    ]
    assert [Decimal(text) for text in batch.frame["stated_usd"]] == [Decimal("1E-6"), Decimal(2)]


def test_a_dataset_without_its_columns_is_refused_by_version(tmp_path: Path) -> None:
    path = tmp_path / "focus.csv"
    path.write_text("ChargeCategory,BillingPeriodStart,BillingPeriodEnd,InvoiceId\nUsage,,,\n")

    with pytest.raises(Refused) as refusal:
        read_report("focus", path)

    assert refusal.value.detail == (
        "This FOCUS 1.2 dataset has no column EffectiveCost nor BilledCost."
    )


@pytest.mark.parametrize(
    ("column", "version"),
    [
        ("Tags", "1.0"),
        ("SkuMeter", "1.1"),
        ("InvoiceId", "1.2"),
        ("ServiceProviderName", "1.3"),
    ],
)
def test_a_version_is_told_by_its_columns(column: str, version: str) -> None:
    assert version_of(["BilledCost", column, "x_Own"]) == version


def test_the_provider_of_1_3_is_its_service_provider(tmp_path: Path) -> None:
    row = {"ServiceProviderName": "Anthropic", "HostProviderName": "AWS", "ProviderName": "AWS"}

    assert list(read(tmp_path, row).frame["provider"]) == ["anthropic"]


def test_columns_are_known_in_any_case_and_json_by_its_keys(tmp_path: Path) -> None:
    lower = read(tmp_path, {"skumeter": "Output Tokens"})

    assert used(lower) == {"out_text": 1000}
    assert detect(b'{"ChargeCategory":"Usage","BillingPeriodStart":"","BilledCost":1}')


def test_all_official_rows_are_taken_left_out_or_named() -> None:
    folder = shared_data("focus-spec/v1.2-examples")
    counted = {}

    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = len(list(csv.DictReader(file)))
        batch = read_report("focus", path)
        assert (len(batch.frame) + len(batch.problems) + batch.left_out, batch.rows) == (
            rows,
            rows - batch.left_out,
        )
        assert {problem.reason for problem in batch.problems} <= {"is missing"}
        counted[path.stem] = len(batch.frame), len(batch.problems), batch.left_out

    assert len(counted) == 26
    assert [sum(column) for column in zip(*counted.values(), strict=True)] == [15, 25, 41]


def test_the_credits_of_the_official_examples_keep_every_figure() -> None:
    folder = shared_data("focus-spec/v1.2-examples")

    bought = read_report("focus", folder / "saas_examples__virtual_currency_pricing_model_a1.csv")
    spent = read_report("focus", folder / "saas_examples__virtual_currency_pricing_model_a2.csv")

    names = ("charge_category", "billed_usd", "stated_usd", "quantity", "quantity_unit")
    assert shown(bought, *names) == [("purchase", "200000.00", "0.00", "100000", "Token")]
    assert shown(spent, *names, "tags") == [
        ("usage", "0.00", "490.00", "245", "Token", '{"x_Consumed":"245 Execution"}'),
        ("usage", "0.00", "20.00", "10", "Token", '{"x_Consumed":"5 Execution"}'),
        ("usage", "0.00", "720.00", "360", "Token", '{"x_Consumed":"120 Workflow operation"}'),
    ]


def test_a_real_bill_without_ai_is_left_out_whole() -> None:
    batch = read_report("focus", shared_data("focus-samples/focus_sample_1.0_400rows.csv"))

    assert (len(batch.frame), batch.problems, batch.left_out) == (0, [], 400)
    assert batch.buckets == [(datetime(2024, 9, 1, tzinfo=UTC), datetime(2024, 10, 1, tzinfo=UTC))]


def test_a_real_bill_is_read_to_the_last_row_where_it_is_of_ai(tmp_path: Path) -> None:
    """The same rows, as if all of their services were AI: none may be lost."""
    text = shared_data("focus-samples/focus_sample_1.0_400rows.csv").read_text()
    rows = list(csv.DictReader(io.StringIO(text)))
    for row in rows:
        row["ServiceCategory"] = "AI and Machine Learning"
    path = tmp_path / "focus.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)

    batch = read_report("focus", path, target_bytes=1 << 16)

    assert (len(batch.frame), batch.problems, batch.left_out) == (400, [], 0)
    assert sum(map(Decimal, batch.frame["billed_usd"])) == sum(
        Decimal(row["BilledCost"]) for row in rows
    )
