"""Any CSV or NDJSON is read by the columns or paths its sender names."""

from pathlib import Path

import pandas as pd
import pytest

from ingestion.readers.contract import Options, Refused
from tests.ingestion.readers.reading import read_text, read_usage, said, shown
from tests.shared_data import shared_data

TRACE = Options(
    map={"started_at": "TIMESTAMP", "in_text": "ContextTokens", "out_text": "GeneratedTokens"},
    set={"provider": "azure", "model": "gpt-4o"},
)
HEADER = "TIMESTAMP,ContextTokens,GeneratedTokens"


def test_mapped_columns_and_set_values_make_rows(tmp_path: Path) -> None:
    text = f"{HEADER}\r\n2023-11-16 18:17:03.9799600,4808,10\r\n2023-11-16 18:17:04,0,\r\n"

    batch = read_text("csv", text, tmp_path, TRACE)

    columns = "line", "started_at", "provider", "model", "in_text", "out_text", "requests"
    assert shown(batch, *columns) == [
        (2, pd.Timestamp("2023-11-16T18:17:03.979960Z"), "azure", "gpt-4o", 4808, 10, 1),
        (3, pd.Timestamp("2023-11-16T18:17:04Z"), "azure", "gpt-4o", 0, 0, 1),
    ]
    assert batch.problems == []


def test_a_recorded_hour_of_a_production_service_has_no_problem() -> None:
    batch = read_usage(
        "csv", shared_data("azure-llm-traces/AzureLLMInferenceTrace_code.csv"), TRACE
    )

    assert (batch.rows, len(batch.frame), batch.problems) == (8819, 8819, [])
    assert batch.frame["line"].tolist() == list(range(2, 8821))
    assert batch.frame["started_at"].iloc[0] == pd.Timestamp("2023-11-16T18:17:03.979960Z")
    assert batch.frame["started_at"].iloc[-1] == pd.Timestamp("2023-11-16T19:14:19.928016Z")


def test_a_row_that_cannot_be_used_is_named_and_the_rest_loads(tmp_path: Path) -> None:
    text = (
        f"{HEADER}\n"
        "2023-11-16 18:17:03,1e3,1\n"
        "16.11.2023,5,1\n"
        "2023-11-16 18:17:03,5\n"
        "\n"
        "2023-11-16 18:17:03,5,1,9\n"
        "2023-11-16 18:17:03,5,1\n"
    )

    batch = read_text("csv", text, tmp_path, TRACE)

    assert said(batch) == [
        (2, "in_text", "'1e3' in the column ContextTokens is not a whole number"),
        (
            3,
            "started_at",
            "'16.11.2023' in the column TIMESTAMP is not a time between 2000 and 2099",
        ),
        (4, "", "The row has 2 cells where the header has 3."),
        (6, "", "The row has 4 cells where the header has 3."),
    ]
    assert [problem.raw for problem in batch.problems][2] == "2023-11-16 18:17:03,5"
    assert shown(batch, "line", "in_text") == [(7, 5)]
    assert batch.rows == 5


def test_a_row_that_is_not_utf8_is_named_and_the_rest_loads(tmp_path: Path) -> None:
    text = f"{HEADER}\n".encode() + b"2023-11-16,\xff,1\n2023-11-16,5,\x00\n2023-11-16,5,1\n"

    batch = read_text("csv", text, tmp_path, TRACE)

    assert said(batch) == [
        (2, "", "The row is not UTF-8: its byte 12 is 0xff."),
        (3, "", "Byte 14 of the row is zero."),
    ]
    assert shown(batch, "line", "in_text") == [(4, 5)]


def test_a_stray_quotation_mark_harms_no_other_row(tmp_path: Path) -> None:
    text = f'{HEADER},note\n2023-11-16,1,1,5" disk\n2023-11-16,2,1,"a\n""b"""\n2023-11-16,3,1,x\n'

    batch = read_text("csv", text, tmp_path, TRACE)

    assert shown(batch, "line", "in_text") == [(2, 1), (3, 2), (5, 3)]
    assert batch.problems == []


def test_a_quotation_mark_that_closes_too_early_harms_only_its_row(tmp_path: Path) -> None:
    text = f'{HEADER},note\n2023-11-16,1,1,"a" b"\n2023-11-16,2,1,x\n2023-11-16,3,1,"y"\n'

    batch = read_text("csv", text, tmp_path, TRACE)

    assert batch.rows == len(batch.frame) + len(batch.problems)
    assert (4, 3) in shown(batch, "line", "in_text")


