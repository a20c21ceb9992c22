"""OpenAI's usage pages become lines of disjoint tokens, every kind counted once."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from finops.tokens import TOTAL_MISMATCH
from ingestion.readers.contract import Options, Refused
from ingestion.readers.reports import ReportBatch
from tests.ingestion.readers.reading import NO_OPTIONS, SAMPLES, read_report, said, shown
from tests.ingestion.readers.told import told
from tests.shared_data import shared_data

SECOND, THIRD, FOURTH, FIFTH = (datetime(2026, 3, day, tzinfo=UTC) for day in (2, 3, 4, 5))
START = int(SECOND.timestamp())


def read_pages(folder: Path, *pages: Any, options: Options = NO_OPTIONS) -> ReportBatch:
    path = folder / "pages"
    path.write_text("\n".join(json.dumps(page) for page in pages))
    return read_report("openai-usage", path, options)


def page(
    *, kind: str = "completions", day: int = 0, has_more: bool = False, **result: Any
) -> dict[str, Any]:
    result = {"object": f"organization.usage.{kind}.result", "input_tokens": 5} | result
    start = START + day * 86400
    bucket = {"start_time": start, "end_time": start + 86400, "results": [result]}
    return {"object": "page", "data": [bucket], "has_more": has_more}


def test_a_completions_row_parts_into_disjoint_classes() -> None:
    batch = read_report("openai-usage", SAMPLES / "openai_usage.json")

    assert told(batch, 0) == {
        "line": 1,
        "provider": "openai",
        "model": "gpt-5-mini-2025-08-07",
        "key": "key_search",
        "person": "user-ana",
        "project": "proj_search",
        # 10,000 in all: less 6,000 cached, 1,000 written, 300 of audio and 200 of images
        "in_text": 2500,
        "in_cache_read": 5900,
        "in_audio_cached": 100,
        "in_cache_write_5m": 400,
        "in_cache_write_1h": 500,
        "in_cache_write_other": 100,
        "in_audio": 300,
        "in_image": 200,
        # 900 in all
        "out_text": 800,
        "out_audio": 70,
        "out_image": 30,
        "requests": 12,
        "bucket_starts_at": SECOND,
        "bucket_ends_at": THIRD,
        "line_item": "completions",
    }


def test_a_batch_is_a_tier_whatever_tier_is_named() -> None:
    batch = read_report("openai-usage", SAMPLES / "openai_usage.json")

    assert shown(batch, "line", "service_tier")[:3] == [
        (1, "standard"),
        (2, "batch"),
        (4, "standard"),
    ]


def test_a_row_that_is_not_grouped_by_model_is_kept_without_one() -> None:
    batch = read_report("openai-usage", SAMPLES / "openai_usage.json")

    blended = told(batch, 2)
    assert "model" not in blended
    assert (blended["in_text"], blended["out_text"], blended["requests"]) == (70, 5, 2)


def test_every_other_kind_counts_what_it_bills() -> None:
    batch = read_report("openai-usage", SAMPLES / "openai_usage.json")

    columns = ("line_item", "in_text", "requests", "web_searches", "counters", "quantity")
    assert shown(batch, *columns, "quantity_unit")[3:] == [
        ("embeddings", 160, 3, 0, "", "", ""),
        ("moderations", 20, 1, 0, "", "", ""),
        ("images", 0, 1, 0, '{"images_generated":2}', "", ""),
        ("audio_speeches", 0, 1, 0, '{"characters":45}', "", ""),
        ("audio_transcriptions", 0, 1, 0, '{"audio_seconds":20}', "", ""),
        ("vector_stores", 0, 0, 0, "", "1024", "bytes"),
        ("code_interpreter_sessions", 0, 0, 0, '{"tool_sessions":3}', "", ""),
        ("file_searches", 0, 0, 0, "", "6", "file searches"),
        # its five requests stand among the completions
        ("web_searches", 0, 0, 7, "", "", ""),
    ]
    assert [tags for (tags,) in shown(batch, "tags") if tags] == [
        '{"size":"1024x1024","source":"image.generation"}',
        '{"vector_store_id":"vs_handbook"}',
        '{"context_level":"high"}',
    ]


def test_rows_that_cannot_be_read_are_named_and_empty_days_kept() -> None:
    batch = read_report("openai-usage", SAMPLES / "openai_usage.json")

    assert said(batch) == [
        (3, "usage", "input_tokens is 'many', which is not a whole number."),
    ]
    assert (batch.rows, len(batch.frame), batch.complete) == (13, 12, True)
    assert list(batch.buckets) == [(SECOND, THIRD), (THIRD, FOURTH), (FOURTH, FIFTH)]
    assert batch.doubts == []


def test_classes_that_do_not_make_the_sum_are_doubted(tmp_path: Path) -> None:
    batch = read_pages(tmp_path, page(input_uncached_tokens=4))

    assert [(doubt.line, doubt.reason) for doubt in batch.doubts] == [(1, TOTAL_MISMATCH)]


def test_a_kind_that_is_not_known_is_a_problem(tmp_path: Path) -> None:
    batch = read_pages(tmp_path, page(kind="decisions"))

    assert said(batch) == [(1, "usage", "'decisions' is no kind of usage that is known")]


def test_pages_that_say_that_more_follow_are_not_complete(tmp_path: Path) -> None:
    first, second = page(has_more=True), page(day=1)

    assert read_pages(tmp_path, first).complete is False
    assert read_pages(tmp_path, first, second).complete is True
    assert read_pages(tmp_path, [first, second]).complete is True


def test_a_run_of_pages_that_breaks_off_before_the_next_kind_is_not_complete(
    tmp_path: Path,
) -> None:
    broken, next_kind = page(has_more=True), page(kind="embeddings")

    assert read_pages(tmp_path, broken, next_kind).complete is False
    assert read_pages(tmp_path, page(), next_kind).complete is True


def test_one_kind_by_itself_never_stands_for_the_completions_it_lacks(tmp_path: Path) -> None:
    embeddings = page(kind="embeddings")
    nothing = {"data": [], "has_more": False}

    assert read_pages(tmp_path, embeddings).complete is False
    assert read_pages(tmp_path, embeddings, *[nothing] * 8).complete is False
    # ten kinds were asked for, and nine of them had nothing to say
    assert read_pages(tmp_path, embeddings, *[nothing] * 9).complete is True


def test_a_bucket_that_one_kind_has_twice_is_refused(tmp_path: Path) -> None:
    twice = "The bucket of completions that starts at 2026-03-02 00:00 stands twice"

    with pytest.raises(Refused, match=twice):
        read_pages(tmp_path, page(), page())


@pytest.mark.parametrize(
    "bucket",
    [
        7,
        {"start_time": START, "end_time": START + 1},
        {"start_time": START, "end_time": START, "results": []},
        {"start_time": "soon", "end_time": START, "results": []},
    ],
)
def test_what_is_no_bucket_refuses_the_delivery(tmp_path: Path, bucket: Any) -> None:
    with pytest.raises(Refused, match="Bucket 1"):
        read_pages(tmp_path, {"data": [bucket], "has_more": False})


@pytest.mark.parametrize("content", ["{", "[1]", '{"data": 1}', "a,b\n"])
def test_what_is_no_page_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "page"
    path.write_text(content)

    with pytest.raises(Refused):
        read_report("openai-usage", path)


def test_a_result_that_is_no_object_is_a_problem(tmp_path: Path) -> None:
    pages = page()
    pages["data"][0]["results"].append("x")

    batch = read_pages(tmp_path, pages)

    assert said(batch) == [(2, "", "The record cannot be used: it is not a JSON object.")]


@pytest.mark.parametrize(
    ("kind", "counted"),
    [
        ("completions", {"in_text": 400, "in_cache_read": 350, "requests": 5}),
        ("embeddings", {"in_text": 16, "requests": 2}),
        ("moderations", {"in_text": 16, "requests": 2}),
        ("images", {"counters": '{"images_generated":2}', "requests": 2}),
        ("audio_speeches", {"counters": '{"characters":45}', "requests": 1}),
        ("audio_transcriptions", {"counters": '{"audio_seconds":20}', "requests": 1}),
        ("vector_stores", {"quantity": "1024", "quantity_unit": "bytes"}),
        ("code_interpreter_sessions", {"counters": '{"tool_sessions":1}'}),
        ("file_search_calls", {"quantity": "2", "quantity_unit": "file searches"}),
        ("web_search_calls", {"web_searches": 2}),
    ],
)
def test_the_documented_examples_are_read(kind: str, counted: dict[str, Any]) -> None:
    batch = read_report("openai-usage", shared_data(f"openai/examples/usage__{kind}.json"))

    line = told(batch, 0)
    assert {name: line[name] for name in counted} == counted
    assert ("requests" in line) == ("requests" in counted)
    assert (batch.rows, batch.problems, batch.doubts) == (1, [], [])
