"""Agents against the fake server, quick enough for tests; Support has a daily cap."""

import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from fake_server import FakeServer
from samples import CALL, Signer, cap, scope

from tokenops_sidecar.agent import Agent, Settings
from tokenops_sidecar.pace import Pace

PACE = Pace(settle_s=0.05, gather_s=0.01, first_pause_s=0.02, longest_pause_s=0.05)
SIGNER = Signer()
CAP = "cap:1"
# In for $0.02, out for at most $0.03.
FIVE_CENTS = {**CALL, "in_tokens": 10_000, "max_out_tokens": 3_000}


def publish_cap(server: FakeServer, limit_usd: str, **changes: Any) -> None:
    """Publish a policy in which Support has a hard cap, and put so much money behind it."""
    server.keys |= {SIGNER.key.id: SIGNER.key}
    support = scope("unit:support", caps=[cap(CAP, limit_usd)], **changes.pop("support", {}))
    scopes = [scope("org", None), support]
    server.document = SIGNER.received(issued_at="2026-01-01T00:00:00Z", scopes=scopes, **changes)
    server.bank.money[CAP] = Decimal(limit_usd)


def agent(server: FakeServer, folder: Path, **changes: Any) -> Agent:
    plain: dict[str, Any] = {
        "url": server.url,
        "token": "tok_x",
        "sidecar": "router",
        "folder": folder,
        "pace": PACE,
        "trust_env": False,
        "wait_s": 1,
        "patience_s": 20.0,
    }
    return Agent(Settings(**(plain | changes)))


def until(is_so: Callable[[], bool], *, within_s: float = 30) -> None:
    started_s = time.monotonic()
    while not is_so():
        assert time.monotonic() - started_s < within_s, "It did not come about."
        time.sleep(0.01)
