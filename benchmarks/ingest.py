"""A million rows end to end, beside a bare COPY of the same rows.

End to end is: hand the file in, prepare, parse, price, deduplicate, store, roll up, by real
Celery workers. The limit is one COPY of the very rows that were stored into a table with the
same columns and primary key on the same server.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.bare_copy import bare_copy_seconds
from benchmarks.focus_file import write_focus
from benchmarks.usage_file import write_litellm, write_usage

ROWS = 1_000_000
MOST_MB = 500
_MAP = {"native_id": "id", "person": "person", "project": "project"} | {
    name: name
    for name in ("started_at", "provider", "model", "in_text", "in_cache_read", "out_text")
}


@dataclass(frozen=True)
class Load:
    """A file to load: how it is written and read, by how many processes, at which rate."""

    write: Callable[..., None]
    source: str
    least_ratio: float
    rows: int = ROWS
    processes: int = 2
    column_map: Mapping[str, str] = field(default_factory=dict)
    table: str = "ingestion_event"
    key: str = "utc_day, key, generation"


# 75 people make some 450 slices where 3,000 make fifteen thousand.
LOADS = {
    "csv": Load(write_usage, "csv", 0.35, column_map=_MAP),
    "csv-one-process": Load(write_usage, "csv", 0.25, processes=1, column_map=_MAP),
    "csv-ten-million": Load(write_usage, "csv", 0.35, rows=10 * ROWS, column_map=_MAP),
    "csv-few-slices": Load(partial(write_usage, people=75), "csv", 0.35, column_map=_MAP),
    "litellm": Load(write_litellm, "litellm", 0.20),
    "focus": Load(write_focus, "focus", 0.30, table="ingestion_reportline", key="id"),
}


def run(folder: Path, *, load: Load, name: str) -> dict[str, Any]:
    from ingestion.models import Slice, SliceDay  # noqa: PLC0415 -- Django is set up by the caller
    from tests.org_cast import gather  # noqa: PLC0415 -- as above

    gather()
    path, rows = folder / "usage", load.rows
    load.write(path, rows=rows)
    seconds, peak_mb = _load(path, load, rows)
    copy_seconds = bare_copy_seconds(folder, table=load.table, key=load.key)
    ratio = copy_seconds / seconds
    return {
        "name": name,
        "rows": rows,
        "processes": load.processes,
        "rows_per_s": round(rows / seconds),
        "bare_copy_rows_per_s": round(rows / copy_seconds),
        "ratio": round(ratio, 3),
        "least_ratio": load.least_ratio,
        "slices": Slice.objects.count(),
        "slice_days": SliceDay.objects.count(),
        "worker_peak_mb": peak_mb,
        "most_mb": MOST_MB,
        "passed": ratio >= load.least_ratio and peak_mb <= MOST_MB,
    }


def _load(path: Path, load: Load, rows: int) -> tuple[float, int]:
    """Load the file by real workers; return the seconds and the dearest process's MB."""
    from ingestion.models import Delivery  # noqa: PLC0415 -- as above
    from ingestion.operations.deliveries import submit_file  # noqa: PLC0415 -- as above
    from tests.live import Bell, Worker, until  # noqa: PLC0415 -- as above

    bell = Bell()
    with Worker(processes=load.processes) as worker:
        until(lambda: len(worker.children()) >= load.processes)
        memory = _Memory(worker)
        started = time.perf_counter()
        with path.open("rb") as file:
            delivery = submit_file(
                file=file,
                filename=path.name,
                source=load.source,
                account="main",
                column_map=load.column_map,
                fixed_values={},
                by=None,
                at=datetime.now(UTC),
            )
        bell.ring("ingestion.tasks.look")

        def done() -> bool:
            delivery.refresh_from_db()
            if Delivery.objects.filter(pk=delivery.pk, state="running", loaded=0).exists():
                bell.ring("ingestion.tasks.look")
            return delivery.state not in {"queued", "running"}

        until(done, within_s=1500)
        seconds = time.perf_counter() - started
        peak_mb = memory.stop()
    assert (delivery.state, delivery.loaded) == ("done", rows), delivery.reason  # noqa: S101 -- a benchmark of a failed load says nothing
    return seconds, peak_mb


class _Memory:
    """The most memory any of a worker's processes held."""

    def __init__(self, worker: Any) -> None:
        self._worker, self._peak_kb, self._running = worker, 0, True
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while self._running:
            for pid in self._worker.children():
                self._peak_kb = max(self._peak_kb, _peak_kb(pid))
            time.sleep(0.2)

    def stop(self) -> int:
        self._running = False
        self._thread.join()
        return self._peak_kb // 1024


def _peak_kb(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    lines = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) if lines else 0
