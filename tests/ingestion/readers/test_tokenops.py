"""TokenOps' own usage record is read the same from NDJSON, from CSV and from the API."""

import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.tokens import TOKEN_CLASSES
from ingestion.readers.contract import MAX_COUNT, Refused
from ingestion.readers.tokenops import read_records
from tests.ingestion.readers.reading import SAMPLES, read_text, read_usage, said, shown

HEADER = "id,started_at,provider,model,in_text"


def row(**values: object) -> dict[str, object]:
    call = {"started_at": "2026-11-21T10:00:00Z", "provider": "openai", "model": "gpt-5"}
    return call | values


def test_a_full_record_fills_every_column_it_names() -> None:
    batch = read_usage("tokenops", SAMPLES / "usage_records.ndjson")

    first = batch.frame.iloc[0].to_dict()
    assert {name: value for name, value in first.items() if value not in ("", 0)} == {
        "line": 1,
        "native_id": "req-1",
        "started_at": pd.Timestamp("2026-11-21T10:00:00.123Z"),
        "provider": "anthropic",
        "model": "claude-sonnet-4-6",
        "key": "drafter",
        "person": "ana@example.com",
        "project": "support",
        "workflow": "support-drafter",
        "task_type": "summarisation",
        "environment": "prod",
        "task": "ticket-881",
        "lease": "lease-7",
        "tags": '{"cost":"7","pilot":"true","team":"cx"}',
        "service_tier": "batch",
        "in_text": 2000,
        "in_cache_read": 40000,
        "in_cache_write_5m": 5000,
        "in_cache_write_1h": 1000,
        "out_text": 900,
        "out_reasoning": 600,
        "requests": 1,
        "web_searches": 2,
        "counters": '{"pages":3}',
        "stated_usd": "0.08525",
        "status": "ok",
    }


def test_every_line_of_ndjson_is_loaded_or_named_with_its_line() -> None:
    batch = read_usage("tokenops", SAMPLES / "usage_records.ndjson")

    assert shown(batch, "line", "native_id", "in_text", "stated_usd") == [
        (1, "req-1", 2000, "0.08525"),
        (3, "req-2", 0, ""),
        (8, "req-7", 13, "9.625e-05"),
    ]
    assert batch.frame["started_at"][1] == pd.Timestamp("2026-11-21T10:30:00Z")
    assert said(batch) == [
        (4, "tokens.input", "is not a token class"),
        (5, "in_text", "'-5' is negative"),
        (6, "started_at", "'2026-02-30T10:00:03Z' is not a time between 2000 and 2099"),
        (7, "model", "is missing"),
        (9, "", "The line is not a JSON object: Expecting value: line 1 column 1 (char 0)."),
    ]
    assert batch.problems[-1].raw == "not json at all"
    assert batch.rows == 8


def test_csv_names_the_fields_flat_and_keeps_lines_over_quoted_breaks() -> None:
    batch = read_usage("tokenops", SAMPLES / "usage_records.csv")

    columns = "line", "native_id", "person", "in_text", "out_text", "counters", "tags"
    assert shown(batch, *columns) == [
        (2, "a-1", "ana", 10, 2, '{"pages":4}', '{"team":"cx"}'),
        (4, "a-2", "", 0, 7, "", ""),
    ]
    assert said(batch) == [
        (5, "in_text", "'1,000' in the column tokens.in_text is not a whole number")
    ]
    assert batch.problems[0].raw == "a-3;2026-11-21T10:00:02Z;openai;gpt-5;bo;1,000;7;;;"


@pytest.mark.parametrize(
    ("count", "reason"),
    [
        ("1e3", "is not a whole number"),
        ("NaN", "is not a whole number"),
        ("0x10", "is not a whole number"),
        ("10.5", "is not a whole number"),
        ("-1", "is negative"),
        ("2147483648", f"is more than {MAX_COUNT:,}"),
        ("9" * 30, f"is more than {MAX_COUNT:,}"),
    ],
)
def test_a_count_is_a_whole_number_that_fits(tmp_path: Path, count: str, reason: str) -> None:
    batch = read_text("tokenops", f"{HEADER}\na,2026-11-21,openai,gpt-5,{count}\n", tmp_path)

    assert said(batch) == [(2, "in_text", f"{count!r} {reason}")]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (True, "is true or false, not a text or number"),
        ([1], "is a list, not a text or number"),
        ({}, "is an object, not a text or number"),
        (1.5, "'1.5' is not a whole number"),
        (-1, "'-1' is negative"),
        (MAX_COUNT + 1, f"'2147483648' is more than {MAX_COUNT:,}"),
        (10**40, f"'{10**40}' is more than {MAX_COUNT:,}"),
    ],
)
def test_a_json_count_is_read_as_strictly_as_text(value: object, reason: str) -> None:
    sound = row(tokens={"in_text": 3})

    batch = read_records([sound, row(tokens={"in_text": value}), sound])

    assert said(batch) == [(1, "in_text", reason)]
    assert shown(batch, "line", "in_text") == [(0, 3), (2, 3)]


