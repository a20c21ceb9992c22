"""Files held between choosing them and saying what their columns mean."""

import shutil
import time
from pathlib import Path
from typing import IO
from uuid import UUID, uuid4

from ingestion.operations.deliveries import spool_dir

A_DAY_SECONDS = 86_400
_PREFIX = "held-"


def hold_file(file: IO[bytes]) -> str:
    """Put a file aside until it is mapped, and return the token it is found by."""
    _let_old_ones_go()
    token = uuid4().hex
    with _path(token).open("wb") as target:
        shutil.copyfileobj(file, target, 1 << 20)
    return token


def held_file(token: str) -> Path | None:
    """Return the held file, None where it was loaded, forgotten or never there."""
    try:
        path = _path(UUID(hex=token).hex)
    except ValueError:
        return None
    return path if path.is_file() else None


def let_go(token: str) -> None:
    """Delete a held file."""
    path = held_file(token)
    if path is not None:
        path.unlink(missing_ok=True)


def _path(token: str) -> Path:
    return spool_dir() / f"{_PREFIX}{token}"


def _let_old_ones_go() -> None:
    # The age of a file is a matter of the file system's clock, not of the ledger's.
    oldest = time.time() - A_DAY_SECONDS
    for path in spool_dir().glob(f"{_PREFIX}*"):
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
