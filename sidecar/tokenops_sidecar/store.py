"""The last policy that was good, on disk: a restart without the server obeys it.

What is read back is verified as if it came from the network. A file that is damaged or
was tampered with is as good as none.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tokenops_sidecar import disk
from tokenops_sidecar.acceptance import Accepted, Received, accept
from tokenops_sidecar.reading import Node, Unacceptable, read_json
from tokenops_sidecar.signature import Key, read_keys, written


@dataclass(frozen=True, slots=True)
class Kept:
    """What was on disk: the policy, and when the server confirmed it last."""

    accepted: Accepted
    keys: Mapping[str, Key]
    confirmed_at: datetime | None


class Store:
    """A folder with the policy, the keys that were fetched and the last word."""

    def __init__(self, folder: Path) -> None:
        disk.make_folder(folder)
        self._policy = folder / "policy.json"
        self._confirmed = folder / "confirmed"

    def keep(self, accepted: Accepted, *, keys: Mapping[str, Key], at: datetime) -> None:
        """Keep a policy; the one before stands until this one is whole on the disk."""
        content = {
            "body": base64.b64encode(accepted.received.body).decode(),
            "signature": accepted.received.signature,
            "etag": accepted.received.etag,
            "keys": {"results": written(keys)},
        }
        disk.replace(self._policy, json.dumps(content).encode())
        self.confirm(at=at)

    def confirm(self, *, at: datetime) -> None:
        """Remember that the server said the policy still holds."""
        disk.replace(self._confirmed, at.isoformat().encode())

    def load(self, *, pinned: Mapping[str, Key], at: datetime) -> Kept | None:
        """Return what is kept and still verifies; None where nothing does.

        Where keys are pinned those alone are believed. Raises nothing: a sidecar starts.
        """
        try:
            found = read_json(self._policy.read_bytes())
            keys = pinned or read_keys(found.at("keys"))
            accepted = accept(_received(found), keys=keys, last=None, at=at)
        except (OSError, Unacceptable):
            return None
        return Kept(accepted, keys, self._confirmed_at(at))

    def _confirmed_at(self, at: datetime) -> datetime | None:
        """Return when the server was heard last; an hour that is still to come is not believed."""
        try:
            found = Node(self._confirmed.read_text(encoding="utf-8")).instant()
        except (OSError, ValueError, Unacceptable):
            return None
        return found if found <= at else None


def _received(found: Node) -> Received:
    body = found.at("body")
    try:
        raw = base64.b64decode(body.text(), validate=True)
    except binascii.Error:
        body.refuse("is not base64.")
    return Received(raw, found.at("signature").text(), found.at("etag").text())
