"""Racing calls against one another, each in a thread with a connection of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, Self

from django.db import connections


def race(*calls: Callable[[], Any]) -> list[Any]:
    """Start all calls at once; return each one's result, or the exception it raised."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return call()
        except Exception as error:  # noqa: BLE001 — the test looks at it
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


class Racers:
    """Threads that race again and again, each on a connection it keeps from round to round.

    A race of its own threads spends most of its time on connecting; over a thousand rounds
    that is what it would measure.
    """

    def __init__(self, count: int) -> None:
        self._start = Barrier(count)
        self._pools = [ThreadPoolExecutor(1) for _ in range(count)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pool in self._pools:
            pool.submit(connections.close_all)
            pool.shutdown()

    def race(self, *calls: Callable[[], Any]) -> list[Any]:
        """Start one call in each thread at once; return results, or the exceptions raised."""
        runs = zip(self._pools, calls, strict=True)
        return [run.result() for run in [pool.submit(self._run, call) for pool, call in runs]]

    def _run(self, call: Callable[[], Any]) -> Any:
        self._start.wait()
        try:
            return call()
        except Exception as error:  # noqa: BLE001 — the test looks at it
            return error
