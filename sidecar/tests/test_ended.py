"""Calls that end together are kept together, and none is lost at the stop."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from agents import FIVE_CENTS, agent, publish_cap, until
from fake_server import Answer, FakeServer

from tokenops_sidecar.agent import Agent
from tokenops_sidecar.reading import Invalid
from tokenops_sidecar.spool import Spool

USED = {"tokens": {"in_text": 10_000}}  # $0.02


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        publish_cap(running, "100.00")
        yield running


@pytest.fixture
def appended(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note how many records each write to the disk keeps."""
    found: list[int] = []
    append = Spool.append

    def noting(spool: Spool, records: Any) -> int:
        found.append(len(records))
        return append(spool, records)

    monkeypatch.setattr(Spool, "append", noting)
    return found


def admitted(running: Agent, calls: int) -> list[str]:
    assert running.wait_for_word(within_s=60)
    holds = [running.admit(FIVE_CENTS).hold for _ in range(calls)]
    return [hold for hold in holds if hold is not None]


def test_calls_that_end_together_are_written_once_and_each_is_counted(
    server: FakeServer, tmp_path: Path, appended: list[int]
) -> None:
    with agent(server, tmp_path) as running:
        for hold in admitted(running, 5):
            running.settle_soon(hold, USED)
        until(lambda: len(server.usage) == 5)
        until(lambda: server.bank.used_usd() == Decimal("0.10"))
    assert sum(appended) == 5
    assert len(appended) < 5


def test_a_call_has_ended_before_its_usage_is_on_the_disk(
    server: FakeServer, tmp_path: Path
) -> None:
    limits = {"rates": {"concurrency": 1}}
    publish_cap(server, "100.00", support=limits)
    with agent(server, tmp_path) as running:
        (hold,) = admitted(running, 1)
        assert running.admit(FIVE_CENTS).decision.code == "concurrency"
        running.settle_soon(hold, USED)
        assert running.admit(FIVE_CENTS).hold is not None


def test_a_stop_keeps_what_ended_just_before(server: FakeServer, tmp_path: Path) -> None:
    with agent(server, tmp_path) as running:
        (hold,) = admitted(running, 1)
        server.instead["/usage"] = lambda _: Answer(503)
        running.settle_soon(hold, USED)

    (kept,) = Spool(tmp_path / "spool").each_waiting()
    assert kept["tokens"] == USED["tokens"]


def test_a_killed_router_has_told_no_less_than_it_used(server: FakeServer, tmp_path: Path) -> None:
    with agent(server, tmp_path) as running:
        (hold,) = admitted(running, 1)
        running.settle_soon(hold, USED)
        (lease,) = json.loads((tmp_path / "leases.json").read_text())["leases"]
        assert Decimal(lease["used_usd"]) >= Decimal("0.02")


def test_a_disk_without_room_ends_the_calls_and_lets_no_more_through(
    server: FakeServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with agent(server, tmp_path, most_spool_bytes=1) as running:
        first, second = admitted(running, 2)
        running.settle_soon(first, USED)
        running.settle_soon(second, USED)
        until(lambda: running.decide(FIVE_CENTS).code == "usage_not_kept")
        until(lambda: server.bank.used_usd() == Decimal("0.04"))
    assert "Usage of 2 calls is not kept" in caplog.text


def test_what_is_no_usage_record_is_refused_and_the_call_goes_on(
    server: FakeServer, tmp_path: Path
) -> None:
    with agent(server, tmp_path) as running:
        (hold,) = admitted(running, 1)
        with pytest.raises(Invalid):
            running.settle_soon(hold, {"tokens": {"in_text": -1}})
        running.settle_soon(hold, USED)
        until(lambda: len(server.usage) == 1)
