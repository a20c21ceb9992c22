"""Usage that the server will not take, kept beside the reason for a person to mend."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenops_sidecar import disk

MOST_BYTES = 16 * 1024 * 1024


class Rejects:
    """A file of records a line; when it has grown large, the one before it is let go."""

    def __init__(self, folder: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self._path = folder / "rejected.ndjson"
        self._most_bytes = most_bytes

    def add(self, record: Mapping[str, Any], *, detail: str) -> None:
        if self._path.exists() and self._path.stat().st_size >= self._most_bytes:
            self._path.replace(self._path.with_suffix(".old.ndjson"))
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        with os.fdopen(os.open(self._path, flags, disk.PRIVATE), "a", encoding="utf-8") as file:
            file.write(json.dumps({"detail": detail, "record": record}) + "\n")
            file.flush()
            os.fsync(file.fileno())
