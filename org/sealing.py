"""Secrets that rows keep: sealed with a key from outside the database, opened only to be used."""

import base64
from typing import NoReturn

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_PURPOSE = b"tokenops stored credentials"
_KEY_BYTES = 32


class Unreadable(Exception):
    """A secret was sealed under a key that is not there any more."""


class Secret:
    """A text that nothing prints, logs or stores by mistake; only `reveal` gives it away."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        # A message to a worker or a cache would carry it in the clear.
        raise TypeError("A secret is not to be pickled.")


def derived_fernet(secret: str, *, purpose: bytes) -> Fernet:
    """Return the seal drawn from a secret for one purpose; other purposes get other keys."""
    derived = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=purpose)
    return Fernet(base64.urlsafe_b64encode(derived.derive(secret.encode())))


def seal(secret: Secret) -> bytes:
    """Encrypt a secret under the first of TOKENOPS_SECRETS_KEY."""
    return _seals().encrypt(secret.reveal().encode())


def unseal(sealed: bytes) -> Secret:
    """Open a sealed secret; raises Unreadable where none of the keys does."""
    try:
        return Secret(_seals().decrypt(sealed).decode())
    except InvalidToken:
        raise _unreadable() from None


def reseal(sealed: bytes) -> bytes:
    """Seal anew under the first key what any of the keys opens; raises Unreadable."""
    try:
        return _seals().rotate(sealed)
    except InvalidToken:
        raise _unreadable() from None


def _seals() -> MultiFernet:
    # The derived key stays the last, so that naming keys later locks nothing away.
    derived = derived_fernet(settings.SECRET_KEY, purpose=_PURPOSE)
    return MultiFernet([*(Fernet(key) for key in settings.TOKENOPS_SECRETS_KEY), derived])


def _unreadable() -> Unreadable:
    return Unreadable(
        "The credential was sealed under a key that is not in TOKENOPS_SECRETS_KEY any more."
    )
