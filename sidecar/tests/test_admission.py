"""The door: what is held ends, by itself if need be; tests of blocked scopes; what is seen."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from agents import FIVE_CENTS, SIGNER, agent, publish_cap, until
from fake_server import FakeServer
from samples import AT, CALL, scope

from tokenops_sidecar.clock import wall

REASON = {"code": "stopped", "text": "Runaway loop."}
PROBE = {"id": "probe:7:3", "calls": 3, "until": "2099-01-01T00:00:00Z"}


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        publish_cap(running, "1.00")
        yield running


def publish(server: FakeServer, **support: Any) -> None:
    top = scope("org", None, when_stale={"mode": "open"})
    scopes = [top, scope("unit:support", **support)]
    server.document = SIGNER.received(issued_at="2026-01-01T00:00:00Z", scopes=scopes)


def test_a_call_that_nobody_ends_counts_as_what_it_held_after_a_quarter_of_an_hour(
    server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = timedelta(0)

    def clock(_: object) -> datetime:
        return wall() + later

    monkeypatch.setattr("tokenops_sidecar.clock.SteadyClock.__call__", clock)
    with agent(server, tmp_path) as running:
        assert running.wait_for_word(within_s=30)
        hold = running.admit(FIVE_CENTS).hold
        assert hold is not None

        later = timedelta(minutes=15)

        until(lambda: server.bank.used_usd() == Decimal("0.05"))
        assert "tokenops_sidecar_calls_under_way 0" in running.metrics_text()
        running.settle(hold, late_record())
        until(lambda: "call-1" in server.usage)
        assert server.usage["call-1"]["lease"] in server.bank.leases
        assert running.metrics.of("holds", result="late") == 1


def late_record() -> dict[str, object]:
    return {**CALL, "id": "call-1", "started_at": AT.isoformat(), "tokens": {"in_text": 10_000}}


def test_what_was_said_wrongly_of_a_call_does_not_end_it(
    server: FakeServer, tmp_path: Path
) -> None:
    with agent(server, tmp_path) as running:
        assert running.wait_for_word(within_s=30)
        hold = running.admit(FIVE_CENTS).hold
        assert hold is not None

        with pytest.raises(Exception, match="/tokens/in_text must be a whole number"):
            running.settle(hold, {"tokens": {"in_text": -1}})

        running.settle(hold, {"tokens": {"in_text": 1_000}})
    assert server.bank.used_usd() == Decimal("0.002")


def test_where_nothing_is_capped_no_money_is_leased(server: FakeServer, tmp_path: Path) -> None:
    publish(server)
    with agent(server, tmp_path) as running:
        assert running.wait_for_word(within_s=30)

        hold = running.admit(FIVE_CENTS).hold
        assert hold is not None
        running.settle(hold, {"id": "call-1", "tokens": {"in_text": 1}})

    assert "lease" not in server.usage["call-1"]
    assert server.asked["/leases"] == 0


def test_an_allowance_is_not_passed_by_calls_at_the_same_time(
    server: FakeServer, tmp_path: Path
) -> None:
    bucket = {"mode": "bucket", "usd": "0.12"}
    publish(server, when_stale=bucket)
    with agent(server, tmp_path) as running:
        assert running.wait_for_word(within_s=30)
    server.document = None

    with agent(server, tmp_path) as again:
        again.standing.confirmed_at = None
        codes = [again.admit(FIVE_CENTS).decision.code for _ in range(4)]

    assert codes == ["", "", "stale_allowance_spent", "stale_allowance_spent"]


def test_a_scope_under_test_lets_through_the_calls_that_the_server_set_apart(
    server: FakeServer, tmp_path: Path
) -> None:
    publish(server, state="half_open", reason=REASON, probe=PROBE)
    server.bank.calls["probe:7:3"] = 3
    with agent(server, tmp_path) as running:
        assert running.wait_for_word(within_s=30)

        found = [running.admit(FIVE_CENTS).decision for _ in range(5)]

    assert [one.outcome for one in found] == ["allow"] * 3 + ["refuse"] * 2
    assert (found[3].code, found[3].text) == ("half_open", "Nothing is left of probe:7:3.")


def test_a_probe_that_the_server_never_heard_of_lets_nothing_through(
    server: FakeServer, tmp_path: Path
) -> None:
    publish(server, state="half_open", reason=REASON, probe=PROBE)
    with agent(server, tmp_path) as running:
        assert running.wait_for_word(within_s=30)

        assert running.admit(FIVE_CENTS).decision.text == "The test has ended."


def test_a_loop_is_refused_and_the_server_told_until_it_has_heard(
    server: FakeServer, tmp_path: Path
) -> None:
    publish(server, loop={"calls": 3, "window_s": 600})
    call = {**FIVE_CENTS, "prompt_hash": "sha256:same"}
    with agent(server, tmp_path) as running:
        assert running.wait_for_word(within_s=30)
        until(lambda: bool(server.reports))
        server.lost["/policy/status"] = 1

        codes = [running.admit(call).decision.code for _ in range(5)]
        until(lambda: sum(bool(report["signals"]) for report in server.reports) >= 2)

    assert codes == ["", "", "loop", "loop", "loop"]
    told = [report["signals"] for report in server.reports if report["signals"]]
    (signal,) = told[0]
    assert signal in told[1]
    assert (signal["scope"], signal["code"]) == ("unit:support", "loop")
    assert signal["detail"] == {"prompt": "sha256:same"}


QUOTA = {"id": "quota:4", "metric": "calls", "window": "day", "limit": "5", "mode": "hard"}
ANA, BOB = {**FIVE_CENTS, "user": "ana"}, {**FIVE_CENTS, "user": "bob"}


def test_a_persons_quota_holds_for_several_sidecars_together(
    server: FakeServer, tmp_path: Path
) -> None:
    publish(server, quotas=[{**QUOTA, "per": "person", "resets_at": "2099-01-01T00:00:00Z"}])
    server.bank.quotas = {("quota:4", "ana"): Decimal(5), ("quota:4", "bob"): Decimal(5)}
    with agent(server, tmp_path / "one") as one, agent(server, tmp_path / "other") as other:
        assert one.wait_for_word(within_s=30)
        assert other.wait_for_word(within_s=30)

        found = [each.admit(ANA, patience_s=3).hold for _ in range(4) for each in (one, other)]

        assert sum(hold is not None for hold in found) == 5
        refused = one.admit(ANA).decision
        assert (refused.outcome, refused.code, refused.cap) == ("refuse", "quota_calls", "quota:4")
        assert other.admit(BOB).hold is not None


def test_what_was_not_used_of_a_block_is_given_back(server: FakeServer, tmp_path: Path) -> None:
    publish(server, quotas=[{**QUOTA, "metric": "tokens", "limit": "99999", "per": "person"}])
    server.bank.quotas = {("quota:4", "ana"): Decimal(99_999)}
    call = {**ANA, "in_tokens": 1, "max_out_tokens": 1}
    with agent(server, tmp_path) as running:
        assert running.wait_for_word(within_s=30)
        used, undone = running.admit(call).hold, running.admit(call).hold
        assert used is not None
        assert undone is not None

        running.settle(used, {"tokens": {"in_text": 1}})
        running.cancel(undone, dispatched=False)

    assert server.bank.is_settled()
    assert server.bank.quotas["quota:4", "ana"] == 99_998
