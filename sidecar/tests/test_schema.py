"""The JSON Schema that ships with the sidecar says what the reader does, but for references."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tokenops_sidecar import document
from tokenops_sidecar.reading import Unacceptable

ROOT = Path(__file__).parent.parent
SCHEMA = json.loads(Path(document.__file__).with_name("policy.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
VECTORS = json.loads((ROOT / "vectors" / "documents.json").read_text("utf-8"))["cases"]
# What a schema cannot say: that something named stands elsewhere, or that a day exists.
BESIDE = frozenset(
    {
        "a highest tier is one of the tiers",
        "a model's tier is one of the tiers",
        "a tier for a task is one of the tiers",
        "a line leads to a scope that is there",
        "a parent is there",
        "parents do not go round",
        "a scope is named once",
        "an instant is a day of the calendar",
        "a route leads to one of the tiers",
    }
)


def is_read(body: str) -> bool:
    try:
        document.parse(body.encode())
    except Unacceptable:
        return False
    return True


@pytest.mark.parametrize("case", VECTORS, ids=[case["why"] for case in VECTORS])
def test_what_is_read_is_valid_and_what_is_not_is_invalid(case: dict[str, Any]) -> None:
    try:
        content = json.loads(case["body"])
    except ValueError:
        content = None

    is_valid = content is not None and VALIDATOR.is_valid(content)

    assert is_valid == (is_read(case["body"]) or case["why"] in BESIDE)


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert {case["why"] for case in VECTORS} >= BESIDE
