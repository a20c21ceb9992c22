"""What a router is told of that serves some scopes alone."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from policy.subset import subset

PARENTS = {
    "org": None,
    "unit:acme": "org",
    "unit:support": "unit:acme",
    "unit:claims": "unit:acme",
    "initiative:drafter": "unit:support",
    "initiative:intake": "unit:claims",
}
RULES = [
    {"when": {"workflow": "drafter"}, "scope": "initiative:drafter"},
    {"when": {"workflow": "intake"}, "scope": "initiative:intake"},
    {"when": {"key": "claims"}, "scope": "unit:claims"},
    {"when": {"key": "support"}, "scope": "unit:support"},
    {"when": {}, "scope": "org"},
]
DOCUMENT: dict[str, Any] = {
    "currency": "USD",
    "scopes": [{"id": id_, "parent": parent} for id_, parent in PARENTS.items()],
    "assign": RULES,
}


def kept(*serves: str) -> list[str]:
    return [scope["id"] for scope in subset(DOCUMENT, serves=serves)["scopes"]]


def test_a_scope_brings_all_above_and_all_beneath_it() -> None:
    assert kept("unit:support") == ["org", "unit:acme", "unit:support", "initiative:drafter"]
    assert kept("initiative:intake") == ["org", "unit:acme", "unit:claims", "initiative:intake"]


def test_only_what_leads_there_and_the_last_line_stay() -> None:
    assert subset(DOCUMENT, serves=["unit:support"])["assign"] == [RULES[0], RULES[3], RULES[4]]


def test_everything_else_stays_as_it_is() -> None:
    assert subset(DOCUMENT, serves=["unit:support"])["currency"] == "USD"


def test_a_scope_that_is_gone_is_passed_over() -> None:
    assert kept("unit:gone") == ["org"]
    assert kept("unit:gone", "unit:claims") == kept("unit:claims")


def test_the_organisation_is_the_whole() -> None:
    assert subset(DOCUMENT, serves=["org"]) == DOCUMENT


@given(st.sets(st.sampled_from(list(PARENTS)), min_size=1))
def test_every_scope_finds_its_parent_and_every_line_its_scope(serves: set[str]) -> None:
    part = subset(DOCUMENT, serves=serves)

    ids = {scope["id"] for scope in part["scopes"]}
    assert serves <= ids
    assert all(scope["parent"] is None or scope["parent"] in ids for scope in part["scopes"])
    assert all(rule["scope"] in ids for rule in part["assign"])
