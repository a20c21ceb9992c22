"""Fixtures of operations: a provider, and workers that pull and load here and now."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from ingestion.operations.fetching import pull_next
from ingestion.operations.pulls import open_due_pulls, settle_loaded
from ingestion.operations.work import do_next
from tests.fakes.provider import FakeProvider, running_provider


@dataclass
class Beat:
    """The time of the test, and what beat and the workers do at it."""

    now: datetime
    waits: list[float] = field(default_factory=list)

    def clock(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += timedelta(seconds=seconds)

    def pull(self) -> int:
        """Carry out every pull that waits, and return how many."""
        pulled = 0
        while pull_next(clock=self.clock, sleep=self.sleep):
            pulled += 1
        return pulled

    def load(self) -> None:
        while do_next(at=self.now):
            pass
        settle_loaded(at=self.now)

    def turn(self, later: timedelta = timedelta()) -> int:
        """Let time pass, and everything happen that is due then."""
        self.now += later
        open_due_pulls(at=self.now)
        pulled = self.pull()
        self.load()
        return pulled


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture
def beat(at: datetime) -> Beat:
    return Beat(at)
