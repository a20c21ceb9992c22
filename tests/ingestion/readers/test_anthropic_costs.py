"""Anthropic's cost report: cents become dollars without losing a digit."""

from datetime import UTC, datetime
from decimal import Decimal

from tests.ingestion.readers.reading import SAMPLES, read_report, said, shown
from tests.ingestion.readers.told import told
from tests.shared_data import shared_data

SECOND, THIRD, FOURTH = (datetime(2026, 3, day, tzinfo=UTC) for day in (2, 3, 4))


def test_an_amount_in_cents_is_a_hundredth_in_dollars() -> None:
    batch = read_report("anthropic-costs", SAMPLES / "anthropic_costs.json")

    assert told(batch, 0) == {
        "line": 1,
        "provider": "anthropic",
        "model": "claude-sonnet-4-6",
        "project": "wrkspc_search",
        "service_tier": "batch",
        "region": "global",
        "tags": '{"context_window":"0-200k","cost_type":"tokens","inference_geo":"global",'
        '"token_type":"uncached_input_tokens"}',
        "stated_usd": "1.2378912",
        "billed_usd": "1.2378912",
        "bucket_starts_at": SECOND,
        "bucket_ends_at": THIRD,
        "line_item": "Claude Sonnet 4.6 Usage - Input Tokens",
    }


def test_what_is_no_token_has_no_model() -> None:
    batch = read_report("anthropic-costs", SAMPLES / "anthropic_costs.json")

    assert shown(batch, "line", "line_item", "model", "billed_usd")[1:] == [
        (2, "Web Search Usage", "", "0.10")
    ]


def test_a_missing_amount_is_no_zero_and_other_money_is_refused() -> None:
    batch = read_report("anthropic-costs", SAMPLES / "anthropic_costs.json")

    assert said(batch) == [
        (3, "amount", "amount has no value"),
        (
            4,
            "currency",
            "'EUR' cannot be taken: only US dollars, until exchange rates are kept",
        ),
    ]
    assert sum(map(Decimal, batch.frame["billed_usd"])) == Decimal("1.3378912")
    assert list(batch.buckets) == [(SECOND, THIRD), (THIRD, FOURTH)]
    assert (batch.rows, batch.complete) == (4, True)


def test_the_documented_example_is_read() -> None:
    batch = read_report("anthropic-costs", shared_data("anthropic/examples/cost_report.json"))

    assert shown(batch, "billed_usd", "model", "line_item") == [
        ("1.2378912", "claude-opus-4-6", "Claude Sonnet 4 Usage - Input Tokens")
    ]
    assert batch.complete is False