@pytest.mark.parametrize("amount", ["-0.1", "1,5", "NaN", "$1", "5.", "1" * 99, "9000001"])
def test_a_stated_amount_is_a_plain_decimal_that_one_call_can_cost(amount: str) -> None:
    batch = read_records([row(cost_usd=amount)])

    assert [problem.field for problem in batch.problems] == ["cost_usd"]


@settings(max_examples=50)
@given(st.decimals(0, 1000, places=20))
def test_a_stated_amount_keeps_its_own_digits(amount: object) -> None:
    line = json.dumps(row(cost_usd="X")).replace('"X"', str(amount))
    batch = read_records([json.loads(line, parse_float=str)])

    assert batch.frame["stated_usd"].tolist() == [str(amount)]


@pytest.mark.parametrize(
    "lines",
    [
        ['{"a": 1}, {"b": 2}', "A"],
        ['{"tags": [{"a": 1}', '{"b": 2}]}', "A"],
        ["A", '{"a": 1},0,{"b": 2}', '{"tags": [{"a": 1}', '{"b": 2}]}'],
        ["A", "[]", "7"],
    ],
)
def test_lines_that_are_objects_only_together_are_refused_one_by_one(
    tmp_path: Path, lines: list[str]
) -> None:
    text = "\n".join(lines).replace("A", json.dumps(row(id="whole")))

    batch = read_text("tokenops", text, tmp_path)

    assert batch.frame["native_id"].tolist() == ["whole"]
    assert [problem.line for problem in batch.problems] == [
        line for line, sent in enumerate(lines, 1) if sent != "A"
    ]


def test_a_text_longer_than_the_ledger_keeps_is_named() -> None:
    batch = read_records([row(model="m" * 161)])

    assert said(batch) == [(0, "model", f"{'m' * 80 + '…'!r} is longer than 160 characters")]


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"team": ["a"]}, "is not a JSON object of plain values"),
        ("team", "is not a JSON object"),
        ({"a": "x" * 4001}, "is longer than 4,000 characters"),
    ],
)
def test_tags_are_an_object_of_plain_values(tags: object, reason: str) -> None:
    assert said(read_records([row(tags=tags)])) == [(0, "tags", reason)]


def test_equal_tags_are_spelled_equally_and_true_is_not_one() -> None:
    batch = read_records(
        [row(tags=tags) for tags in ({"b": 1, "a": "é"}, {"a": "é", "b": 1}, {"b": True, "a": "é"})]
    )

    assert batch.frame["tags"].tolist() == [
        '{"a":"é","b":"1"}',
        '{"a":"é","b":"1"}',
        '{"a":"é","b":"true"}',
    ]


@pytest.mark.parametrize("text", ["\0", "\ud800"])
def test_characters_that_no_database_keeps_are_refused(tmp_path: Path, text: str) -> None:
    pushed = read_records([row(key=f"a{text}")])
    delivered = read_text("tokenops", json.dumps(row(key=f"a{text}")) + "\n", tmp_path)

    assert [(p.line, p.field) for p in pushed.problems] == [(0, "")]
    assert [(p.line, p.field) for p in delivered.problems] == [(1, "")]


def test_a_counter_that_is_not_known_is_named_for_it_may_cost_money() -> None:
    assert said(read_records([row(counters={"gpus": 2})])) == [
        (0, "counters.gpus", "is not a counter")
    ]


def test_records_that_are_no_objects_are_named() -> None:
    batch = read_records([row(), 7, row(tokens=[1]), row(tokens=None)])

    assert said(batch) == [
        (1, "", "The record cannot be used: it is not a JSON object."),
        (2, "tokens", "is not an object of counts"),
    ]
    assert batch.rows == 4


def test_no_record_makes_an_empty_batch() -> None:
    batch = read_records([])

    assert (len(batch.frame), batch.problems, batch.rows) == (0, [], 0)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("id,when,provider,model", "Nothing gives started_at."),
        (
            "started_at,provider,model,tokens.input",
            "The column 'tokens.input' is not a token class",
        ),
        ("started_at,provider,model,in_text,tokens.in_text", "give the same field"),
        ("started_at,provider,model,model", "give the same field"),
    ],
)
def test_a_header_that_cannot_serve_refuses_the_delivery(
    tmp_path: Path, header: str, reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        read_text("tokenops", f"{header}\n1,2,3,4,5\n", tmp_path)


@settings(max_examples=50)
@given(
    st.lists(
        st.fixed_dictionaries(
            {}, optional={name: st.integers(0, MAX_COUNT) for name in TOKEN_CLASSES}
        ),
        max_size=5,
    )
)
def test_every_count_arrives_in_its_own_class(calls: list[dict[str, int]]) -> None:
    frame = read_records([row(tokens=tokens) for tokens in calls]).frame

    assert frame[list(TOKEN_CLASSES)].to_dict("records") == [
        dict.fromkeys(TOKEN_CLASSES, 0) | tokens for tokens in calls
    ]
