"""vLLM's counters become hours of tokens per model."""

import json
from pathlib import Path

import pandas as pd
import pytest

from ingestion.readers.contract import Refused
from ingestion.readers.reports import ReportBatch
from tests.ingestion.readers.reading import SAMPLES, read_report, said, shown

TOKENS = ("in_text", "in_cache_read", "out_text", "requests")
LABELS = '{engine="0",model_name="m"}'


def read_text(text: str, folder: Path) -> ReportBatch:
    path = folder / "scrapes.prom"
    path.write_text(text)
    return read_report("vllm", path)


def scrape(at: str, prompt: object, generation: object = 0, labels: str = LABELS) -> str:
    return (
        f"# scraped {at}\n"
        f"vllm:prompt_tokens_total{labels} {prompt}\n"
        f"vllm:generation_tokens_total{labels} {generation}\n"
    )


def test_scrapes_of_a_day_become_its_whole_hours_through_a_restart() -> None:
    batch = read_report("vllm", SAMPLES / "vllm_scrapes.prom")

    # From half past nine 2,000 tokens of prompt an hour, then a restart and 800.
    assert shown(batch, "provider", "model", *TOKENS) == [("vllm", "qwen3-27b", 800, 600, 140, 14)]
    hour = pd.Timestamp("2026-03-02T10:00:00Z")
    assert shown(batch, "bucket_starts_at", "bucket_ends_at", "started_at") == [
        (hour, hour + pd.Timedelta(hours=1), hour)
    ]
    assert shown(batch, "charge_category", "stated_usd", "billed_usd") == [("usage", "", "")]
    assert batch.complete
    assert [(start.hour, end.hour) for start, end in batch.buckets] == [(10, 11)]


def test_tokens_outside_whole_hours_are_left_to_the_next_file_and_said() -> None:
    batch = read_report("vllm", SAMPLES / "vllm_scrapes.prom")

    assert [(doubt.reason, doubt.raw) for doubt in batch.doubts] == [
        (
            "DQ_PARTIAL_HOUR",
            "1,540 tokens before 2026-03-02T10:00:00+00:00 and after 2026-03-02T11:00:00+00:00",
        )
    ]


def test_instances_and_engines_are_summed_by_model_and_namespace() -> None:
    batch = read_report("vllm", SAMPLES / "vllm_query_range.json")

    # The second instance was first seen at eleven with 5,000: what came before is unknown.
    assert shown(batch, "started_at", "model", "project", "in_text", "out_text") == [
        (pd.Timestamp("2026-03-02T10:00:00Z"), "qwen3-27b", "search", 300, 30),
        (pd.Timestamp("2026-03-02T11:00:00Z"), "llama-70b", "", 0, 2),
        (pd.Timestamp("2026-03-02T11:00:00Z"), "qwen3-27b", "search", 1010, 100),
    ]
    assert batch.doubts == []
    assert len(batch.buckets) == 2


def test_times_of_prometheus_stand_over_the_line_that_says_when_it_was_scraped(
    tmp_path: Path,
) -> None:
    text = "".join(
        f"vllm:prompt_tokens_total{LABELS} {value} {at}\n"
        for at, value in ((1_772_445_600_000, 5), (1_772_449_200_000, 9))
    )

    batch = read_text(f"# scraped 2020-01-01\n{text}", tmp_path)

    assert shown(batch, "bucket_starts_at", "in_text") == [
        (pd.Timestamp("2026-03-02T10:00:00Z"), 4)
    ]


def test_an_hour_without_tokens_is_a_bucket_without_lines(tmp_path: Path) -> None:
    text = scrape("2026-03-02T10:00Z", 5) + scrape("2026-03-02T13:00Z", 5)

    batch = read_text(text, tmp_path)

    assert (len(batch.frame), len(batch.buckets), batch.rows) == (0, 3, 0)


