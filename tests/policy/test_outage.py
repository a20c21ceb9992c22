"""The control plane dies while routers hold money: what they spend then, and what is known later.

Both caps are of $4. Support is `closed` while the policy is stale; Claims is a `bucket` of $0.50.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from ingestion.models import Event
from ingestion.operations.rules import RuleDraft, publish_rules
from org.operations.tokens import issue_token
from policy import document
from policy.document import ScopeEntry
from policy.models import Cap, Lease, Sidecar
from policy.operations.publish import publish
from policy.queries.bounds import bound_of
from tests.factories.leases import room
from tests.factories.policy import cap, unit_scope
from tests.live import ROOT, Web, until
from tests.org_cast import Cast, gather

pytestmark = [pytest.mark.workers, pytest.mark.django_db(transaction=True)]

LIMIT_USD, CALL_USD, BUCKET_USD = Decimal(4), Decimal("0.10"), Decimal("0.50")
WORKFLOWS = {"answers": "unit:support", "claims": "unit:claims"}
STALE_AFTER_S = 8


@dataclass
class Router:
    """A sidecar in a process of its own, and the calls that were made through it."""

    name: str
    url: str
    token: str
    folder: Path
    settled: set[str] = field(default_factory=set)
    spent_usd: dict[str, Decimal] = field(
        default_factory=lambda: dict.fromkeys(WORKFLOWS, Decimal(0))
    )

    def start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "tokenops_sidecar",
            "run",
            "--url",
            self.url,
            "--port",
            "0",
        ]
        command += ["--sidecar", self.name, "--folder", str(self.folder)]
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT / "sidecar"),
            "TOKENOPS_TOKEN": self.token,
            "NO_PROXY": "127.0.0.1",
        }
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().split()[-1].decode()

    def end(self, number: signal.Signals) -> None:
        self.process.send_signal(number)
        self.process.wait(60)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def admit(self, workflow: str) -> Mapping[str, Any]:
        called = {"provider": "openai", "model": "gpt-4o", "workflow": workflow}
        answer = self._post("/admit", called | {"most_usd": f"{CALL_USD}"})
        if answer["hold"]:
            self.spent_usd[workflow] += CALL_USD  # the provider bills it whatever becomes of us
        return answer

    def call(self, workflow: str) -> Mapping[str, Any]:
        """Make a call and settle it, if it is let through."""
        answer = self.admit(workflow)
        if answer["hold"]:
            number = f"{self.name}-{len(self.settled)}"
            record = {
                "id": number,
                "started_at": datetime.now(UTC).isoformat(),
                "tokens": {"in_text": 10},
                "cost_usd": f"{CALL_USD}",
            }
            self._post("/settle", {"hold": answer["hold"], "record": record})
            self.settled.add(number)
        return answer

    def lets_through(self, workflow: str) -> bool:
        return self.call(workflow)["hold"] is not None

    def calls_until_refused(self, workflow: str) -> str:
        """Make calls until one is refused for good; return the code."""
        answer = self.call(workflow)
        while answer["outcome"] != "refuse":
            answer = self.call(workflow)
        return str(answer["code"])

    def _post(self, path: str, content: Mapping[str, Any]) -> dict[str, Any]:
        answer = httpx.post(self.address + path, json=content, trust_env=False, timeout=60)
        answer.raise_for_status()
        return dict(answer.json())


@pytest.fixture
def scene(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """Cap both units, and publish when a router's policy is stale and what it may do then."""
    modes = {
        "unit:support": {"mode": "closed"},
        "unit:claims": {"mode": "bucket", "usd": f"{BUCKET_USD}"},
    }

    def when_stale(entry: ScopeEntry) -> dict[str, str]:
        return modes.get(entry.id, {"mode": "open"})  # a closed company would close both

    monkeypatch.setattr(document, "STALE_AFTER_S", STALE_AFTER_S)
    monkeypatch.setattr(document, "_when_stale", when_stale)
    cast, at = gather(), datetime.now(UTC)
    for unit in (cast.support, cast.claims):
        since = at.date() - timedelta(days=1)
        cap(unit_scope(unit), f"{LIMIT_USD:.2f}", window="total", starts_on=since, at=at)
    rules = [
        RuleDraft("Answers", {"workflow": "answers"}, cast.support.pk),
        RuleDraft("Claims", {"workflow": "claims"}, cast.claims.pk),
    ]
    publish_rules(drafts=rules, reason="As agreed", by=cast.fiona, at=at)
    publish(cause="", by=None, at=at)
    return cast


@contextmanager
def routers(scene: Cast, web: Web, folder: Path) -> Iterator[list[Router]]:
    token = token_of(scene)
    found = [Router(name, web.url, token, folder / name) for name in ("router-1", "router-2")]
    for each in found:
        each.start()
    try:
        yield found
    finally:
        for each in found:
            each.end(signal.SIGKILL)


def token_of(cast: Cast) -> str:
    scopes = ["policy:read", "usage:write", "lease:write"]
    at = datetime.now(UTC)
    _, secret = issue_token(
        user=cast.ed, name="router", scopes=scopes, expires_at=None, by=cast.ed, at=at
    )
    return secret


def test_an_outage_costs_no_more_than_the_bound_and_loses_nothing(
    scene: Cast, tmp_path: Path
) -> None:
    with Web(has_pages=False) as web, routers(scene, web, tmp_path) as (first, second):
        for each in (first, second):
            until(partial(each.lets_through, "answers"))
            until(partial(each.lets_through, "claims"))
        until(lambda: Sidecar.objects.count() == 2)
        until(lambda: Event.objects.count() == len(first.settled | second.settled))
        bounds = {slug: bound_of(slug, at=datetime.now(UTC)) for slug in WORKFLOWS.values()}

        web.kill()
        for each in (first, second):
            assert each.lets_through("answers")
            assert each.lets_through("claims")
        # One call is under way when its router is killed, and never heard of again.
        assert first.admit("answers")["hold"]
        first.end(signal.SIGKILL)
        first.start()
        for each in (first, second):
            assert each.calls_until_refused("answers") == "stale"
            assert each.calls_until_refused("claims") == "stale_allowance_spent"

        # A question under way would be answered to nobody, and what it leases held for days.
        for each in (first, second):
            each.end(signal.SIGTERM)
        web.start()
        for each in (first, second):
            each.start()
        settled = first.settled | second.settled
        until(lambda: Event.objects.count() >= len(settled))
        until(lambda: not Lease.objects.filter(is_final=False).exists())

    assert Event.objects.count() == len(settled)
    assert not list(tmp_path.glob("*/rejected.ndjson"))
    for workflow, slug in WORKFLOWS.items():
        made_usd = first.spent_usd[workflow] + second.spent_usd[workflow]
        lost_usd = CALL_USD if workflow == "answers" else 0
        bound = bounds[slug]
        assert bound is not None
        assert bound.total_usd is not None
        assert made_usd - LIMIT_USD <= bound.total_usd
        now = room(Cap.objects.get(scope__slug=slug), at=datetime.now(UTC))
        assert now.spent_usd == made_usd - lost_usd
        assert now.held_usd >= lost_usd
    # Of routers that ended without the server counts what their disks allowed: an eighth of a
    # lease ahead of its calls.
    for lease in Lease.objects.all():
        assert lease.held_usd <= lease.granted_usd / 8 + CALL_USD, lease
