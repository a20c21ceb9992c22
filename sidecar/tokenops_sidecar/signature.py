"""Who signed a document: Ed25519 over its exact bytes, by a key that is in force. Pure."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tokenops_sidecar.reading import Node, Unacceptable

ALGORITHM = "ed25519"
# How far the server's clock may be ahead of ours.
MOST_AHEAD = timedelta(minutes=5)
_KEY_BYTES = 32


class Unsigned(Unacceptable):
    """The header is missing, or is not a signature."""

    code = "unsigned"


class UnknownKey(Unacceptable):
    """The key that signed is not among those believed: fetch them anew, or pin it."""

    code = "unknown_key"


class KeyNotInForce(Unacceptable):
    code = "key_not_in_force"


class Tampered(Unacceptable):
    """The signature is not the key's over these bytes."""

    code = "tampered"


@dataclass(frozen=True, slots=True)
class Key:
    """A public key; one that was pinned holds without an end."""

    id: str
    public: bytes
    not_before: datetime | None = None
    not_after: datetime | None = None

    def holds_at(self, at: datetime) -> bool:
        begun = self.not_before is None or self.not_before <= at + MOST_AHEAD
        return begun and (self.not_after is None or at < self.not_after)


class Signature(NamedTuple):
    key_id: str
    raw: bytes


def read_header(header: str) -> Signature:
    """Read `ed25519=<base64>;key=<id>`."""
    signed, _, key_id = header.partition(";key=")
    algorithm, _, encoded = signed.partition("=")
    if algorithm != ALGORITHM or not key_id:
        raise Unsigned("The document carries no signature of the form ed25519=…;key=….")
    try:
        return Signature(key_id, base64.b64decode(encoded, validate=True))
    except binascii.Error as error:
        raise Unsigned("The signature is not base64.") from error


def verify(body: bytes, header: str, *, keys: Mapping[str, Key], at: datetime) -> None:
    """Return where one of the keys signed exactly these bytes and is in force; else raise."""
    signature = read_header(header)
    key = keys.get(signature.key_id)
    if key is None:
        raise UnknownKey(f"The key {signature.key_id!r} is not among those believed here.")
    if not key.holds_at(at):
        raise KeyNotInForce(f"The key {key.id!r} is not in force at {at:%Y-%m-%d %H:%M} UTC.")
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature.raw, body)
    except InvalidSignature as error:
        raise Tampered(f"The signature is not that of {key.id!r} over this document.") from error


def pinned(key_id: str, encoded: str) -> Key:
    """Return a key given by hand; raises ValueError where it is no Ed25519 key in base64."""
    return Key(key_id, _public(encoded))


def read_keys(listed: Node) -> dict[str, Key]:
    """Read the answer of `GET /policy/keys`; keys of other algorithms are passed over."""
    keys = [_key(item) for item in listed.at("results").items() if _is_ours(item)]
    return {key.id: key for key in keys}


def written(keys: Mapping[str, Key]) -> list[dict[str, str | None]]:
    """Return keys as `read_keys` reads them."""
    return [
        {
            "id": key.id,
            "algorithm": ALGORITHM,
            "public_key": base64.b64encode(key.public).decode(),
            "not_before": key.not_before.isoformat() if key.not_before else None,
            "not_after": key.not_after.isoformat() if key.not_after else None,
        }
        for key in keys.values()
    ]


def _is_ours(item: Node) -> bool:
    return item.at("algorithm").text() == ALGORITHM


def _key(item: Node) -> Key:
    begins, ends, encoded = item.maybe("not_before"), item.maybe("not_after"), item.at("public_key")
    try:
        public = _public(encoded.text())
    except ValueError as error:
        encoded.refuse(str(error))
    return Key(
        id=item.at("id").name(),
        public=public,
        not_before=begins.instant() if begins else None,
        not_after=ends.instant() if ends else None,
    )


def _public(encoded: str) -> bytes:
    try:
        raw = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise ValueError("is not base64.") from error
    if len(raw) != _KEY_BYTES:
        raise ValueError(f"is not a key of {_KEY_BYTES} bytes.")
    return raw
