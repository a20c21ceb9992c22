"""Usage of calls that ended just now, gathered so that one write to the disk keeps all of it."""

import logging
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from tokenops_sidecar.spool import SpoolFull

log = logging.getLogger(__name__)

GATHERED_S = 0.05


class Ended:
    """Records that are not on the disk yet, for any number of threads."""

    def __init__(self, keep: Callable[..., None]) -> None:
        self._keep = keep
        self._lock = Lock()
        self._records: list[Mapping[str, Any]] = []

    def add(self, record: Mapping[str, Any]) -> bool:
        """Take a record in, and return whether it is the first: then `keep` is due soon."""
        with self._lock:
            self._records.append(record)
            return len(self._records) == 1

    def keep(self) -> None:
        """Keep what was gathered; where there is no room, say so."""
        with self._lock:
            records, self._records = self._records, []
        if not records:
            return
        try:
            self._keep(*records)
        except SpoolFull as problem:
            log.warning("Usage of %s calls is not kept: %s", len(records), problem)
