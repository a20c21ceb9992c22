"""Documents that are wrong are refused in words, whatever is wrong with them."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import body, cap, document, scope

from tokenops_sidecar.document import MOST_BYTES, TooLarge, parse
from tokenops_sidecar.reading import Unacceptable

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    members = dict(enumerate(value)) if isinstance(value, list) else value
    for name, inner in members.items() if isinstance(members, dict) else ():
        yield from places(inner, (*path, name))


QUOTA = {
    "id": "quota:4",
    "metric": "calls",
    "window": "5h",
    "limit": "50",
    "mode": "hard",
    "per": "person",
    "exempt": ["bot@x"],
    "raises": [{"who": "ana@x", "limit": "100", "until": "2026-11-21T00:00:00Z"}],
}
ROUTE = {"task_type": "rewrite", "complexity": "simple", "risk": "low", "tier": "economy"}
LIMITED = scope(
    "unit:support",
    caps=[cap("cap:1", "5.00"), cap("cap:2", "5.00", per="person")],
    rates={"requests_per_minute": 5, "usd_per_minute": "1.50"},
    task_limits={"steps": 40, "usd": "0.50"},
    loop={"calls": 20, "window_s": 600},
    quotas=[QUOTA],
    keep_fraction="0.5",
    probe={"id": "probe:7:3", "calls": 10, "until": "2026-11-21T00:00:00Z"},
    protected=True,
)
RICH = document(scopes=[scope("org", None), LIMITED], routes=[ROUTE | {"models": ["gpt-5"]}])


@given(st.sampled_from(list(places(RICH))[1:]), JSON)
def test_whatever_stands_anywhere_is_read_or_refused_and_nothing_else(
    place: tuple[Any, ...], value: Any
) -> None:
    changed = json.loads(json.dumps(RICH))
    inner = changed
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value

    with contextlib.suppress(Unacceptable):
        assert parse(json.dumps(changed).encode()).assign.rules is not None


@given(st.binary(max_size=60))
def test_any_bytes_are_refused_in_words(content: bytes) -> None:
    with pytest.raises(Unacceptable):
        parse(content)


def test_a_document_that_is_too_large_is_not_even_read() -> None:
    with pytest.raises(TooLarge, match="16 MB"):
        parse(b" " * (MOST_BYTES + 1))


def test_a_document_nested_without_end_is_refused() -> None:
    with pytest.raises(Unacceptable):
        parse(b"[" * 100_000)


def test_a_policy_says_what_the_document_says() -> None:
    policy = parse(body(revision=7))

    assert (policy.revision, policy.stale_after_s, policy.currency) == (7, 120, "USD")
    assert [one.id for one in policy.path({"workflow": "answers"})] == ["unit:support", "org"]
    assert [one.id for one in policy.path({})] == ["org"]
