"""The sidecar in a router's process: one thread beside it, decisions without a request.

with Agent(Settings(url=…, token=…, sidecar="router-1", folder=Path(…))) as agent:
    decision = agent.decide({"provider": "openai", "model": "gpt-5", "workflow": "search"})
    …
    agent.record({"id": …, "started_at": …, "provider": …, "model": …, "tokens": {…}})
"""

import asyncio
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any, Self

from tokenops_sidecar import disk
from tokenops_sidecar.call import read_call
from tokenops_sidecar.client import LONGEST_WAIT_S, Server
from tokenops_sidecar.clock import SteadyClock
from tokenops_sidecar.decide import Counters, Decision, decide
from tokenops_sidecar.meter import Entry, OwnMeter
from tokenops_sidecar.metrics import Metrics
from tokenops_sidecar.pace import Pace
from tokenops_sidecar.policy import Policy
from tokenops_sidecar.price import cost_usd
from tokenops_sidecar.reading import Node, Unacceptable
from tokenops_sidecar.rejects import Rejects
from tokenops_sidecar.signature import Key
from tokenops_sidecar.spool import MOST_BYTES, Spool
from tokenops_sidecar.standing import Standing
from tokenops_sidecar.store import Store
from tokenops_sidecar.tally import Tally
from tokenops_sidecar.work import Work

_STOPS_WITHIN_S = 15.0


@dataclass(frozen=True, slots=True)
class Settings:
    """Who the sidecar is and whom it asks.

    `keys` pins the keys that are believed; without any they are fetched from the server.
    `folder` keeps the policy and the usage, and belongs to one sidecar alone.
    """

    url: str
    token: str = field(repr=False)
    sidecar: str
    folder: Path
    keys: Mapping[str, Key] = field(default_factory=dict)
    most_spool_bytes: int = MOST_BYTES
    wait_s: int = LONGEST_WAIT_S
    pace: Pace = field(default_factory=Pace)
    trust_env: bool = True


class Agent:
    """Decides by the last good policy, keeps usage until it is counted, tells the server."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clock = SteadyClock()
        self.metrics = Metrics()
        disk.make_folder(settings.folder)
        self._lock = disk.Lock(settings.folder)
        self._spool = Spool(settings.folder / "spool", most_bytes=settings.most_spool_bytes)
        store = Store(settings.folder)
        self._standing = Standing(store, pinned=settings.keys, clock=self._clock)
        self._meter = OwnMeter()
        self._tally = Tally()
        self._meter.add(self._entries(self._spool.start, self._spool.each_waiting()))
        self._has_asked = Event()
        self._work = Work(
            standing=self._standing,
            spool=self._spool,
            meter=self._meter,
            metrics=self.metrics,
            rejects=Rejects(settings.folder),
            pace=settings.pace,
            wait_s=settings.wait_s,
            has_asked=self._has_asked,
        )
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._run, name="tokenops-sidecar", daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to pull and to push."""
        self._thread.start()

    def wait_for_word(self, *, within_s: float) -> bool:
        """Wait until the server was asked a first time; return whether a policy is obeyed."""
        self._has_asked.wait(within_s)
        return self._standing.policy is not None

    def stop(self) -> None:
        """Push what waits, if the server takes it soon, and end; the rest stays on the disk."""
        if self._thread.ident is None:
            self._loop.close()
        else:
            self._tell(self._work.finish)
            self._thread.join(_STOPS_WITHIN_S)
        self._spool.close()
        self._lock.release()

    def decide(self, call: Mapping[str, Any]) -> Decision:
        """Return what is to be done with a call; no request is made for it.

        Raises Unacceptable where the call is not described as it must be.
        """
        standing = self._standing
        decision = decide(read_call(call), standing.policy, self._counters(), self._clock())
        self.metrics.count("decisions", outcome=decision.outcome, code=decision.code)
        return decision

    def record(self, *records: Mapping[str, Any]) -> None:
        """Keep usage records on the disk, all or none, to be counted by the server.

        Raises Unacceptable for one that is no usage record, SpoolFull where there is no room.
        A record without an id gets one, so that it counts once however often it is sent.
        """
        whole = [{"id": f"sidecar-{uuid.uuid4()}", **record} for record in records]
        for record in whole:
            _check(record)
        first = self._spool.append(whole)
        self._meter.add(self._entries(first, whole))
        self._tell(self._work.look)

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
        gauges = {
            "policy_revision": self._standing.revision,
            "policy_age_seconds": age_s,
            "spool_records": self._spool.depth,
            "spool_full": int(self._spool.is_full),
        }
        return self.metrics.text(gauges)

    def _counters(self) -> Counters:
        return Counters(
            blind_usd=self._meter.blind_usd,
            tally=self._tally,
            confirmed_at=self._standing.confirmed_at,
            can_record=not self._spool.is_full,
        )

    def _entries(self, first: int, records: Iterable[Mapping[str, Any]]) -> list[Entry]:
        policy = self._standing.policy
        if policy is None:
            return []
        entries = (_entry(at, record, policy) for at, record in enumerate(records, start=first))
        return [entry for entry in entries if entry is not None]

    def _tell(self, what: Callable[[], None]) -> None:
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


def _entry(place: int, record: Mapping[str, Any], policy: Policy) -> Entry | None:
    """Return what a record counts; None for a cost that nobody can say."""
    try:
        usd = cost_usd(record, policy)
        scopes = tuple(scope.id for scope in policy.path(read_call(record).attributes))
    except Unacceptable:
        return None  # it was good when it was kept, so the disk has spoilt it
    return None if usd is None else Entry(place, scopes, usd)


def _check(record: Mapping[str, Any]) -> None:
    """Refuse now what the server would refuse later, when nobody can mend it."""
    top = Node(record)
    top.at("id").name()
    top.at("started_at").instant()
    read_call(record)
    tokens: Sequence[tuple[str, Node]] = (
        top.at("tokens").each_member() if "tokens" in record else ()
    )
    for _, count in tokens:
        count.whole()
    stated = top.maybe("cost_usd")
    if stated is not None:
        stated.usd()