def test_extra_columns_are_left_alone_and_order_does_not_matter(tmp_path: Path) -> None:
    text = "extra;GeneratedTokens;TIMESTAMP;ContextTokens\nx;7;2023-11-16;5\n"

    batch = read_text("csv", text, tmp_path, TRACE)

    assert shown(batch, "in_text", "out_text") == [(5, 7)]


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    batch = read_text("csv", f"\ufeff{HEADER}\n2023-11-16,5,7\n", tmp_path, TRACE)

    assert shown(batch, "line", "in_text", "out_text") == [(2, 5, 7)]


@pytest.mark.parametrize("target_bytes", [1, 40, 100, 10_000])
def test_lines_are_the_files_own_wherever_it_is_cut(tmp_path: Path, target_bytes: int) -> None:
    path = tmp_path / "delivered"
    rows = [f'2023-11-16,{row},1,"a\n,{row}"\n\n' for row in range(30)]
    path.write_text(f"{HEADER},note\n" + "".join(rows))

    batch = read_usage("csv", path, TRACE, target_bytes=target_bytes)

    assert shown(batch, "line", "in_text") == [(2 + 3 * row, row) for row in range(30)]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (
            Options(map={**TRACE.map, "out_text": "Made"}, set=TRACE.set),
            "The file has no column 'Made'. Its columns are: TIMESTAMP, ContextTokens,",
        ),
        (Options(map={**TRACE.map, "input": "X"}, set=TRACE.set), "There is no field 'input'."),
        (Options(map=TRACE.map, set={"provider": "azure"}), "Nothing gives model."),
        (
            Options(map=TRACE.map, set={**TRACE.set, "in_text": "1"}),
            "in_text is both mapped and set; choose one.",
        ),
        (
            Options(map=TRACE.map, set={**TRACE.set, "requests": "many"}),
            "The value set for requests cannot be used: 'many' is not a whole number.",
        ),
    ],
)
def test_options_that_cannot_serve_refuse_the_delivery(
    tmp_path: Path, options: Options, reason: str
) -> None:
    with pytest.raises(Refused) as refusal:
        read_text("csv", f"{HEADER}\n2023-11-16,5,7\n", tmp_path, options)

    assert refusal.value.detail.startswith(reason)


def test_a_mapped_column_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="'ContextTokens' stands twice in the header"):
        read_text("csv", f"{HEADER},ContextTokens\n2023-11-16,5,7,9\n", tmp_path, TRACE)


def test_a_doubled_column_that_nobody_maps_is_left_alone(tmp_path: Path) -> None:
    batch = read_text("csv", f"{HEADER},x,x\n2023-11-16,5,7,1,2\n", tmp_path, TRACE)

    assert batch.rows == 1


def test_single_tags_and_aliases_can_be_mapped(tmp_path: Path) -> None:
    options = Options(
        map={"tags.team": "Team", "user": "Who", "id": "Id", "counters.pages": "Pages"},
        set={"started_at": "2026-01-01", "provider": "openai", "model": "gpt-5", "tags": '{"a":1}'},
    )

    batch = read_text("csv", "Team,Who,Id,Pages\ncx,ana,1,3\n,bo,2,\n", tmp_path, options)

    assert shown(batch, "native_id", "person", "tags", "counters") == [
        ("1", "ana", '{"a":"1","team":"cx"}', '{"pages":3}'),
        ("2", "bo", '{"a":"1"}', ""),
    ]


def test_json_is_mapped_by_dotted_paths(tmp_path: Path) -> None:
    options = Options(
        map={"started_at": "at", "model": "call.model", "in_text": "call.usage.input"},
        set={"provider": "own"},
    )
    text = (
        '[{"at": 1772439330, "call": {"model": "m", "usage": {"input": 10.0}}},\n'
        ' {"at": 1772439331.5, "call": {"model": "m", "usage": {"input": 1.5}}},\n'
        ' {"at": "2026-03-02", "call": {"model": "m"}},\n'
        ' {"at": "2026-03-02", "call": null}]'
    )

    batch = read_text("json", text, tmp_path, options)

    assert shown(batch, "line", "model", "in_text") == [(1, "m", 10), (3, "m", 0)]
    assert said(batch) == [
        (2, "in_text", "'1.5' in the column call.usage.input is not a whole number"),
        (4, "model", "is missing"),
    ]


@pytest.mark.parametrize(("source", "text"), [("csv", '{"a": 1}\n'), ("json", "a,b\n1,2\n")])
def test_the_other_form_is_refused(tmp_path: Path, source: str, text: str) -> None:
    options = Options(set={"started_at": "2026-01-01", "provider": "p", "model": "m"})

    with pytest.raises(Refused, match="This is not"):
        read_text(source, text, tmp_path, options)
