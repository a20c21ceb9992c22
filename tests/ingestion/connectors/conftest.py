"""Fixtures of connectors: a fake provider, and one pull without a database."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingestion.connectors import web
from ingestion.connectors.kind import Ask, Kind
from ingestion.connectors.web import Web
from org.sealing import Secret
from tests.fakes.provider import KEY, FakeProvider, running_provider

Fetched = Callable[..., list[bytes]]
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture
def waits() -> list[float]:
    """Return the list of seconds that were waited for, none of them in truth."""
    return []


@pytest.fixture
def fetched(provider: FakeProvider, waits: list[float], tmp_path: Path) -> Iterator[Fetched]:
    """Return a function that fetches a kind's window and gives the pieces of its file."""
    with web.client() as client:

        def fetch(
            kind: Kind,
            *,
            starts_at: datetime = datetime(2026, 11, 18, 7, 30, tzinfo=UTC),
            ends_at: datetime = NOON,
            credential: str = KEY,
            path: str = "",
            **config: str,
        ) -> list[bytes]:
            checked = kind.checked({"address": provider.url + path, **config})
            ask = Ask(checked, Secret(credential), starts_at, ends_at, tmp_path)
            asked = Web(client, checked["address"], kind.headers(ask), waits.append, lambda: None)
            assert kind.fetch is not None
            return list(kind.fetch(ask, asked))

        yield fetch
