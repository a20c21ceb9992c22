"""`manage.py ingest`: one JSON line says what became of the file."""

import json
from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from ingestion.management.commands import ingest
from ingestion.models import ColumnMap, Delivery
from ingestion.operations.column_maps import save_column_map
from tests.ingestion.workbooks import written
from tests.org_cast import Cast

ROWS = "T,I,O\n2026-11-19 10:00:00,1000,100\n"
OPTIONS = ["--source", "csv", "--map", "started_at=T", "--map", "in_text=I", "--map", "out_text=O"]
FIXED = ["--set", "provider=openai", "--set", "model=gpt-4o"]


@pytest.fixture(autouse=True)
def _nobody_answers_the_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "_PATIENCE_SECONDS", 0.0)


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "trace.csv"
    path.write_text(ROWS)
    return path


def hand_in(*arguments: str) -> dict[str, object]:
    out = StringIO()
    call_command("ingest", *arguments, "--wait", stdout=out)
    answer: dict[str, object] = json.loads(out.getvalue())
    return answer


def test_a_file_is_loaded_and_its_counts_are_told(cast: Cast, trace: Path) -> None:
    answer = hand_in(str(trace), *OPTIONS, *FIXED)

    del answer["delivery"]
    assert answer == {
        "rows": 1,
        "loaded": 1,
        "duplicate": 0,
        "conflict": 0,
        "rejected": 0,
        "unpriced": 0,
        "usd": "0.003500000000",
        "state": "done",
        "reason": "",
    }


def test_a_sheet_of_a_workbook_is_named_among_the_set_values(cast: Cast, tmp_path: Path) -> None:
    rows: list[list[object]] = [["T", "I", "O"], ["2026-11-19 10:00:00", 1000, 100]]
    path = tmp_path / "trace.xlsx"
    path.write_bytes(written({"November": rows, "Notes": [["x"]]}))

    answer = hand_in(str(path), *OPTIONS, *FIXED, "--set", "sheet=November")

    assert (answer["loaded"], answer["usd"]) == (1, "0.003500000000")
    with pytest.raises(CommandError, match="The workbook has several sheets"):
        hand_in(str(path), *OPTIONS, *FIXED)


@pytest.fixture
def saved_map(cast: Cast, at: datetime) -> ColumnMap:
    return save_column_map(
        name="Azure trace",
        source="csv",
        columns=["T", "I", "O"],
        column_map={"started_at": "T", "in_text": "I", "out_text": "O"},
        fixed_values={"provider": "openai", "model": "gpt-4o"},
        by=cast.fiona,
        at=at,
    )


def test_a_saved_map_says_what_the_file_is(saved_map: ColumnMap, trace: Path) -> None:
    answer = hand_in(str(trace), "--saved", "azure TRACE")

    assert (answer["loaded"], answer["usd"]) == (1, "0.003500000000")
    assert Delivery.objects.get().source == "csv"


def test_what_is_given_stands_over_the_saved_map(saved_map: ColumnMap, trace: Path) -> None:
    hand_in(str(trace), "--saved", "Azure trace", "--map", "model=T", "--set", "out_text=0")

    delivery = Delivery.objects.get()
    assert delivery.column_map == {"started_at": "T", "in_text": "I", "model": "T"}
    assert delivery.fixed_values == {"provider": "openai", "out_text": "0"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Say what the file is: by a source, or by a saved map."),
        (["--saved", "nope"], "There is no saved map 'nope'. There are: Azure trace."),
        (["--saved", "Azure trace", "--source", "json"], "is for the source csv"),
        (["--source", "tokenops", "--map", "model=M"], "tokenops takes no map"),
        (["--source", "vllm", "--sheet", "May"], "vllm takes no value for sheet"),
    ],
)
def test_a_map_that_is_not_there_is_refused_with_those_that_are(
    saved_map: ColumnMap, trace: Path, arguments: list[str], sentence: str
) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("ingest", str(trace), *arguments, stdout=StringIO())


def test_the_same_file_again_costs_nothing_in_plain_digits(cast: Cast, trace: Path) -> None:
    hand_in(str(trace), *OPTIONS, *FIXED)

    again = hand_in(str(trace), *OPTIONS, *FIXED)

    assert (again["loaded"], again["duplicate"], again["usd"]) == (0, 1, "0.000000000000")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere.csv", "--source", "csv"], "nowhere.csv cannot be read: No such file"),
        (["{trace}", "--source", "cvs"], "There is no source 'cvs'"),
        (["{trace}", "--source", "csv", "--map", "started_at"], "write it as field=value"),
        (["{trace}", "--source", "csv", "--user", "nobody"], "There is no user nobody"),
        (["{trace}", "--source", "tokenops"], "failed"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(
    cast: Cast, trace: Path, arguments: list[str], sentence: str
) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command(
            "ingest", *[a.format(trace=trace) for a in arguments], "--wait", stdout=StringIO()
        )
