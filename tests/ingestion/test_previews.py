"""Previews: a first look into a file, and what its columns probably mean."""

import gzip
from pathlib import Path

import pytest

from ingestion.framing import Refused
from ingestion.previews import guesses, look_into


def written(folder: Path, content: bytes) -> Path:
    path = folder / "received"
    path.write_bytes(content)
    return path


def test_a_csv_shows_its_columns_and_ten_rows(tmp_path: Path) -> None:
    rows = "".join(f'{n};"a;{n}"\n' for n in range(12))

    sample = look_into(written(tmp_path, f"id;text\n{rows}".encode()))

    assert (sample.shape, sample.columns) == ("csv", ("id", "text"))
    assert len(sample.rows) == 10
    assert sample.rows[1] == ("1", "a;1")


def test_a_packed_file_is_looked_into(tmp_path: Path) -> None:
    sample = look_into(written(tmp_path, gzip.compress(b"a,b\n1,2\n")))

    assert (sample.columns, sample.rows) == (("a", "b"), (("1", "2"),))


def test_json_is_shown_by_its_paths(tmp_path: Path) -> None:
    lines = b'{"id":"r1","usage":{"in":3}}\n{"id":"r2","usage":{"in":4,"out":null}}\n'

    sample = look_into(written(tmp_path, lines))

    assert sample.columns == ("id", "usage.in", "usage.out")
    assert sample.rows == (("r1", "3", ""), ("r2", "4", ""))


@pytest.mark.parametrize(
    ("head", "source"),
    [
        (b"id,started_at,provider,model,in_text\n", "tokenops"),
        (b"request_id,startTime,prompt_tokens,model\n", "litellm"),
        (b"TIMESTAMP,ContextTokens\n", None),
    ],
)
def test_a_file_is_known_by_its_marks(tmp_path: Path, head: bytes, source: str | None) -> None:
    found = look_into(written(tmp_path, head + b"1,2,3,4,5\n")).source

    assert (found.name if found else None) == source


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="The file is empty"):
        look_into(written(tmp_path, b""))


def test_columns_are_guessed_by_what_exports_call_them() -> None:
    columns = ["TIMESTAMP", "ContextTokens", "Generated Tokens", "user_email", "colour", "model"]

    assert guesses(columns) == {
        "started_at": "TIMESTAMP",
        "in_text": "ContextTokens",
        "out_text": "Generated Tokens",
        "user": "user_email",
        "model": "model",
    }


def test_the_first_of_two_columns_of_one_name_is_guessed() -> None:
    assert guesses(["model", "Model"])["model"] == "model"
