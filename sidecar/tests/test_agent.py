"""The agent in a router's process, against a server that misbehaves in every known way."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_server import Answer, FakeServer
from samples import CALL, Signer, blocked, scope

from tokenops_sidecar.agent import Agent, Settings
from tokenops_sidecar.disk import InUse
from tokenops_sidecar.pace import Pace
from tokenops_sidecar.reading import Invalid
from tokenops_sidecar.signature import Key
from tokenops_sidecar.spool import SpoolFull

PACE = Pace(settle_s=0.05, gather_s=0.01, first_pause_s=0.02, longest_pause_s=0.05)
FRESH = "2026-01-01T00:00:00Z"  # issued long ago, whenever the tests run
SIGNER = Signer()


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        publish(running, SIGNER)
        yield running


def publish(server: FakeServer, signer: Signer, **changes: Any) -> None:
    server.keys |= {signer.key.id: signer.key}
    server.document = signer.received(issued_at=FRESH, **changes)


def agent(server: FakeServer, folder: Path, **changes: Any) -> Agent:
    plain: dict[str, Any] = {
        "url": server.url,
        "token": "tok_x",
        "sidecar": "router",
        "folder": folder,
        "pace": PACE,
        "trust_env": False,
        "wait_s": 1,
    }
    return Agent(Settings(**(plain | changes)))


def until(is_so: Callable[[], bool]) -> None:
    started_s = time.monotonic()
    while not is_so():
        assert time.monotonic() - started_s < 60, "It did not come about."
        time.sleep(0.01)


def record(number: int, **more: Any) -> dict[str, Any]:
    started = {"id": f"call-{number}", "started_at": FRESH}
    return {**CALL, **started, "tokens": {"in_text": 100_000}, **more}  # $0.20


def test_a_router_decides_by_what_was_pulled_and_says_which_revision_it_obeys(
    server: FakeServer, tmp_path: Path
) -> None:
    with agent(server, tmp_path) as running:
        assert running.wait_for_word(within_s=60)
        assert running.decide(CALL).outcome == "allow"
        until(lambda: bool(server.reports))
        report = server.reports[-1]
        assert (report["sidecar"], report["revision"], report["errors"]) == ("router", 1, [])

        scopes = [scope("org", None), scope("unit:support", **blocked())]
        publish(server, SIGNER, revision=2, scopes=scopes)
        until(lambda: running.decide(CALL).outcome == "refuse")
        until(lambda: server.reports[-1]["revision"] == 2)


def test_without_a_policy_nothing_is_allowed(server: FakeServer, tmp_path: Path) -> None:
    server.document = None

    with agent(server, tmp_path) as running:
        assert not running.wait_for_word(within_s=10)
        assert running.decide(CALL).code == "no_policy"
        publish(server, SIGNER)
        until(lambda: running.decide(CALL).outcome == "allow")


def test_a_refused_document_is_reported_and_asked_for_again_until_it_is_mended(
    server: FakeServer, tmp_path: Path
) -> None:
    with agent(server, tmp_path) as running:
        assert running.wait_for_word(within_s=60)
        forged = Signer("k1")  # another key under the same name
        server.document = forged.received(issued_at=FRESH, revision=2)
        until(lambda: bool(server.reports and server.reports[-1]["errors"]))
        (nack,) = server.reports[-1]["errors"]
        assert nack["revision"] == 2
        assert nack["detail"].startswith("tampered: ")
        assert server.reports[-1]["revision"] == 1
        assert running.decide(CALL).outcome == "allow"
        pulls = server.asked["/policy"]
        until(lambda: server.asked["/policy"] > pulls)

        publish(server, SIGNER, revision=2)
        until(lambda: running.standing.revision == 2)
        until(lambda: server.reports[-1]["errors"] == [])
        assert running.metrics.of("pulls", result="tampered") >= 1


def test_a_new_key_is_fetched_and_one_that_was_pinned_is_believed_alone(
    server: FakeServer, tmp_path: Path
) -> None:
    pinned: dict[str, Key] = {"k1": SIGNER.key}
    with (
        agent(server, tmp_path / "fetches") as fetching,
        agent(server, tmp_path / "pins", keys=pinned) as pinning,
    ):
        assert fetching.wait_for_word(within_s=60)
        assert pinning.wait_for_word(within_s=60)

        publish(server, Signer("k2"), revision=2)

        until(lambda: fetching.standing.revision == 2)
        until(lambda: pinning.standing.nack is not None)
        assert pinning.standing.nack is not None
        assert pinning.standing.nack.code == "unknown_key"
        assert pinning.standing.revision == 1


def test_an_older_document_is_refused_after_a_restart_too(
    server: FakeServer, tmp_path: Path
) -> None:
    publish(server, SIGNER, revision=5)
    with agent(server, tmp_path) as running:
        assert running.wait_for_word(within_s=60)

    publish(server, SIGNER, revision=4)
    with agent(server, tmp_path) as again:
        until(lambda: again.standing.nack is not None)
        assert again.standing.nack is not None
        assert again.standing.nack.code == "rolled_back"
        assert again.standing.revision == 5


def test_not_modified_is_no_answer_where_there_is_nothing_yet(
    server: FakeServer, tmp_path: Path
) -> None:
    server.instead["/policy"] = lambda _: Answer(304)

    with agent(server, tmp_path) as running:
        until(lambda: running.metrics.of("pulls", result="unavailable") > 1)
        assert running.standing.confirmed_at is None
        assert running.decide(CALL).code == "no_policy"


@pytest.mark.parametrize(("answered", "wait_s"), [(200, 1), (304, 1), (304, 0)])
def test_a_server_that_never_waits_is_not_asked_without_end(
    server: FakeServer, tmp_path: Path, answered: int, wait_s: int
) -> None:
    assert server.document is not None
    body, signature = server.document.body, server.document.signature
    headers = {"TokenOps-Signature": signature}
    with agent(server, tmp_path, wait_s=wait_s) as running:
        assert running.wait_for_word(within_s=60)
        server.instead["/policy"] = lambda _: Answer(
            answered, body if answered == 200 else b"", headers
        )
        before = server.asked["/policy"]
        time.sleep(0.2)

        assert server.asked["/policy"] - before <= 4


def test_a_restart_without_the_server_obeys_what_was_kept(
    server: FakeServer, tmp_path: Path
) -> None:
    with agent(server, tmp_path) as running:
        assert running.wait_for_word(within_s=60)
    server.instead["/policy"] = lambda _: Answer(503, headers={"Retry-After": "0"})

    with agent(server, tmp_path) as again:
        assert again.wait_for_word(within_s=60)
        assert again.decide(CALL).outcome == "allow"

    (tmp_path / "policy.json").write_bytes(b"{")
    with agent(server, tmp_path) as damaged:
        assert not damaged.wait_for_word(within_s=10)
        assert damaged.decide(CALL).code == "no_policy"


def test_usage_is_pushed_once_though_the_answer_is_lost(server: FakeServer, tmp_path: Path) -> None:
    losses = [2]

    def lost(body: bytes) -> Answer | None:
        if not losses[0]:
            return None
        losses[0] -= 1
        server._usage(body)  # noqa: SLF001 -- stored, and then nobody hears of it
        return Answer(502)

    server.instead["/usage"] = lost
    with agent(server, tmp_path) as running:
        running.record(record(1), record(2))
        until(lambda: running.spool.depth == 0)

    assert sorted(server.usage) == ["call-1", "call-2"]
    assert losses == [0]


def test_what_waits_is_pushed_before_the_end(server: FakeServer, tmp_path: Path) -> None:
    slow = Pace(gather_s=60)
    with agent(server, tmp_path, pace=slow) as running:
        running.record(record(1))
        assert running.spool.depth == 1

    assert sorted(server.usage) == ["call-1"]


def test_a_record_without_an_id_gets_one(server: FakeServer, tmp_path: Path) -> None:
    nameless = record(1)
    del nameless["id"]

    with agent(server, tmp_path) as running:
        running.record(nameless, nameless)
        until(lambda: running.spool.depth == 0)

    assert len(server.usage) == 2


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"started_at": "yesterday"}, "/started_at"),
        ({"model": ""}, "/model"),
        ({"tokens": {"in_text": -1}}, "/tokens/in_text"),
        ({"cost_usd": 0.5}, "/cost_usd"),
    ],
)
def test_what_is_no_usage_record_is_refused_at_once(
    server: FakeServer, tmp_path: Path, changes: dict[str, Any], pointer: str
) -> None:
    with agent(server, tmp_path) as running:
        with pytest.raises(Invalid) as problem:
            running.record(record(1), record(2, **changes))

        assert problem.value.pointer == pointer
        assert running.spool.depth == 0


def test_records_that_the_server_rejects_are_kept_beside_the_reason(
    server: FakeServer, tmp_path: Path
) -> None:
    with agent(server, tmp_path) as running:
        running.record(record(1), record(2, user="nobody"), record(3))
        until(lambda: running.spool.depth == 0)

    assert sorted(server.usage) == ["call-1", "call-3"]
    (line,) = (tmp_path / "rejected.ndjson").read_text().splitlines()
    kept = json.loads(line)
    assert (kept["record"]["id"], kept["detail"]) == ("call-2", "Nobody is nobody.")


def test_one_record_that_spoils_a_push_does_not_hold_up_the_others(
    server: FakeServer, tmp_path: Path
) -> None:
    server.instead["/usage"] = lambda body: Answer(422, b"No.") if b"poison" in body else None

    with agent(server, tmp_path) as running:
        running.record(*[record(n, user="poison" if n == 3 else "ana") for n in range(6)])
        until(lambda: running.spool.depth == 0)

    assert sorted(server.usage) == [f"call-{n}" for n in (0, 1, 2, 4, 5)]
    assert (tmp_path / "rejected.ndjson").read_text().count("poison") == 1


def test_a_token_that_is_refused_keeps_the_usage_waiting(
    server: FakeServer, tmp_path: Path
) -> None:
    server.instead["/usage"] = lambda _: Answer(401, b"No.")

    with agent(server, tmp_path) as running:
        running.record(record(1))
        until(lambda: running.metrics.of("pushes", result="denied") > 1)
        assert running.spool.depth == 1


def test_an_allowance_begins_anew_when_the_server_was_heard(
    server: FakeServer, tmp_path: Path
) -> None:
    bucket = scope("unit:support", when_stale={"mode": "bucket", "usd": "0.30"})
    scopes = [scope("org", None, when_stale={"mode": "open"}), bucket]
    publish(server, SIGNER, scopes=scopes, stale_after_s=1)
    away = Answer(503)
    with agent(server, tmp_path) as running:
        assert running.wait_for_word(within_s=60)
        server.instead["/policy"] = lambda _: away
        running.record(record(1), record(2))  # $0.40
        until(lambda: running.decide(CALL).code == "stale_allowance_spent")

        del server.instead["/policy"]
        until(lambda: running.decide(CALL).outcome == "allow")
        server.instead["/policy"] = lambda _: away
        until(lambda: age_s(running) > 1.1)
        assert running.decide(CALL).outcome == "allow"


def age_s(running: Agent) -> float:
    """Return how long ago the policy was confirmed, as the metrics say."""
    lines = running.metrics_text().splitlines()
    return float(next(x for x in lines if "policy_age_seconds " in x and x[0] != "#").split()[1])


def test_a_full_spool_is_said_and_stops_what_must_be_counted(
    server: FakeServer, tmp_path: Path
) -> None:
    closed, opened = scope("unit:support"), scope("org", None, when_stale={"mode": "open"})
    publish(server, SIGNER, scopes=[opened, closed])
    server.instead["/usage"] = lambda _: Answer(503)
    with agent(server, tmp_path, most_spool_bytes=200) as running:
        assert running.wait_for_word(within_s=60)
        running.record(record(1))

        with pytest.raises(SpoolFull):
            running.record(record(2))
        assert running.decide(CALL).code == "usage_not_kept"
        assert running.decide(CALL | {"workflow": "others"}).outcome == "allow"
        assert "tokenops_sidecar_spool_full 1" in running.metrics_text()

        del server.instead["/usage"]
        until(lambda: running.decide(CALL).outcome == "allow")
    assert sorted(server.usage) == ["call-1"]


def test_a_folder_belongs_to_one_sidecar(server: FakeServer, tmp_path: Path) -> None:
    with agent(server, tmp_path), pytest.raises(InUse, match="give each a folder"):
        agent(server, tmp_path)


def test_an_agent_that_never_started_stops(server: FakeServer, tmp_path: Path) -> None:
    idle = agent(server, tmp_path)
    idle.record(record(1))

    idle.stop()

    with agent(server, tmp_path):
        until(lambda: "call-1" in server.usage)
    assert set(server.usage) == {"call-1"}
