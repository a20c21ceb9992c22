"""Pauses grow, are spread, and are never longer than makes sense."""

from collections.abc import Mapping
from datetime import timedelta
from email.utils import format_datetime

import pytest

from tokenops_sidecar.client import retry_after_s
from tokenops_sidecar.clock import wall
from tokenops_sidecar.pace import Pace

PACE = Pace(first_pause_s=1, longest_pause_s=60)


@pytest.mark.parametrize(("failures", "least", "most"), [(1, 0.5, 1), (3, 2, 4), (1000, 30, 60)])
def test_every_failure_in_a_row_doubles_the_pause_up_to_a_bound(
    failures: int, least: float, most: float
) -> None:
    pauses = [PACE.backoff_s(failures) for _ in range(200)]

    assert least <= min(pauses) < max(pauses) <= most


def test_the_server_is_not_asked_before_it_said_nor_in_the_very_second_nor_in_a_year() -> None:
    pauses = [PACE.backoff_s(1, retry_after_s=10) for _ in range(200)]

    assert 10 <= min(pauses) < max(pauses) <= 12
    assert PACE.backoff_s(1, retry_after_s=31_536_000) <= 360


@pytest.mark.parametrize("headers", [{}, {"retry-after": "soon"}, {"retry-after": "-5"}])
def test_a_retry_after_that_says_nothing_asks_for_nothing(headers: Mapping[str, str]) -> None:
    assert retry_after_s(headers) == 0


def test_a_retry_after_may_be_seconds_or_an_instant() -> None:
    later = format_datetime(wall() + timedelta(seconds=100))

    assert retry_after_s({"retry-after": "7"}) == 7
    assert 90 < retry_after_s({"retry-after": later}) <= 100
