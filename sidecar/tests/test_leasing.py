"""Money is leased before it is spent, and everything that was leased is accounted for."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from agents import CAP, FIVE_CENTS, agent, publish_cap, until
from fake_server import Answer, FakeServer

from tokenops_sidecar.agent import Agent

CHEAPER = {**FIVE_CENTS, "in_tokens": 1_000, "max_out_tokens": 800}  # $0.01
# What a call of five cents really used: $0.02 + $0.01.
THREE_CENTS = {"tokens": {"in_text": 10_000, "out_text": 1_000}}


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        publish_cap(running, "1.00")
        yield running


def admitted(running: Agent) -> str:
    hold = running.admit(FIVE_CENTS).hold
    assert hold is not None
    return hold


def test_a_call_waits_for_its_lease_and_what_it_used_is_told_and_given_back(
    server: FakeServer, tmp_path: Path
) -> None:
    with agent(server, tmp_path) as running:
        assert running.wait_for_word(within_s=30)
        peeked = running.decide(FIVE_CENTS)
        assert (peeked.outcome, peeked.code) == ("queue", "lease")

        hold = admitted(running)
        running.settle(hold, {"id": "call-1", **THREE_CENTS})

        assert running.metrics.of("waits", outcome="allow") == 1
        until(lambda: server.bank.used_usd() == Decimal("0.03"))
    (lease,) = server.bank.leases
    kept = server.usage["call-1"]
    assert (kept["lease"], kept["model"], kept["workflow"]) == (lease, "gpt-5", "answers")
    assert server.bank.is_settled()
    assert server.bank.money[CAP] == Decimal("0.97")


def test_a_hundred_threads_are_let_through_for_no_more_than_there_is(
    server: FakeServer, tmp_path: Path
) -> None:
    server.bank.most_usd = Decimal("0.30")  # so that several leases are needed
    with agent(server, tmp_path) as running, ThreadPoolExecutor(100) as pool:
        assert running.wait_for_word(within_s=30)
        found = list(pool.map(lambda _: running.admit(FIVE_CENTS), range(200)))

        holds = [one.hold for one in found if one.hold is not None]
        refused = {one.decision.code for one in found if one.hold is None}
        assert (len(holds), refused) == (20, {"cap_day"})
        for hold in holds:
            running.settle(hold, {"cost_usd": "0.05"})
    assert server.bank.used_usd() == Decimal("1.00")
    assert server.bank.money[CAP] == 0


def test_a_refusal_names_the_cap_and_holds_until_it_resets(
    server: FakeServer, tmp_path: Path
) -> None:
    server.bank.money[CAP] = Decimal(0)
    server.bank.resets = timedelta(seconds=3)
    with agent(server, tmp_path) as running:
        assert running.wait_for_word(within_s=30)
        refused = running.admit(FIVE_CENTS).decision
        assert (refused.outcome, refused.code, refused.cap) == ("refuse", "cap_day", CAP)
        assert refused.text == "Nothing is left of cap:1."
        assert refused.until is not None
        body, headers = running.refusal(refused)
        assert body["error"]["scope_name"] == "unit:support"
        assert headers["x-should-retry"] == "false"
        asked = server.asked["/leases"]
        assert running.admit(FIVE_CENTS).hold is None
        assert server.asked["/leases"] == asked

        server.bank.money[CAP] = Decimal(1)
        until(lambda: running.admit(FIVE_CENTS).hold is not None)


def test_another_revision_is_reason_to_ask_again(server: FakeServer, tmp_path: Path) -> None:
    server.bank.money[CAP] = Decimal(0)
    with agent(server, tmp_path) as running:
        assert running.wait_for_word(within_s=30)
        assert running.admit(FIVE_CENTS).hold is None

        publish_cap(server, "2.00", revision=2)
        until(lambda: running.standing.revision == 2)

        assert running.admit(FIVE_CENTS).hold is not None


def test_what_was_refused_to_a_dear_call_is_asked_for_a_cheap_one(
    server: FakeServer, tmp_path: Path
) -> None:
    server.bank.money[CAP] = Decimal("0.02")
    with agent(server, tmp_path) as running:
        assert running.wait_for_word(within_s=30)
        assert running.admit(FIVE_CENTS).hold is None

        assert running.admit(CHEAPER).hold is not None


def test_a_lost_answer_is_not_taken_for_a_grant_and_asked_for_by_its_key(
    server: FakeServer, tmp_path: Path
) -> None:
    server.lost["/leases"] = 1
    with agent(server, tmp_path) as running:
        assert running.wait_for_word(within_s=30)

        admitted(running)

        assert running.metrics.of("lease_asks", result="unavailable") == 1
        assert running.metrics.of("lease_asks", result="granted") == 1
    assert len(server.bank.leases) == 1


def test_settlements_whose_answers_get_lost_count_once(server: FakeServer, tmp_path: Path) -> None:
    with agent(server, tmp_path) as running:
        assert running.wait_for_word(within_s=30)
        first, second = admitted(running), admitted(running)
        (lease,) = server.bank.leases
        path = f"/leases/{lease}/settle"
        server.lost[path] = 2

        running.settle(first, {"cost_usd": "0.03"})
        until(lambda: server.lost[path] == 0)
        running.settle(second, {"cost_usd": "0.04"})
    assert server.bank.used_usd() == Decimal("0.07")
    assert server.bank.money[CAP] == Decimal("0.93")


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_server_whose_clock_is_an_hour_off_lends_for_as_long_as_it_meant(
    server: FakeServer, tmp_path: Path, ahead: timedelta
) -> None:
    server.bank.ahead, server.bank.lasts = ahead, timedelta(seconds=7)
    with agent(server, tmp_path) as running:
        assert running.wait_for_word(within_s=30)
        assert admitted(running)
        server.instead["/leases"] = lambda _: Answer(503)
        assert running.admit(FIVE_CENTS, patience_s=0).hold is not None

        until(lambda: running.admit(FIVE_CENTS, patience_s=0).decision.code == "lease")


def test_what_is_held_is_spent_while_the_server_is_away(server: FakeServer, tmp_path: Path) -> None:
    server.bank.most_usd = Decimal("0.15")
    with agent(server, tmp_path) as running:
        assert running.wait_for_word(within_s=30)
        admitted(running)
        admitted(running)
        until(lambda: running.metrics.of("lease_asks", result="granted") > 1)
        for path in ("/leases", "/policy", "/usage"):
            server.instead[path] = lambda _: Answer(503)

        outcomes = [running.admit(FIVE_CENTS, patience_s=0).decision.code for _ in range(20)]

        granted = sum(lease["granted_usd"] for lease in server.bank.leases.values())
        assert outcomes.count("") == granted / Decimal("0.05") - 2
        assert set(outcomes) == {"", "lease"}


def test_a_token_that_may_not_lease_is_told_so(server: FakeServer, tmp_path: Path) -> None:
    server.instead["/leases"] = lambda _: Answer(403, b"No.")
    with agent(server, tmp_path) as running:
        assert running.wait_for_word(within_s=30)

        refused = running.admit(FIVE_CENTS).decision

        assert (refused.outcome, refused.code) == ("refuse", "lease_denied")
        assert "lease:write" in refused.text


def test_a_cap_that_the_server_no_longer_knows_is_no_refusal(
    server: FakeServer, tmp_path: Path
) -> None:
    del server.bank.money[CAP]
    with agent(server, tmp_path) as running:
        assert running.wait_for_word(within_s=30)
        waiting = running.admit(FIVE_CENTS, patience_s=0.3).decision
        assert (waiting.outcome, waiting.code) == ("queue", "lease")

        server.bank.money[CAP] = Decimal(1)
        assert running.admit(FIVE_CENTS).hold is not None


def test_a_full_disk_lets_nothing_through(server: FakeServer, tmp_path: Path) -> None:
    with agent(server, tmp_path) as running:
        assert running.wait_for_word(within_s=30)
        (tmp_path / "leases.json.new").mkdir()  # which no file can replace

        refused = running.admit(FIVE_CENTS).decision

        assert (refused.outcome, refused.code) == ("refuse", "usage_not_kept")
        (tmp_path / "leases.json.new").rmdir()
        assert running.admit(FIVE_CENTS).hold is not None


def test_a_call_given_up_after_it_was_sent_costs_its_input(
    server: FakeServer, tmp_path: Path
) -> None:
    with agent(server, tmp_path) as running:
        assert running.wait_for_word(within_s=30)
        running.cancel(admitted(running), dispatched=True)
        running.cancel(admitted(running), dispatched=False)
    (record,) = server.usage.values()
    assert (record["tokens"], record["status"]) == ({"in_text": 10_000}, "cancelled")
    assert server.bank.used_usd() == Decimal("0.02")
    assert server.bank.money[CAP] == Decimal("0.98")


def test_a_call_that_is_settled_twice_counts_once(server: FakeServer, tmp_path: Path) -> None:
    with agent(server, tmp_path) as running:
        assert running.wait_for_word(within_s=30)
        hold = admitted(running)
        for _ in range(2):
            running.settle(
                hold,
                {
                    "id": "call-1",
                    "started_at": "2026-11-20T12:00:00Z",
                    "provider": "openai",
                    "model": "gpt-5",
                    **THREE_CENTS,
                },
            )
        assert running.metrics.of("holds", result="late") == 1
    assert list(server.usage) == ["call-1"]
    assert server.bank.used_usd() == Decimal("0.03")


def test_many_tasks_wait_on_one_loop(server: FakeServer, tmp_path: Path) -> None:
    async def all_of(running: Agent) -> list[str | None]:
        each = (running.admit_async(FIVE_CENTS) for _ in range(30))
        return [one.hold for one in await asyncio.gather(*each)]

    with agent(server, tmp_path) as running:
        assert running.wait_for_word(within_s=30)

        holds = asyncio.run(all_of(running))

        assert sum(hold is not None for hold in holds) == 20


KILLED = """
import os, signal, sys
from pathlib import Path
from tokenops_sidecar.agent import Agent, Settings
call = {"provider": "openai", "model": "gpt-5", "workflow": "answers",
        "in_tokens": 10_000, "max_out_tokens": 3_000}
with Agent(Settings(url=sys.argv[1], token="tok_x", sidecar="router", folder=Path(sys.argv[2]),
                    trust_env=False, patience_s=20)) as running:
    running.wait_for_word(within_s=30)
    for number in range(7):
        hold = running.admit(call).hold
        if number % 2:
            running.settle(hold, {"id": f"call-{number}", "tokens": {"in_text": 25_000}})
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_sidecar_that_was_killed_leaves_nothing_unaccounted(
    server: FakeServer, tmp_path: Path
) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-c", KILLED, server.url, str(tmp_path)]
    assert subprocess.run(command, env=environment, check=False).returncode == -signal.SIGKILL
    assert not server.bank.is_settled()

    with agent(server, tmp_path):
        until(server.bank.is_settled)
        until(lambda: len(server.usage) == 3)

    # Three calls used five cents each, and four under way may have: the rest of a step is kept.
    assert Decimal("0.35") <= server.bank.used_usd() <= Decimal("0.35") + Decimal("0.125")
    assert server.bank.money[CAP] == 1 - server.bank.used_usd()
