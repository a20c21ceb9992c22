"""From one JSON array, or a JSON object that holds one, to rows of text."""

import datetime as dt
import json
import re
import secrets
from decimal import Decimal
from pathlib import Path

import ijson

from ingestion.framing.records import Refused
from ingestion.framing.unpack import BLOCK_BYTES

# Deeper than any record; and what ijson keeps of a place grows with the square of its depth.
MAX_DEPTH = 100
# Numbers are wrapped in this while the rest of a row is encoded, and bared afterwards:
# the only way to hand json a number's own text.
MARK = secrets.token_hex(8)
# A number of so many digits that Python refuses it, at which ijson ends the process.
ENDLESS_NUMBER = re.compile(rb"(?:^|[-\[:,\s])\d{4001}")
OVERLAP_BYTES = 4_200
DEPTHS = {"start_map": 1, "start_array": 1, "end_map": -1, "end_array": -1}


def check_nesting(path: Path) -> None:
    """Raise Refused for JSON that is nested too deeply, or has a number without end.

    Other faults are found again, with their row, when the rows are written.
    """
    if _has_endless_number(path):
        raise Refused("The JSON has a number of more than 4,000 digits.")
    depth = 0
    with path.open("rb") as file:
        try:
            for event, _ in ijson.basic_parse(file, multiple_values=True, use_float=False):
                depth += DEPTHS.get(event, 0)
                if depth > MAX_DEPTH:
                    raise Refused(f"The JSON is nested more than {MAX_DEPTH} deep.")
        except (ijson.JSONError, UnicodeDecodeError):
            return


def _has_endless_number(path: Path) -> bool:
    tail = b""
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            if ENDLESS_NUMBER.search(tail + block):
                return True
            tail = (tail + block)[-OVERLAP_BYTES:]
    return False


def holds_rows(path: Path, rows_path: str) -> bool:
    """Test whether the file is an object with an array at the dotted path."""
    if _has_endless_number(path):
        return False
    names, place = rows_path.split("."), list[str]()
    with path.open("rb") as file:
        try:
            for event, value in ijson.basic_parse(file, multiple_values=True, use_float=False):
                if event == "start_array" and place == names:
                    return True
                _move(place, event, value)
                if not place or len(place) > MAX_DEPTH:
                    return False
        except (ijson.JSONError, UnicodeDecodeError):
            return False
    return False


def _move(place: list[str], event: str, value: object) -> None:
    """Follow the path of a place; inside a list its last name is no name at all."""
    if event == "map_key":
        place[-1] = str(value)
    elif event.startswith("start_"):
        place.append("")
    elif event.startswith("end_"):
        place.pop()


def json_to_ndjson(path: Path, target: Path, *, prefix: str) -> None:
    """Write every value found at the prefix on a line of its own, numbers as they stood.

    The prefix is ijson's: 'item' for an array, 'data.item' for one inside an object, ''
    for objects that follow one another.
    """
    written = 0
    with path.open("rb") as file, target.open("wb") as rows:
        values = ijson.items(file, prefix, multiple_values=not prefix, use_float=False)
        try:
            for value in values:
                rows.write(line_of(value))
                written += 1
        except (ijson.JSONError, UnicodeDecodeError) as error:
            sentence = " ".join(str(error).split())
            raise Refused(f"The JSON breaks off after row {written}: {sentence}.") from error


def line_of(value: object) -> bytes:
    text = json.dumps(value, default=_plain, separators=(",", ":"))
    if MARK in text:
        text = text.replace(f'"{MARK}', "").replace(f'{MARK}"', "")
    return text.encode() + b"\n"


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{MARK}{value}{MARK}"
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    raise Refused(f"A value of the type {type(value).__name__} cannot be read as text.")
