"""Material change: what ends a pass, and what does not."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from finops.gates.changes import Configuration, material_changes, new_people, token_drift

THEN = Configuration(
    cap_usd=Decimal("6000.00"),
    daily_cap_usd=Decimal("45.00"),
    match=["workflow=support-drafter"],
    models=["anthropic/claude-sonnet-4-6"],
    median_tokens=Decimal(2500),
)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"cap_usd": Decimal("6000.01")},
            "The cap was raised from $6,000.00 to $6,000.01.",
        ),
        (
            {"daily_cap_usd": Decimal("60.00")},
            "The daily cap was raised from $45.00 to $60.00.",
        ),
        ({"match": ["workflow=other"]}, "The conditions that tell its calls changed."),
        (
            {"models": ["anthropic/claude-sonnet-4-6", "openai/gpt-5.5"]},
            "It calls openai/gpt-5.5 now, which it did not before.",
        ),
        (
            {"median_tokens": Decimal(3001)},
            "The median task takes 3,001 tokens instead of 2,500: +20.0%, where 20% is the most.",
        ),
        (
            {"median_tokens": Decimal(1999)},
            "The median task takes 1,999 tokens instead of 2,500: -20.0%, where 20% is the most.",
        ),
    ],
)
def test_a_material_change_is_told_in_a_sentence(change: dict[str, Any], sentence: str) -> None:
    assert material_changes(THEN, replace(THEN, **change)) == [sentence]


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"cap_usd": Decimal("5000.00"), "daily_cap_usd": Decimal("40.00")},
        {"models": []},
        {"median_tokens": Decimal(3000)},
        {"median_tokens": Decimal(2000)},
        {"median_tokens": None},
    ],
)
def test_what_lowers_or_is_unknown_or_small_is_no_material_change(change: dict[str, Any]) -> None:
    assert material_changes(THEN, replace(THEN, **change)) == []


def test_where_nothing_was_called_no_model_is_told_as_new() -> None:
    assert material_changes(replace(THEN, models=[]), THEN) == []


def test_all_changes_are_told_at_once() -> None:
    now = replace(THEN, cap_usd=Decimal(7000), models=["a/b"], median_tokens=Decimal(5000))

    assert len(material_changes(THEN, now)) == 3


def test_a_drift_needs_both_sides() -> None:
    assert token_drift(Decimal(2500), Decimal(3000)) == Decimal("0.2")
    assert token_drift(None, Decimal(3000)) is None
    assert token_drift(Decimal(0), Decimal(3000)) is None


@pytest.mark.parametrize(
    ("people", "before", "new", "share"),
    [
        (100, 80, 25, None),
        (100, 80, 26, "26.0%"),
        (4, 0, 4, None),
        (0, 5, 0, None),
        (1, 9, 1, "100.0%"),
    ],
)
def test_more_than_a_quarter_of_new_people_is_material(
    people: int, before: int, new: int, share: str | None
) -> None:
    said = new_people(people=people, before=before, new=new)

    assert said is None if share is None else said is not None and share in said


def test_new_people_are_told_in_a_sentence() -> None:
    assert new_people(people=1200, before=800, new=400) == (
        "400 of the 1,200 people who use it did not before: 33.3%, where 25% is the most."
    )
