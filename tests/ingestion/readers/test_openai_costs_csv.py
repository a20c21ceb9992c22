"""OpenAI's export of costs: thirty decimals are kept, and addresses are not."""

from datetime import UTC, datetime
from decimal import Decimal, localcontext
from pathlib import Path

from finops.money import EXACT
from tests.ingestion.readers.reading import SAMPLES, read_report, said, shown
from tests.ingestion.readers.told import told

SECOND, THIRD, FOURTH = (datetime(2026, 3, day, tzinfo=UTC) for day in (2, 3, 4))
OCTOBER_2025 = (
    "start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,"
    "line_item,project_id,organization_id,organization_name\n"
)


def test_a_row_says_what_was_charged_for_which_tokens() -> None:
    batch = read_report("openai-costs-csv", SAMPLES / "openai_costs.csv")

    assert told(batch, 0) == {
        "line": 2,
        "provider": "openai",
        "model": "gpt-5-mini-2025-08-07",
        "key": "key_search",
        "person": "user-ana",
        "project": "proj_search",
        "tags": '{"api_source":"unlabeled"}',
        "in_text": 10000,
        "stated_usd": "0.002500000000000000000000000001",
        "billed_usd": "0.002500000000000000000000000001",
        "bucket_starts_at": SECOND,
        "bucket_ends_at": THIRD,
        "line_item": "gpt-5-mini-2025-08-07, input",
        "quantity": "10000",
        "quantity_unit": "tokens",
    }


def test_line_items_are_parted_and_quantities_counted() -> None:
    batch = read_report("openai-costs-csv", SAMPLES / "openai_costs.csv")

    columns = ("model", "service_tier", "in_text", "in_cache_read", "out_text", "billed_usd")
    assert shown(batch, "line", *columns)[1:] == [
        # two thousand-token units
        (3, "gpt-5-mini-2025-08-07", "standard", 0, 2000, 0, "0.0000500000"),
        (4, "gpt-5-mini-2025-08-07", "standard", 0, 0, 800, "0.0016"),
        (5, "gpt-5-nano", "batch", 300, 0, 0, "0.0000075"),
        (6, "", "standard", 0, 0, 0, "0.07"),
    ]


def test_the_total_is_exact() -> None:
    batch = read_report("openai-costs-csv", SAMPLES / "openai_costs.csv")

    with localcontext(EXACT):
        total = sum(map(Decimal, batch.frame["billed_usd"]))
    assert total == Decimal("0.074157500000000000000000000001")


def test_times_with_and_without_an_offset_stand_in_one_file_and_a_day_without_costs() -> None:
    batch = read_report("openai-costs-csv", SAMPLES / "openai_costs.csv")

    assert set(batch.frame["bucket_starts_at"]) == {SECOND}
    assert list(batch.buckets) == [(THIRD, FOURTH)]
    assert (batch.rows, batch.complete) == (7, True)


def test_what_is_no_amount_rejects_its_row() -> None:
    batch = read_report("openai-costs-csv", SAMPLES / "openai_costs.csv")

    assert said(batch) == [
        (
            8,
            "cost_usd",
            "'1,5' has a separator: write a dot for decimals and nothing for thousands",
        ),
        (9, "row", "amount_value is missing"),
    ]


def test_addresses_of_people_enter_no_line() -> None:
    batch = read_report("openai-costs-csv", SAMPLES / "openai_costs.csv")

    assert "example.com" not in batch.frame.to_csv()


def test_the_older_generation_knows_no_people_and_no_quantities(tmp_path: Path) -> None:
    path = tmp_path / "cost.csv"
    path.write_text(
        f"{OCTOBER_2025}1760054400,1760140800,2025-10-10T00:00:00+00:00,2025-10-11T00:00:00+00:00,"
        '0.0001925000000000,usd,"gpt-5-mini-2025-08-07, input",proj_search,org-acme,Acme\n'
    )

    batch = read_report("openai-costs-csv", path)

    assert told(batch, 0) == {
        "line": 2,
        "provider": "openai",
        "model": "gpt-5-mini-2025-08-07",
        "project": "proj_search",
        "stated_usd": "0.0001925000000000",
        "billed_usd": "0.0001925000000000",
        "bucket_starts_at": datetime(2025, 10, 10, tzinfo=UTC),
        "bucket_ends_at": datetime(2025, 10, 11, tzinfo=UTC),
        "line_item": "gpt-5-mini-2025-08-07, input",
    }
