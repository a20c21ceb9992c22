"""Secrets that nobody gave: made once, at random, and kept in a file only the owner reads."""

import os
import secrets
from pathlib import Path


def kept_secret(path: Path, *, length_bytes: int = 48) -> str:
    """Return the secret kept in a file, made at the first call.

    Processes that start together agree: the file appears whole, under its final name, once.
    """
    if not path.exists():
        _place(path, secret=secrets.token_urlsafe(length_bytes))
    return path.read_text(encoding="utf-8").strip()


def _place(path: Path, *, secret: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(secret)
    try:
        # A link, unlike a rename, refuses to replace what another process placed first.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
