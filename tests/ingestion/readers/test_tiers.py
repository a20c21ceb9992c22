"""A tier has one name, however a provider spells that there is none."""

from typing import Any

import pytest

from ingestion.readers.tiers import tier_of


@pytest.mark.parametrize(
    ("name", "batch", "tier"),
    [
        (None, False, "standard"),
        ("", False, "standard"),
        ("default", False, "standard"),
        ("auto", False, "standard"),
        ("Standard", False, "standard"),
        ("priority", False, "priority"),
        ("flex_discount", False, "flex_discount"),
        ("priority", True, "batch"),
    ],
)
def test_tiers_have_one_name(name: Any, batch: bool, tier: str) -> None:  # noqa: FBT001 — a column of the table
    assert tier_of(name, batch=batch) == tier
