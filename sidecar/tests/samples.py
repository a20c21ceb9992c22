"""Documents and keys as the tests need them: small, and signed by a key of their own."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tokenops_sidecar.acceptance import Received
from tokenops_sidecar.signature import Key

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TIERS = ["local", "economy", "mid", "frontier"]
CALL = {"provider": "openai", "model": "gpt-5", "workflow": "answers"}


def scope(scope_id: str, parent: str | None = "org", **changes: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "id": scope_id,
        "name": scope_id,
        "parent": parent,
        "state": "closed",
        "reason": None,
        "caps": [],
        "max_tier": None,
        "when_stale": {"mode": "closed"},
    }
    return plain | changes


def cap(cap_id: str, limit_usd: str, **changes: Any) -> dict[str, Any]:
    return {"id": cap_id, "window": "day", "limit_usd": limit_usd, "mode": "hard"} | changes


def blocked(text: str = "Runaway loop.") -> dict[str, Any]:
    return {"state": "open", "reason": {"code": "manual", "text": text}}


def model(name: str, tier: str = "mid", **usd_per_mtok: str) -> dict[str, Any]:
    return {"provider": "openai", "model": name, "tier": tier, "usd_per_mtok": usd_per_mtok}


def document(**changes: Any) -> dict[str, Any]:
    """Return a document: Support has the calls of one workflow."""
    plain: dict[str, Any] = {
        "schema": "tokenops.policy/1",
        "revision": 1,
        "issued_at": "2026-11-20T12:00:00Z",
        "refresh_after_s": 1,
        "stale_after_s": 120,
        "currency": "USD",
        "tiers": TIERS,
        "models": [model("gpt-5", in_text="2", out_text="10")],
        "assign": [
            {"when": {"workflow": "answers"}, "scope": "unit:support"},
            {"when": {}, "scope": "org"},
        ],
        "scopes": [scope("org", None), scope("unit:support")],
    }
    return plain | changes


def body(**changes: Any) -> bytes:
    return json.dumps(document(**changes)).encode()


class Signer:
    """A key pair of the server."""

    def __init__(self, key_id: str = "k1") -> None:
        self._private = Ed25519PrivateKey.generate()
        self.key = Key(key_id, self._private.public_key().public_bytes_raw())

    def header(self, content: bytes) -> str:
        signed = base64.b64encode(self._private.sign(content)).decode()
        return f"ed25519={signed};key={self.key.id}"

    def received(self, **changes: Any) -> Received:
        content = body(**changes)
        return Received(
            content,
            self.header(content),
            etag=f'"{changes.get("revision", 1)}"',
            announced=changes.get("revision", 1),
        )
