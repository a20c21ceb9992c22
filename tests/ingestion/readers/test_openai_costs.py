"""OpenAI's cost pages become buckets of exact lines."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from finops.tokens import TOKEN_CLASSES
from ingestion.readers.contract import Options, Refused
from ingestion.readers.reports import ReportBatch
from tests.ingestion.readers.reading import NO_OPTIONS, SAMPLES, read_report, said, shown
from tests.shared_data import shared_data

EXACT = "0.060000000000000001234567890123"
MARCH_2 = (datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC))
MARCH_3 = (datetime(2026, 3, 3, tzinfo=UTC), datetime(2026, 3, 4, tzinfo=UTC))


def read_costs(path: Path, options: Options = NO_OPTIONS) -> ReportBatch:
    return read_report("openai-costs", path, options, target_bytes=100)


def read_pages(folder: Path, *pages: Any) -> ReportBatch:
    path = folder / "pages"
    path.write_text("\n".join(json.dumps(page) for page in pages))
    return read_costs(path)


def page(*, start: int = 1772409600, has_more: bool = False, **result: Any) -> dict[str, Any]:
    result = {"amount": {"value": 1, "currency": "usd"}} | result
    bucket = {"start_time": start, "end_time": start + 86400, "results": [result]}
    return {"object": "page", "data": [bucket], "has_more": has_more}


def test_amounts_keep_their_digits_whether_number_or_text() -> None:
    batch = read_costs(SAMPLES / "openai_costs.json")

    assert batch.buckets == [MARCH_2, MARCH_3]
    assert shown(batch, "model", "project", "key", "stated_usd", "billed_usd") == [
        ("gpt-5-nano-2025-08-07", "proj_a", "key_1", EXACT, EXACT),
        ("gpt-6-astra", "", "", "12.50", "12.50"),
        ("", "", "", "0.01", "0.01"),
    ]
    assert set(batch.frame["provider"]) == {"openai"}
    assert set(batch.frame["charge_category"]) == {"usage"}


def test_tokens_stand_in_the_class_that_their_line_item_names() -> None:
    batch = read_costs(SAMPLES / "openai_costs.json")

    columns = ("line_item", "in_cache_read", "out_text", "quantity", "quantity_unit")
    assert shown(batch, *columns) == [
        ("gpt-5-nano-2025-08-07, cached input", 12_000, 0, "12000", "tokens"),
        ("gpt-6-astra, output_tokens", 0, 0, "", ""),
        ("Web search", 0, 0, "", ""),
    ]


def test_every_line_stands_in_its_bucket_and_starts_with_it() -> None:
    batch = read_costs(SAMPLES / "openai_costs.json")

    columns = ("bucket_starts_at", "bucket_ends_at", "started_at")
    assert set(shown(batch, *columns)) == {(*MARCH_2, MARCH_2[0])}


def test_an_amount_without_a_value_is_a_problem_not_a_zero() -> None:
    batch = read_costs(SAMPLES / "openai_costs.json")

    assert said(batch) == [(4, "amount", "the amount has no value")]
    assert (batch.rows, batch.complete) == (4, True)


def test_a_page_run_is_complete_when_its_last_page_has_no_more(tmp_path: Path) -> None:
    first, last = page(has_more=True), page(start=1772496000)

    assert read_pages(tmp_path, first, last).complete is True
    assert read_pages(tmp_path, [first, last]).rows == 2
    assert read_pages(tmp_path, first).complete is False


def test_a_bucket_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="The bucket that starts at 2026-03-02 00:00 stands twice"):
        read_pages(tmp_path, page(has_more=True), page())


@pytest.mark.parametrize(
    ("line_item", "model", "token_class"),
    [
        ("gpt-4o-2024-08-06, input", "gpt-4o-2024-08-06", "in_text"),
        ("gpt-5, input_cached_tokens", "gpt-5", "in_cache_read"),
        ("Acme, Inc tuned, output", "Acme, Inc tuned", "out_text"),
        ("gpt-4o, batch input", "gpt-4o", "in_text"),
        ("gpt-5, container hours", "gpt-5", None),
        ("assistants file search", "", None),
        (None, "", None),
    ],
)
def test_a_line_item_is_parted_at_its_last_comma(
    tmp_path: Path, line_item: str | None, model: str, token_class: str | None
) -> None:
    batch = read_pages(tmp_path, page(line_item=line_item, quantity=7, quantity_unit="tokens"))

    assert shown(batch, "model") == [(model,)]
    assert [name for name in TOKEN_CLASSES if batch.frame[name].any()] == (
        [token_class] if token_class else []
    )


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("1,000", "cost_usd"),
        ("NaN", "cost_usd"),
        ("Infinity", "cost_usd"),
        ("1_0", "cost_usd"),
        ("", "amount"),
        ("9" * 65, "cost_usd"),
    ],
)
def test_what_is_no_amount_is_a_problem(tmp_path: Path, value: str, field: str) -> None:
    batch = read_pages(tmp_path, page(amount={"value": value, "currency": "usd"}))

    assert [problem.field for problem in batch.problems] == [field]


@pytest.mark.parametrize("content", ["{", "[1]", '{"data": 1}', "a,b\n", '{"data": [{}]}'])
def test_what_is_no_page_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "page"
    path.write_text(content)

    with pytest.raises(Refused):
        read_costs(path)


def test_another_currency_is_a_problem_of_its_line(tmp_path: Path) -> None:
    batch = read_pages(tmp_path, page(amount={"value": 1, "currency": "eur"}))

    ((line, field, reason),) = said(batch)
    assert (line, field) == (1, "currency")
    assert reason == "'EUR' cannot be taken: only US dollars, until exchange rates are kept"


def test_the_documented_example_is_read() -> None:
    batch = read_costs(shared_data("openai/examples/costs.json"))

    assert shown(batch, "stated_usd") == [("0.06",)]
    assert batch.complete is True
