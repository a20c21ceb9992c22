"""OpenRouter's generations: native tokens, the credits' cost, a key of one's own apart."""

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from ingestion.models import CostStatus, Event
from ingestion.readers.contract import Refused
from ingestion.readers.openrouter_generations import NORMALISED_TOKENS
from tests.ingestion.conftest import Deliver
from tests.ingestion.readers.reading import SAMPLES, read_text, read_usage, said, shown
from tests.org_cast import Cast
from tests.shared_data import shared_data

NAME = "openrouter-generations"
COUNTS = "in_text", "in_cache_read", "out_text", "out_reasoning"


def test_native_tokens_are_read_and_the_credits_stated() -> None:
    batch = read_usage(NAME, SAMPLES / "openrouter_generations.jsonl")

    assert shown(batch, "native_id", *COUNTS, "stated_usd", "status") == [
        ("gen-1772439330-a", 700, 300, 200, 50, "0.00355", "ok"),
        ("gen-1772439331-b", 120, 0, 25, 0, "3.67e-05", "ok"),
        ("gen-1772439332-c", 0, 0, 0, 0, "0", "cached"),
        ("gen-1772439333-d", 40, 0, 8, 0, "0.000128", "cancelled"),
    ]
    assert [(doubt.line, doubt.reason) for doubt in batch.doubts] == [(4, NORMALISED_TOKENS)]
    assert said(batch) == [
        (5, "usage", "the row tells neither usage nor total cost, so its cost is not known"),
    ]
    assert batch.rows == 5


def test_a_generation_is_named_for_people_and_tasks() -> None:
    batch = read_usage(NAME, SAMPLES / "openrouter_generations.jsonl")

    columns = "provider", "model", "person", "project", "task", "service_tier", "tags"
    assert shown(batch, "started_at", *columns)[:2] == [
        (
            pd.Timestamp("2026-03-02T08:15:30.433273Z"),
            "openrouter",
            "openai/gpt-4.1",
            "ana",
            "ws-care",
            "req-1",
            "standard",
            '{"upstream":"OpenAI"}',
        ),
        (
            pd.Timestamp("2026-03-02T08:15:31Z"),
            "openrouter",
            "anthropic/claude-sonnet-4.5",
            "",
            "",
            "s-7",
            "standard",
            '{"byok":"true","byok_usd":"0.000735","upstream":"Anthropic"}',
        ),
    ]


def test_the_logs_csv_says_the_same() -> None:
    batch = read_usage(NAME, SAMPLES / "openrouter_generations.csv")

    columns = "line", "native_id", *COUNTS, "stated_usd", "key", "person", "workflow", "status"
    assert shown(batch, *columns) == [
        (2, "gen-1772439330-a", 700, 300, 200, 50, "0.00355", "care-prod", "ana", "Support desk",
         "ok"),
        (3, "gen-1772439331-b", 120, 0, 25, 0, "0.0000367", "care-prod", "", "", "cancelled"),
    ]  # fmt: skip
    assert batch.frame["tags"].tolist() == [
        '{"app":"Support desk","upstream":"OpenAI","variant":"standard"}',
        '{"byok":"true","byok_usd":"0.000735","upstream":"Anthropic","variant":"standard"}',
    ]
    assert batch.frame["started_at"][0] == pd.Timestamp("2026-03-02T08:15:30.433Z")
    assert batch.doubts == []


@pytest.mark.django_db
def test_a_delivery_costs_what_was_taken_from_the_credits(cast: Cast, deliver: Deliver) -> None:
    content = (SAMPLES / "openrouter_generations.jsonl").read_bytes()

    first = deliver(content, source=NAME)
    again = deliver(content, source=NAME, filename="again.jsonl")

    # 0.00355 + 0.0000367 + 0 + 0.000128; the 0.000735 paid upstream is on another bill.
    assert (first.rows, first.loaded, first.rejected) == (5, 4, 1)
    assert first.usd == Decimal("0.0037147")
    assert (again.loaded, again.duplicate) == (0, 4)
    assert set(Event.objects.values_list("status", flat=True)) == {CostStatus.STATED}


@pytest.mark.parametrize(
    ("text", "said_of_it"),
    [
        ('{"id":"g","usage":1,"native_tokens_prompt":"x"}', "is 'x', which is not a whole number"),
        ('{"usage":1,"created_at":"2026-03-02","model":"m"}', "so it could count twice"),
        ('{"id":"g","usage":-1,"created_at":"2026-03-02","model":"m"}', "'-1' is negative"),
        ('{"id":"g","usage":1,"byok_usage_inference":"x","model":"m"}', "'x'"),
    ],
)
def test_a_row_that_cannot_be_read_is_named(tmp_path: Path, text: str, said_of_it: str) -> None:
    batch = read_text(NAME, text, tmp_path)

    ((_, _, reason),) = said(batch)
    assert said_of_it in reason


def test_a_list_inside_data_is_read_row_by_row(tmp_path: Path) -> None:
    row = '{"id":"%s","usage":1,"created_at":"2026-03-02","model":"m","native_tokens_prompt":1}'

    batch = read_text(NAME, f'{{"data":[{row % "a"},{row % "b"}]}}', tmp_path)

    assert shown(batch, "line", "native_id") == [(1, "a"), (2, "b")]


def test_a_csv_without_its_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="it has no column model_permaslug or cost_total"):
        read_text(NAME, "generation_id,created_at\n1,2026-03-02\n", tmp_path)


def test_the_documented_example_is_read() -> None:
    batch = read_usage(NAME, shared_data("openrouter/examples/generation.json"))

    assert shown(batch, "native_id", *COUNTS, "stated_usd", "service_tier") == [
        ("gen-3bhGkxlo4XFrqiabUM7NDtwDzWwG", 7, 3, 20, 5, "0.0015", "priority")
    ]


def test_the_documented_columns_are_known() -> None:
    header = shared_data("openrouter/activity_export_generation_level_HEADER.csv").read_text()
    sample = (SAMPLES / "openrouter_generations.csv").read_text()

    assert sample.splitlines()[0] == header.strip()
