"""OpenRouter's days are buckets, its credits the cost, and a key of one's own no cost here."""

from pathlib import Path

import pandas as pd
import pytest

from finops.tokens import NEGATIVE_CLASS, TOTAL_MISMATCH
from ingestion.readers.contract import Refused
from tests.ingestion.readers.reading import SAMPLES, read_report, said, shown
from tests.shared_data import shared_data

NAME = "openrouter-activity"
ROW = (
    '{"date":"2026-03-01","model":"m","model_permaslug":"m-1","endpoint_id":"e","usage":0.5,'
    '"byok_usage_inference":0,"requests":1,"prompt_tokens":10,"completion_tokens":2,'
    '"reasoning_tokens":0}'
)


def written(folder: Path, text: str) -> Path:
    path = folder / "delivered"
    path.write_text(text)
    return path


def test_each_row_stands_in_the_bucket_of_its_utc_day() -> None:
    report = read_report(NAME, SAMPLES / "openrouter_activity.json")

    first, second, third = pd.date_range("2026-03-01", periods=3, tz="UTC")
    assert shown(report, "line", "bucket_starts_at", "bucket_ends_at", "started_at") == [
        (1, first, second, first),
        (2, first, second, first),
        (3, second, third, second),
        (4, second, third, second),
    ]
    assert report.complete


def test_tokens_are_disjoint_and_costs_keep_their_digits() -> None:
    report = read_report(NAME, SAMPLES / "openrouter_activity.json")

    columns = "model", "requests", "in_text", "out_text", "out_reasoning", "stated_usd"
    assert shown(report, *columns) == [
        ("openai/gpt-4.1", 5, 5000, 625, 0, "0.015"),
        ("anthropic/claude-sonnet-4.5", 12, 30000, 1500, 500, "0.1234567890123"),
        ("anthropic/claude-sonnet-4.5", 2, 2000, 400, 0, "0.0006"),
        ("openai/gpt-4.1", 1, 100, 0, 25, "1e-05"),
    ]
    assert shown(report, "provider", "project", "line_item", "charge_category", "billed_usd")[
        1
    ] == (
        "openrouter",
        "ws-care",
        "anthropic/claude-4.5-sonnet-20250929",
        "usage",
        "",
    )


def test_what_was_paid_upstream_is_told_and_not_counted() -> None:
    report = read_report(NAME, SAMPLES / "openrouter_activity.json")

    assert report.frame["tags"].tolist() == [
        '{"upstream":"OpenAI"}',
        '{"upstream":"Amazon Bedrock"}',
        '{"byok_usd":"0.012","upstream":"Anthropic"}',
        '{"upstream":"OpenAI"}',
    ]


def test_odd_tokens_are_doubted_and_bad_days_named() -> None:
    report = read_report(NAME, SAMPLES / "openrouter_activity.json")

    assert [(doubt.line, doubt.reason) for doubt in report.doubts] == [
        (4, NEGATIVE_CLASS),
        (4, TOTAL_MISMATCH),
    ]
    assert said(report) == [(5, "usage", "the date 'March 2' is no day")]
    assert report.rows == 5


def test_the_pages_csv_says_the_same() -> None:
    report = read_report(NAME, SAMPLES / "openrouter_activity.csv")

    columns = "line", "model", "in_text", "out_text", "out_reasoning", "stated_usd", "tags"
    assert shown(report, *columns) == [
        (2, "openai/gpt-4.1", 5000, 625, 0, "0.015", ""),
        (3, "anthropic/claude-sonnet-4.5", 2000, 300, 100, "0.0006", '{"byok_usd":"0.012"}'),
    ]
    assert report.frame["bucket_ends_at"].tolist() == [
        pd.Timestamp("2026-03-02", tz="UTC"),
        pd.Timestamp("2026-03-03", tz="UTC"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        f'{{"data":[{ROW}]}}\n{{"data":[{ROW}]}}',
        f'[{{"data":[{ROW}]}},{{"data":[{ROW}]}}]',
        f'{{"data":[{ROW},{ROW}]}}',
    ],
)
def test_answers_may_follow_one_another(tmp_path: Path, text: str) -> None:
    report = read_report(NAME, written(tmp_path, text))

    assert report.frame["line"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("usage", "null", "the row tells no usage, so its cost is not known"),
        ("prompt_tokens", "1.5", "prompt_tokens is '1.5', which is not a whole number."),
        ("byok_usage_inference", '"much"', "'much' is not a plain decimal number such as 12.50."),
    ],
)
def test_a_row_that_cannot_be_read_is_named(
    tmp_path: Path, field: str, value: str, reason: str
) -> None:
    bad = ROW.replace(f'"{field}":', f'"{field}":{value},"was":')

    report = read_report(NAME, written(tmp_path, f'{{"data":[{bad},{ROW}]}}'))

    ((line, at, why),) = said(report)
    assert (line, at, why, len(report.frame)) == (1, "usage", reason, 1)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"data":{}}', "has no list 'data'"),
        ('{"data":[', "is not JSON"),
        ("Date,Slug\n", "no column Usage or BYOK Usage or"),
    ],
)
def test_what_is_no_activity_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        read_report(NAME, written(tmp_path, text))


def test_the_documented_example_is_read() -> None:
    report = read_report(NAME, shared_data("openrouter/examples/activity.json"))

    columns = "model", "in_text", "out_text", "out_reasoning", "stated_usd", "tags"
    assert shown(report, *columns) == [
        ("openai/gpt-4.1", 50, 100, 25, "0.015", '{"byok_usd":"0.012","upstream":"OpenAI"}')
    ]
