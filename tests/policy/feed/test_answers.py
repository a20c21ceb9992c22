"""Comparing ETags, and asking to come again."""

import pytest

from policy.feed.answers import busy, is_known


@pytest.mark.parametrize("header", ['"a"', 'W/"a"', '"b", "a"', '"b",W/"a"', "*", ' "a" '])
def test_an_etag_that_is_named_is_known(header: str) -> None:
    assert is_known(header, '"a"')


@pytest.mark.parametrize("header", ["", '"b"', "a", '"ab"', '"b", *'])
def test_an_etag_that_is_not_named_is_not_known(header: str) -> None:
    assert not is_known(header, '"a"')


def test_those_sent_away_come_back_at_different_times() -> None:
    pauses = {busy("Busy.").headers["retry-after"] for _ in range(200)}

    assert pauses == {"1", "2", "3", "4", "5"}
