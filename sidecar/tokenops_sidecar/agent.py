"""The sidecar in a router's process: one thread beside it, decisions without a request.

with Agent(Settings(url=…, token=…, sidecar="router-1", folder=Path(…))) as agent:
    admission = agent.admit({"provider": "openai", "model": "gpt-5", "workflow": "search"})
    if admission.hold is not None:
        …  # call admission.decision.model, then say what it used:
        agent.settle(admission.hold, {"tokens": {"in_text": 2000, "out_text": 900}})
"""

import asyncio
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any, Self

from tokenops_sidecar import disk, usage
from tokenops_sidecar.admission import PATIENCE_S, Door
from tokenops_sidecar.client import LONGEST_WAIT_S, Server
from tokenops_sidecar.clock import SteadyClock
from tokenops_sidecar.decision import Decision
from tokenops_sidecar.ended import GATHERED_S, Ended
from tokenops_sidecar.held import Admission
from tokenops_sidecar.leasing import Leasing
from tokenops_sidecar.meter import BlindMeter
from tokenops_sidecar.metrics import Metrics
from tokenops_sidecar.pace import Pace
from tokenops_sidecar.probes import Probes
from tokenops_sidecar.purse import Purses
from tokenops_sidecar.rejects import Rejects
from tokenops_sidecar.signature import Key
from tokenops_sidecar.spool import MOST_BYTES, Spool
from tokenops_sidecar.standing import Standing
from tokenops_sidecar.store import Store
from tokenops_sidecar.wire import refusal_as_json, refusal_headers
from tokenops_sidecar.work import Work

_STOPS_WITHIN_S = 15.0


@dataclass(frozen=True, slots=True)
class Settings:
    """Who the sidecar is and whom it asks.

    `keys` pins the keys that are believed; without any they are fetched from the server.
    `folder` keeps the policy, the leases and the usage, and belongs to one sidecar alone.
    `patience_s` is how long a call waits at most for the server to lease it money.
    """

    url: str
    token: str = field(repr=False)
    sidecar: str
    folder: Path
    keys: Mapping[str, Key] = field(default_factory=dict)
    most_spool_bytes: int = MOST_BYTES
    wait_s: int = LONGEST_WAIT_S
    patience_s: float = PATIENCE_S
    pace: Pace = field(default_factory=Pace)
    trust_env: bool = True


