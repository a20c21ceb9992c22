"""The sidecar against the real web process: it obeys, and what it reports counts once."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import httpx
import pytest

from ingestion.models import Event
from ingestion.operations.rules import RuleDraft, publish_rules
from org.operations.tokens import issue_token
from policy.models import Scope, Sidecar
from policy.operations.breaker import block
from policy.operations.keys import rotate_key
from policy.operations.publish import publish
from policy.queries.revisions import current_number
from tests.factories.policy import unit_scope
from tests.live import ROOT, Web, until
from tests.org_cast import Cast, gather
from tokenops_sidecar.agent import Agent, Settings
from tokenops_sidecar.decide import Decision
from tokenops_sidecar.pace import Pace
from tokenops_sidecar.signature import read_header

pytestmark = [pytest.mark.workers, pytest.mark.django_db(transaction=True)]

CALL = {"provider": "openai", "model": "gpt-4o", "workflow": "answers"}
PACE = Pace(settle_s=0.2, first_pause_s=0.05, longest_pause_s=0.2)
LONG_POLL_S = 25.0


@pytest.fixture
def scene(transactional_db: None) -> Cast:
    """Give Support the calls of one workflow, and publish that."""
    cast = gather()
    unit_scope(cast.support)
    rule = RuleDraft("Answers", {"workflow": "answers"}, cast.support.pk)
    at = datetime.now(UTC)
    publish_rules(drafts=[rule], reason="As agreed", by=cast.fiona, at=at)
    publish(cause="", by=None, at=at)
    return cast


@pytest.fixture
def web(scene: Cast) -> Iterator[Web]:
    with Web(has_pages=False) as running:
        yield running


def test_a_router_obeys_what_is_published_and_what_it_reports_counts_once(
    scene: Cast, web: Web, tmp_path: Path
) -> None:
    token = token_of(scene)
    settings = Settings(
        url=web.url, token=token, sidecar="router", folder=tmp_path, pace=PACE, trust_env=False
    )
    with Agent(settings) as agent:
        assert agent.wait_for_word(within_s=60)
        assert agent.decide(CALL).outcome == "allow"

        at = datetime.now(UTC)
        support = Scope.objects.get(slug="unit:support")
        block(scope=support, code="manual", text="Runaway loop.", by=scene.ed, at=at)
        took_s = until(lambda: agent.decide(CALL).outcome == "refuse")
        assert took_s < LONG_POLL_S
        refused = agent.decide(CALL)
        assert (refused.code, refused.scope) == ("manual", "unit:support")
        assert refused.text == "Runaway loop. (blocked by Ed)"
        until(lambda: Sidecar.objects.filter(name="router", revision=published()).exists())

        rotated = rotate_key(by=None, at=datetime.now(UTC))
        publish(cause="", by=None, at=datetime.now(UTC))
        until(lambda: agent.standing.revision == published())
        kept = agent.standing.received
        assert kept is not None
        assert read_header(kept.signature).key_id == rotated.key_id

        agent.record(usage(1))
        until(lambda: agent.spool.depth == 0)

    killed_before_it_is_answered(web, token=token, folder=tmp_path)
    with Agent(settings) as agent:
        assert agent.spool.depth == 2
        until(lambda: agent.metrics.of("records", result="duplicate") == 2)
        assert agent.spool.depth == 0
    assert list(Event.objects.values_list("in_text", flat=True).order_by("in_text")) == [1, 2, 3]

    web.__exit__()
    with Agent(settings) as agent:
        assert agent.wait_for_word(within_s=60)
        assert words(agent.decide(CALL)) == words(refused)
        assert agent.decide(CALL | {"workflow": "others"}).outcome == "allow"


def killed_before_it_is_answered(web: Web, *, token: str, folder: Path) -> None:
    """Let a sidecar of its own process push two calls, and kill it once the server has them."""
    with Cutter(web.url) as cutter, started(cutter.url, token=token, folder=folder) as process:
        cutter.victim = process.pid
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1].decode()
        kept = httpx.post(f"{address}/usage", json=[usage(2), usage(3)], trust_env=False)
        assert kept.json() == {"kept": 2}
        assert process.wait(20) == -signal.SIGKILL


def started(url: str, *, token: str, folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tokenops_sidecar", "run", "--url", url, "--port", "0"]
    given = ["--sidecar", "router", "--folder", str(folder)]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "sidecar"),
        "TOKENOPS_TOKEN": token,
        "NO_PROXY": "127.0.0.1",
    }
    return subprocess.Popen(command + given, env=environment, stdout=subprocess.PIPE)


class Cutter(ThreadingHTTPServer):
    """Stands between sidecar and server, and kills the sidecar when its usage is stored."""

    daemon_threads = True
    victim = 0

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Cut)
        self.target = target
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Cut(BaseHTTPRequestHandler):
    server: Cutter

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name: self.headers[name] for name in ("Authorization", "Content-Type")}
        answer = httpx.post(
            self.server.target + self.path, content=body, headers=headers, trust_env=False
        )
        answer.raise_for_status()
        if self.path.endswith("/usage"):
            os.kill(self.server.victim, signal.SIGKILL)

    def do_GET(self) -> None:
        self.send_error(503)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def token_of(cast: Cast) -> str:
    at = datetime.now(UTC)
    _, secret = issue_token(
        user=cast.ed,
        name="router",
        scopes=["policy:read", "usage:write"],
        expires_at=at + timedelta(days=1),
        by=cast.ed,
        at=at,
    )
    return secret


def usage(number: int) -> Mapping[str, Any]:
    """Return a record that can be told from others by its tokens."""
    now = datetime.now(UTC).isoformat()
    return {**CALL, "id": f"call-{number}", "started_at": now, "tokens": {"in_text": number}}


def published() -> int:
    return current_number() or 0


def words(decision: Decision) -> tuple[str, str, str]:
    return decision.code, decision.text, decision.scope
