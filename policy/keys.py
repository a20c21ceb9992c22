"""Ed25519 keys: made, sealed with a key drawn from SECRET_KEY, used to sign. No database."""

import base64
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from org.sealing import derived_fernet

ALGORITHM = "ed25519"
_PURPOSE = b"tokenops policy signing key"


class KeyPair(NamedTuple):
    """A public key as raw bytes, and the private one sealed; the open one is never kept."""

    public: bytes
    sealed_private: bytes


class Unreadable(Exception):
    """A private key was sealed under another SECRET_KEY."""


def make_pair(*, secret: str) -> KeyPair:
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    return KeyPair(public, _seal(secret).encrypt(private.private_bytes_raw()))


def sign(body: bytes, *, sealed_private: bytes, secret: str) -> bytes:
    """Sign exact bytes. Raises Unreadable where the key was sealed under another secret."""
    try:
        raw = _seal(secret).decrypt(sealed_private)
    except InvalidToken as error:
        raise Unreadable("The signing key was sealed under another SECRET_KEY.") from error
    return Ed25519PrivateKey.from_private_bytes(raw).sign(body)


def is_signed(body: bytes, *, signature: bytes, public: bytes) -> bool:
    """Test whether a signature is the key's, over exactly these bytes."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, body)
    except InvalidSignature:
        return False
    return True


def signature_header(signature: bytes, *, key_id: str) -> str:
    """Return the value of the header TokenOps-Signature."""
    return f"{ALGORITHM}={base64.b64encode(signature).decode()};key={key_id}"


def _seal(secret: str) -> Fernet:
    return derived_fernet(secret, purpose=_PURPOSE)
