"""What goes on beside the router: pull, push, count, report; each on its own, none in step."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from threading import Event

from tokenops_sidecar.acceptance import Received
from tokenops_sidecar.admission import Door
from tokenops_sidecar.client import Denied, Receipt, Server, Unavailable
from tokenops_sidecar.leasing import Leasing
from tokenops_sidecar.meter import BlindMeter
from tokenops_sidecar.metrics import Metrics
from tokenops_sidecar.pace import Pace, spread, up_to
from tokenops_sidecar.reading import Unacceptable
from tokenops_sidecar.rejects import Rejects
from tokenops_sidecar.signature import KeyNotInForce, UnknownKey
from tokenops_sidecar.spool import Batch, Spool
from tokenops_sidecar.standing import Standing
from tokenops_sidecar.uses import Signal
from tokenops_sidecar.wire import signal_as_json

log = logging.getLogger(__name__)

MOST_RECORDS = 1_000
_LAST_PUSH_WITHIN_S = 5.0
_LONGEST_DETAIL = 2_000
_MOST_SIGNALS = 100
# A push that gets one of these is wrong itself: all of it, or a record in it.
_OF_THE_RECORDS = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)
Step = Callable[[Server], Awaitable[float]]


class Work:
    """The loops of a sidecar, on the event loop of its thread."""

    def __init__(
        self,
        *,
        standing: Standing,
        spool: Spool,
        meter: BlindMeter,
        door: Door,
        leasing: Leasing,
        metrics: Metrics,
        rejects: Rejects,
        pace: Pace,
        wait_s: int,
        has_asked: Event,
    ) -> None:
        self._standing, self._spool, self._meter = standing, spool, meter
        self._door, self._leasing = door, leasing
        self._metrics, self._rejects, self._pace = metrics, rejects, pace
        self._wait_s, self._has_asked = wait_s, has_asked
        self._is_in_touch = False
        self._signals: list[Signal] = []
        self._most = MOST_RECORDS
        self._usage_waits, self._has_news = asyncio.Event(), asyncio.Event()
        self._is_finished = asyncio.Event()

    def look(self) -> None:
        """Push soon: usage was kept."""
        self._usage_waits.set()

    def say(self) -> None:
        """Report soon: the router saw something that the server has to know."""
        self._has_news.set()

    def finish(self) -> None:
        self._is_finished.set()

    async def run(self, server: Server) -> None:
        """Work until finished, then push what waits if the server takes it soon."""
        steps = (self._pull, self._push, self._leasing.ask, self._leasing.settle, self._report)
        loops = [asyncio.create_task(self._forever(server, step)) for step in steps]
        await self._is_finished.wait()
        for each in loops:
            each.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        with contextlib.suppress(Unavailable, Denied, OSError, TimeoutError):
            async with asyncio.timeout(_LAST_PUSH_WITHIN_S):
                await self._push_all(server)
                await self._leasing.finish(server)

    async def _forever(self, server: Server, step: Step) -> None:
        """Take a step again and again; after a failure later, and ever later."""
        failures = 0
        while True:
            try:
                pause_s = await step(server)
                failures = 0
            except Exception as problem:  # noqa: BLE001 -- a loop that ends is a sidecar that lies
                failures += 1
                asked_s = problem.retry_after_s if isinstance(problem, Unavailable) else 0.0
                pause_s = self._pace.backoff_s(failures, retry_after_s=asked_s)
                log.warning("%s: %s; again in %.1f s", step.__name__, problem, pause_s)
            await asyncio.sleep(pause_s)

    async def _pull(self, server: Server) -> float:
        try:
            return await self._ask_for_policy(server)
        finally:
            self._has_asked.set()

    async def _ask_for_policy(self, server: Server) -> float:
        """Ask for the policy, and wait for another one where this one was confirmed just now."""
        wait_s = self._longest_wait_s() if self._is_in_touch else 0
        self._is_in_touch = False
        began_s = asyncio.get_running_loop().time()
        try:
            received = await server.policy(etag=self._standing.etag, wait_s=wait_s)
        except (Unavailable, Denied) as problem:
            self._metrics.count("pulls", result=type(problem).__name__.lower())
            raise
        if received is not None:
            return await self._take(server, received)
        self._confirm()
        if not self._longest_wait_s():
            return spread(self._refresh_s())
        came_early = asyncio.get_running_loop().time() - began_s < wait_s / 2
        # A server that is about to stop answers everybody at once; they come back spread out.
        return up_to(self._refresh_s()) if came_early else 0.0

    async def _take(self, server: Server, received: Received) -> float:
        """Obey a document, or report why not; a key that is new here is asked for first."""
        before = self._standing.revision
        try:
            try:
                self._standing.take(received)
            except (UnknownKey, KeyNotInForce):
                self._standing.believe(await server.keys())
                self._standing.take(received)
        except Unacceptable as problem:
            log.warning("The policy is not obeyed: %s", problem)
            self._metrics.count("pulls", result=problem.code)
            self._has_news.set()
            return spread(self._refresh_s())
        self._metrics.count("pulls", result="changed")
        self._in_touch()
        # Whatever stands between may lose the ETag: the same again is no reason to hurry.
        return 0.0 if self._standing.revision != before else spread(self._refresh_s())

    def _confirm(self) -> None:
        had_refused = self._standing.nack is not None
        self._standing.confirm()
        self._metrics.count("pulls", result="unchanged")
        self._in_touch(is_news=had_refused)

    def _in_touch(self, *, is_news: bool = True) -> None:
        self._meter.confirm()
        self._is_in_touch = True
        if is_news:
            self._has_news.set()

    def _longest_wait_s(self) -> int:
        """Return how long to wait for another policy: not so long that this one grows stale."""
        policy = self._standing.policy
        return min(self._wait_s, policy.stale_after_s // 2) if policy else 0

    def _refresh_s(self) -> float:
        policy = self._standing.policy
        return policy.refresh_after_s if policy else self._pace.longest_pause_s / 6

    async def _push(self, server: Server) -> float:
        """Push what waits; where nothing does, wait for it."""
        if not self._spool.depth:
            self._usage_waits.clear()
            await _first_of(self._usage_waits, within_s=self._pace.report_s)
            await asyncio.sleep(self._pace.gather_s)
        try:
            await self._push_all(server)
        except (Unavailable, Denied) as problem:
            self._metrics.count("pushes", result=type(problem).__name__.lower())
            raise
        finally:
            self._spool.look_for_room()
        return 0.0

    async def _push_all(self, server: Server) -> None:
        while self._spool.depth:
            batch = self._spool.waiting(most=self._most)
            if not batch.records:  # nothing but what the disk has spoilt
                self._spool.acknowledge(batch.end)
                continue
            try:
                receipt = await server.push(batch.records)
            except Denied as problem:
                self._part(batch, problem)
            else:
                self._acknowledge(batch, receipt)

    def _part(self, batch: Batch, problem: Denied) -> None:
        """Halve a push that is wrong itself, until the one record is found that makes it so."""
        if problem.status not in _OF_THE_RECORDS:
            raise problem
        if len(batch.records) > 1:
            self._most = len(batch.records) // 2
            return
        for record in batch.records:
            self._rejects.add(record, detail=str(problem))
        self._metrics.count("records", result="rejected")
        self._spool.acknowledge(batch.end)

    def _acknowledge(self, batch: Batch, receipt: Receipt) -> None:
        for rejected in receipt.rejected:
            self._rejects.add(batch.records[rejected.place], detail=rejected.detail)
        self._spool.acknowledge(batch.end)
        self._most = min(self._most * 2, MOST_RECORDS)
        self._metrics.count("pushes", result="taken")
        for result in ("accepted", "duplicate", "conflict"):
            self._metrics.count("records", getattr(receipt, result), result=result)
        self._metrics.count("records", len(receipt.rejected), result="rejected")

    async def _report(self, server: Server) -> float:
        """Tell which revision is obeyed, at once when that changes and else now and then."""
        await _first_of(self._has_news, within_s=spread(self._pace.report_s))
        self._has_news.clear()
        self._signals += self._new_signals()
        signals = self._signals[:_MOST_SIGNALS]
        nack, applied_at = self._standing.nack, self._standing.applied_at
        errors = []
        if nack is not None:
            detail = f"{nack.code}: {nack.detail}"[:_LONGEST_DETAIL]
            errors.append({"revision": nack.revision, "detail": detail})
        try:
            await server.report(
                revision=self._standing.revision,
                applied_at=applied_at.isoformat() if applied_at else None,
                errors=errors,
                signals=[signal_as_json(signal) for signal in signals],
            )
        except (Unavailable, Denied):
            self._has_news.set()
            raise
        del self._signals[: len(signals)]
        # A loop that goes on is seen again with every call; the server need not hear each.
        return self._pace.settle_s if signals else 0.0

    def _new_signals(self) -> list[Signal]:
        """Take what the router saw over; it is told until the server has it."""
        with self._door.changed:
            return self._door.tally.signals()


async def _first_of(event: asyncio.Event, *, within_s: float) -> None:
    """Wait for an event, but no longer than that."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await event.wait()