class Agent:
    """Decides by the last good policy, holds money on lease, keeps usage until it is counted."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clock = SteadyClock()
        self.metrics = Metrics()
        disk.make_folder(settings.folder)
        self._lock = disk.Lock(settings.folder)
        self._spool = Spool(settings.folder / "spool", most_bytes=settings.most_spool_bytes)
        store = Store(settings.folder)
        self._standing = Standing(store, pinned=settings.keys, clock=self._clock)
        self._meter = BlindMeter()
        for record in self._spool.each_waiting():
            self._count(record)
        self._purses = Purses(settings.folder, at=self._clock())
        quotas, probes = Purses(None, at=self._clock()), Probes()
        self._door = Door(
            standing=self._standing,
            purses=self._purses,
            quotas=quotas,
            probes=probes,
            meter=self._meter,
            metrics=self.metrics,
            clock=self._clock,
            can_record=lambda: not self._spool.is_full,
        )
        leasing = Leasing(
            door=self._door,
            purses=self._purses,
            quotas=quotas,
            probes=probes,
            clock=self._clock,
            metrics=self.metrics,
            pace=settings.pace,
        )
        self._has_asked = Event()
        self._work = Work(
            standing=self._standing,
            spool=self._spool,
            meter=self._meter,
            door=self._door,
            leasing=leasing,
            metrics=self.metrics,
            rejects=Rejects(settings.folder),
            pace=settings.pace,
            wait_s=settings.wait_s,
            has_asked=self._has_asked,
        )
        self._door.on_want = lambda: self._tell(leasing.look)
        self._door.on_signal = lambda: self._tell(self._work.say)
        self._ended = Ended(self._keep)
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._run, name="tokenops-sidecar", daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to pull, to lease and to push."""
        self._thread.start()

    def wait_for_word(self, *, within_s: float) -> bool:
        """Wait until the server was asked a first time; return whether a policy is obeyed."""
        self._has_asked.wait(within_s)
        return self._standing.policy is not None

    def stop(self) -> None:
        """Push and give back what the server takes soon, and end; the rest stays on the disk."""
        self._ended.keep()
        if self._thread.ident is None:
            self._loop.close()
        else:
            self._tell(self._work.finish)
            self._thread.join(_STOPS_WITHIN_S)
        self._spool.close()
        self._lock.release()

    def decide(self, call: Mapping[str, Any]) -> Decision:
        """Return what would be done with a call now; nothing is counted, and nothing is held.

        Raises Unacceptable where the call is not described as it must be.
        """
        return self._door.decide(call)

    def admit(self, call: Mapping[str, Any], *, patience_s: float | None = None) -> Admission:
        """Return what is to be done with a call, and hold what it may cost where it is made.

        Waits for the server only where money has to be leased first. Raises Unacceptable where
        the call is not described as it must be.
        """
        return self._door.admit(call, patience_s=self._patience_s(patience_s))

    async def admit_async(
        self, call: Mapping[str, Any], *, patience_s: float | None = None
    ) -> Admission:
        """Do as `admit`, without holding up the event loop."""
        return await self._door.admit_async(call, patience_s=self._patience_s(patience_s))

    def settle(self, hold: str, record: Mapping[str, Any]) -> None:
        """End an admitted call with what it used, which is kept on the disk.

        What the record does not say is taken from the call. Raises Unacceptable for what is no
        usage record, and the call goes on; SpoolFull where there is no room, and it has ended.
        """
        whole = self._whole({**self._door.describe(hold), **record})
        try:
            self._keep(whole)
        finally:
            self._end(hold, whole)

    def settle_soon(self, hold: str, record: Mapping[str, Any]) -> None:
        """End an admitted call at once, and keep what it used a moment later, without waiting.

        What ends together is written together. A kill loses the records of that moment, a full
        disk those that find no room; what they cost is counted on their leases in any case.
        """
        whole = self._whole({**self._door.describe(hold), **record})
        self._end(hold, whole)
        if self._ended.add(whole):
            self._tell(lambda: self._loop.call_later(GATHERED_S, self._ended.keep))

    def cancel(self, hold: str, *, dispatched: bool) -> None:
        """End an admitted call that has no answer; once it was sent, its input stays spent."""
        if not self._door.is_under_way(hold):
            return
        self.metrics.count("holds", result="cancelled" if dispatched else "undone")
        if not dispatched:
            self._door.undo(hold)
            return
        in_tokens, usd = self._door.input_of(hold)
        try:
            self._keep(self._whole(usage.of_input(self._door.describe(hold), in_tokens)))
        finally:
            self._door.end(hold, usd=usd, tokens=in_tokens)

    def refusal(self, decision: Decision) -> tuple[dict[str, Any], dict[str, str]]:
        """Return body and headers of the 429 that answers a call which is not made."""
        body = refusal_as_json(decision, self._standing.policy, self._clock())
        return body, refusal_headers(body, decision)

    def record(self, *records: Mapping[str, Any]) -> None:
        """Keep usage of calls that were not admitted here, all or none, for the server to count.

        Raises Unacceptable for one that is no usage record, SpoolFull where there is no room.
        A record without an id gets one, so that it counts once however often it is sent.
        """
        whole = [self._whole(record) for record in records]
        self._keep(*whole)
        for record in whole:
            self._count(record)

    @property
    def standing(self) -> Standing:
        return self._standing

    @property
    def spool(self) -> Spool:
        return self._spool

    def metrics_text(self) -> str:
        """Return what happened and where things stand, in Prometheus' text format."""
        confirmed_at = self._standing.confirmed_at
        age_s = (self._clock() - confirmed_at).total_seconds() if confirmed_at else None
        with self._door.changed:
            leases = self._purses.figures(self._clock())
        gauges = {
            "policy_revision": self._standing.revision,
            "policy_age_seconds": age_s,
            "spool_records": self._spool.depth,
            "spool_full": int(self._spool.is_full),
            "calls_under_way": self._door.under_way,
            **leases,
        }
        return self.metrics.text(gauges)

    def _patience_s(self, given: float | None) -> float:
        return self._settings.patience_s if given is None else given

    def _whole(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        whole = {"id": f"sidecar-{uuid.uuid4()}", **record}
        usage.check(whole)
        return whole

    def _keep(self, *records: Mapping[str, Any]) -> None:
        self._spool.append(records)
        self._tell(self._work.look)

    def _end(self, hold: str, whole: Mapping[str, Any]) -> None:
        _, usd = usage.spent(whole, self._standing.policy)
        was_under_way = self._door.end(hold, usd=usd, tokens=usage.tokens_of(whole))
        self.metrics.count("holds", result="settled" if was_under_way else "late")

    def _count(self, record: Mapping[str, Any]) -> None:
        scopes, usd = usage.spent(record, self._standing.policy)
        if usd is not None:
            self._meter.add(scopes, usd)

    def _tell(self, what: Callable[[], object]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(what)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._main())

    async def _main(self) -> None:
        settings = self._settings
        server = Server(
            settings.url,
            token=settings.token,
            sidecar=settings.sidecar,
            trust_env=settings.trust_env,
        )
        try:
            await self._work.run(server)
        finally:
            await server.close()
