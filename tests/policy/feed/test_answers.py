"""Comparing ETags, asking to come again, and what is a pull."""

import pytest

from policy.feed.answers import busy, is_known
from policy.feed.asked import PATH, is_pull


@pytest.mark.parametrize("header", ['"a"', 'W/"a"', '"b", "a"', '"b",W/"a"', "*", ' "a" '])
def test_an_etag_that_is_named_is_known(header: str) -> None:
    assert is_known(header, '"a"')


@pytest.mark.parametrize("header", ["", '"b"', "a", '"ab"', '"b", *'])
def test_an_etag_that_is_not_named_is_not_known(header: str) -> None:
    assert not is_known(header, '"a"')


def test_those_sent_away_come_back_at_different_times() -> None:
    pauses = {busy("Busy.").headers["retry-after"] for _ in range(200)}

    assert pauses == {"1", "2", "3", "4", "5"}


def test_a_pull_in_another_format_is_djangos() -> None:
    pull = {"type": "http", "path": PATH, "headers": [(b"authorization", b"Bearer tok_x")]}

    assert is_pull(pull | {"query_string": b"sidecar=eu&wait=30"})
    assert not is_pull(pull | {"query_string": b"format=litellm"})
    assert not is_pull(pull | {"query_string": b"sidecar=eu&%66ormat=litellm"})
    assert is_pull(pull | {"query_string": b"sidecar=information%20desk"})
