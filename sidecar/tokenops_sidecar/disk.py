"""Writing files that a crash leaves whole: the old content or the new one, never half of it."""

import fcntl
import os
from pathlib import Path

PRIVATE = 0o600
PRIVATE_FOLDER = 0o700


def make_folder(folder: Path) -> Path:
    folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    return folder


def replace(path: Path, content: bytes) -> None:
    """Put a file in place of another in one step, on the disk before this returns."""
    beside = path.with_name(f"{path.name}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make names that were added or removed last."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class InUse(Exception):
    """Another process works in the folder."""


class Lock:
    """Keeps a folder for one process; let go by the system when the process dies."""

    def __init__(self, folder: Path) -> None:
        self._descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, PRIVATE)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._descriptor)
            raise InUse(f"Another sidecar works in {folder}: give each a folder.") from error

    def release(self) -> None:
        os.close(self._descriptor)
