"""The formats of FOCUS' attributes: numbers, times, key-value texts, units."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime

from tests.ingestion.focus_spec import LISTED, NUMBER, TIME, UNIT


def number_fault(text: str) -> str:
    return "" if NUMBER.fullmatch(text) else "MUST conform to NumericFormat"


def time_fault(text: str) -> str:
    if not TIME.fullmatch(text):
        return "MUST conform to DateTimeFormat"
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return "MUST conform to DateTimeFormat"
    return ""


def json_fault(text: str) -> str:
    keys: list[str] = []

    def noted(pairs: list[tuple[str, object]]) -> dict[str, object]:
        keys.extend(key for key, _ in pairs)
        return dict(pairs)

    try:
        value = json.loads(text, object_pairs_hook=noted)
    except ValueError:
        return "MUST contain a serialized JSON object"
    if not isinstance(value, dict):
        return "MUST contain a serialized JSON object"
    if any(isinstance(each, dict | list) for each in value.values()):
        return "values MUST NOT be an object or an array"
    return "keys MUST be unique" if len(keys) != len(set(keys)) else ""


FORMATS: Mapping[str, Callable[[str], str]] = {
    "String": lambda _: "",
    "Decimal": number_fault,
    "Date/Time": time_fault,
    "JSON": json_fault,
}


def is_unit(text: str) -> bool:
    words = re.findall(r"[A-Za-z]+", text)
    spelt = all(LISTED.get(word.lower(), word) == word for word in words)
    return spelt and UNIT.fullmatch(text) is not None