def test_more_hits_than_prompt_are_clamped_and_doubted(tmp_path: Path) -> None:
    hits = f"vllm:prefix_cache_hits_total{LABELS}"
    text = f"{scrape('2026-03-02T10:00Z', 0)}{hits} 0\n{scrape('2026-03-02T11:00Z', 10)}{hits} 12\n"

    batch = read_text(text, tmp_path)

    assert shown(batch, *TOKENS) == [(0, 10, 0, 0)]
    assert [(doubt.line, doubt.reason) for doubt in batch.doubts] == [(1, "DQ_NEGATIVE_CLASS")]


def test_of_several_counters_of_the_cache_one_counts(tmp_path: Path) -> None:
    def cache(count: int) -> str:
        return "".join(
            f"vllm:{name}{LABELS} {count}\n"
            for name in ("prompt_tokens_cached_total", "prefix_cache_hits_total")
        )

    text = scrape("2026-03-02T10:00Z", 0) + cache(0) + scrape("2026-03-02T11:00Z", 10) + cache(4)

    assert shown(read_text(text, tmp_path), *TOKENS) == [(6, 4, 0, 0)]


def test_samples_that_cannot_be_read_are_named_and_the_rest_counts(tmp_path: Path) -> None:
    good = scrape("2026-03-02T10:00Z", 0) + scrape("2026-03-02T11:00Z", 10)
    bad = (
        'vllm:prompt_tokens_total{model_name="m} 5\n'
        f"vllm:prompt_tokens_total{LABELS} NaN\n"
        f"vllm:prompt_tokens_total{LABELS} 1.5\n"
        f"vllm:prompt_tokens_total{LABELS} 1e40\n"
        'vllm:prompt_tokens_total{engine="0"} 5\n'
        f'vllm:prompt_tokens_total{{model_name="{"x" * 9000}"}} 5\n'
    )

    batch = read_text(good + bad, tmp_path)

    assert shown(batch, "in_text") == [(10,)]
    assert [(line, field) for line, field, _ in said(batch)] == [
        (7, ""),
        (8, ""),
        (9, ""),
        (10, ""),
        (11, "vllm:prompt_tokens_total"),
        (12, ""),
    ]
    reasons = [problem.reason for problem in batch.problems]
    assert reasons[0].startswith("The line is no sample of Prometheus")
    assert reasons[2] == "'1.5' is not a whole number that a counter can show."
    assert reasons[5] == "The line is longer than 8,192 characters."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (scrape("2026-03-02T10:10Z", 1) + scrape("2026-03-02T10:50Z", 2), "No whole hour lies"),
        (f"vllm:prompt_tokens_total{LABELS} 5\n", "Line 1 has no time"),
        ("# scraped yesterday\n", "Line 1 says that it was scraped at 'yesterday'"),
        ("# scraped 2026-03-02T10:00Z\nother 5\n", "no sample of vllm:prompt_tokens_total"),
        (scrape("2001-03-02T10:10Z", 1) + scrape("2026-03-02T10:50Z", 2), "send 10,000 at most"),
        ('{"status":"error"}', "no answer of Prometheus' query API"),
        ('{"data":{"result":[1]}}', "no answer of Prometheus' query API"),
        ('{"data":', "The file is not JSON"),
        (
            scrape("2026-03-02T10:00Z", 1, labels='{model_name="m",prometheus_replica="a"}')
            + scrape("2026-03-02T11:00Z", 1, labels='{model_name="m",prometheus_replica="b"}'),
            "Two Prometheus tell the same counters",
        ),
    ],
)
def test_what_tells_no_hour_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        read_text(text, tmp_path)


def test_series_that_are_odd_are_named_by_their_number(tmp_path: Path) -> None:
    metric = {"__name__": "vllm:prompt_tokens_total", "model_name": "m"}
    series = [
        {"metric": metric, "values": [[1772445600, "1"], [1772449200, "9"], ["x", "9"], 7]},
        {"metric": [], "values": []},
        {"metric": {"__name__": "up"}, "values": [["x", "y"]]},
    ]

    batch = read_text(json.dumps([{"data": {"result": series}}]), tmp_path)

    assert shown(batch, "in_text") == [(8,)]
    assert said(batch) == [
        (1, "", "A value is not a time and a number."),
        (1, "", "A value is not a time and a number."),
        (2, "", "The series has no metric or no values."),
    ]
