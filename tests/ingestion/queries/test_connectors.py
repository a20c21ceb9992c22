"""How a connector stands, at every moment of its life."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ingestion.models import Connector
from ingestion.queries.connectors import Standing, span, standing_of

MADE = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def connector(**values: Any) -> Connector:
    plain = {"created_at": MADE, "next_run_at": MADE, "interval_minutes": 24 * 60}
    return Connector(**(plain | values))


@pytest.mark.parametrize(
    ("values", "later", "expected"),
    [
        ({}, HOUR, Standing("New", "info", "Not pulled yet.")),
        (
            {},
            HOUR + MINUTE,
            Standing("Late", "warn", "Never pulled, though due for 1 hour."),
        ),
        ({"last_good_at": MADE}, 25 * HOUR, Standing("OK", "ok", "Pulled 1 day ago.")),
        (
            {"last_good_at": MADE},
            25 * HOUR + MINUTE,
            Standing("Late", "warn", "Last good 1 day ago; it was due 1 hour ago."),
        ),
        (
            {"last_good_at": MADE, "failures": 1, "failing_since": MADE + DAY},
            DAY + 2 * MINUTE,
            Standing("Failed", "danger", "Failed once, for 2 minutes now."),
        ),
        (
            {"failures": 7, "failing_since": MADE, "paused_at": MADE + DAY},
            4 * DAY,
            Standing("Paused", "neutral", "Paused for 3 days."),
        ),
    ],
)
def test_a_connector_stands_as_its_moments_say(
    values: dict[str, Any], later: timedelta, expected: Standing
) -> None:
    assert standing_of(connector(**values), at=MADE + later) == expected


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=-5), "less than a minute"),
        (timedelta(seconds=59), "less than a minute"),
        (MINUTE, "1 minute"),
        (119 * MINUTE, "1 hour"),
        (49 * HOUR, "2 days"),
    ],
)
def test_a_length_is_said_by_its_largest_unit(length: timedelta, words: str) -> None:
    assert span(length) == words
