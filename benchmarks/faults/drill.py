"""One drill: an installation of its own, two deliveries of one file, faults while they load."""

import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.faults.causes import (
    Fault,
    Redis,
    Scene,
    kill_child,
    kill_parent,
    lose_messages,
    restart_broker,
    stop_database,
)
from benchmarks.faults.outcome import outcome
from benchmarks.setting import own_installation
from benchmarks.usage_file import write_usage
from tokenops import embedded

ATTEMPTS = 30
CHUNK_BYTES = 1 << 18  # small pieces, so that many a fault falls into a load
PATIENCE_S = 300
# A fast machine may be done before every fault has happened; a drill of few proves nothing.
LEAST_SHARE = 0.5

# Each drill: how many rows, which faults how often, and the broker it runs on.
DRILLS: dict[str, tuple[int, dict[Fault, int], str]] = {
    "kills": (1_000_000, {kill_parent: 25, kill_child: 25}, "filesystem"),
    "database": (300_000, {stop_database: 20}, "filesystem"),
    "messages": (300_000, {lose_messages: 20, kill_child: 5}, "filesystem"),
    "redis": (300_000, {restart_broker: 20, lose_messages: 20}, "redis"),
}


def run(name: str, *, rows: int = 0) -> dict[str, Any]:
    """Run one drill in an installation of its own and return what it saw."""
    all_rows, faults, broker = DRILLS[name]
    rows = rows or all_rows
    if broker == "redis" and not shutil.which("redis-server"):
        return {"name": name, "skipped": "there is no redis-server on PATH", "passed": True}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tokenops-drill-")))
        redis = Redis() if broker == "redis" else None
        if redis:
            redis.start()
            stack.callback(redis.kill)
        os.environ |= {
            "TOKENOPS_VAR": str(folder),
            "TOKENOPS_CHUNK_BYTES": str(CHUNK_BYTES),
            "TOKENOPS_MOST_ATTEMPTS": str(ATTEMPTS),
            "CELERY_BROKER_URL": redis.url if redis else "",
        }
        for theirs in ("DATABASE_URL", "DATABASE_OWNER_URL"):
            os.environ.pop(theirs, None)
        stack.callback(embedded.release, var_dir=folder)
        stack.enter_context(own_installation(folder))
        return _drill(name, folder=folder, rows=rows, faults=faults, redis=redis)


def _drill(
    name: str, *, folder: Path, rows: int, faults: dict[Fault, int], redis: Redis | None
) -> dict[str, Any]:
    from tests.live import Beat, Worker  # noqa: PLC0415 -- Django is set up by the caller
    from tests.org_cast import gather  # noqa: PLC0415 -- as above

    gather()
    path = folder / "usage.csv"
    write_usage(path, rows=rows)
    started = time.monotonic()
    with (
        Worker() as worker,
        Beat(folder / "beat-1"),
        Beat(folder / "beat-2"),
    ):
        scene = Scene(folder, worker, random.Random(5), redis)
        deliveries = [_hand_in(path) for _ in range(2)]
        _let_happen(scene, faults, deliveries)
        last_fault = time.monotonic()
        _wait_for_the_end(deliveries)
    seen = outcome(deliveries, path)
    return {
        "name": name,
        "rows": rows,
        "faults": dict(scene.done),
        "of": sum(faults.values()),
        "seconds": round(time.monotonic() - started),
        "seconds_after_last_fault": round(time.monotonic() - last_fault),
        **seen,
        "passed": not any(seen[figure] for figure in ("lost", "doubled", "sum_off_usd", "unproved"))
        and sum(scene.done.values()) >= sum(faults.values()) * LEAST_SHARE,
    }


def _hand_in(path: Path) -> int:
    from ingestion.operations.deliveries import submit_file  # noqa: PLC0415 -- as above

    with path.open("rb") as file:
        delivery = submit_file(
            file=file,
            filename=path.name,
            source="tokenops",
            account="",
            column_map={},
            fixed_values={},
            by=None,
            at=datetime.now(UTC),
        )
    return delivery.pk


def _let_happen(scene: Scene, faults: dict[Fault, int], deliveries: list[int]) -> None:
    """Let the faults happen in a random order, each after the load has moved on."""
    due = [fault for fault, times in faults.items() for _ in range(times)]
    scene.dice.shuffle(due)
    seen = 0
    for fault in due:
        seen = _wait_for_progress(deliveries, seen)
        if _asked(lambda: _all_ended(deliveries)):
            return
        time.sleep(scene.dice.random() * 0.4)
        fault(scene)
        scene.done[fault.__name__] += 1


def _wait_for_progress(deliveries: list[int], seen: int) -> int:
    """Wait until another piece is loaded, or everything is."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        now: int = _asked(_pieces_done)
        if now > seen or _asked(lambda: _all_ended(deliveries)):
            return now
        time.sleep(0.05)
    raise TimeoutError(f"Nothing was loaded for {PATIENCE_S} s.")


def _wait_for_the_end(deliveries: list[int]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not _asked(lambda: _all_ended(deliveries)):
        if time.monotonic() > deadline:
            raise TimeoutError(f"The load did not end within {PATIENCE_S} s of the last fault.")
        time.sleep(0.2)


def _asked(question: Callable[[], Any]) -> Any:
    """Ask the database, again and again where it is away."""
    from django.db import connection  # noqa: PLC0415 -- as above
    from django.db.utils import OperationalError  # noqa: PLC0415 -- as above

    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return question()
        except OperationalError:
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _pieces_done() -> int:
    from ingestion.models import Chunk  # noqa: PLC0415 -- as above

    return Chunk.objects.filter(state=Chunk.State.DONE).count()


def _all_ended(deliveries: list[int]) -> bool:
    from ingestion.models import Delivery  # noqa: PLC0415 -- as above

    running = [Delivery.State.QUEUED, Delivery.State.RUNNING]
    return not Delivery.objects.filter(pk__in=deliveries, state__in=running).exists()
