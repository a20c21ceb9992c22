"""The door a call goes through: decided, counted and its money held in one step.

Between a decision and what it counts nothing else may decide, so both happen under one lock,
and as many threads as there are never let through more than the leases hold.
"""

import asyncio
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from threading import Condition
from typing import Any

from tokenops_sidecar.call import Call, read_call
from tokenops_sidecar.clock import SteadyClock
from tokenops_sidecar.counters import Counters
from tokenops_sidecar.decide import decide
from tokenops_sidecar.decision import LEASE, LOOP, Decision
from tokenops_sidecar.held import Admission, Held, as_record, lease_of
from tokenops_sidecar.meter import BlindMeter
from tokenops_sidecar.metrics import Metrics
from tokenops_sidecar.policy import Policy
from tokenops_sidecar.price import input_usd
from tokenops_sidecar.probes import PREFIX, Probes
from tokenops_sidecar.purse import NoRoom, Purses
from tokenops_sidecar.quota_blocks import QuotaBlocks
from tokenops_sidecar.standing import Standing
from tokenops_sidecar.tally import Tally

# A call that nobody ended counts as what it could have cost at most.
ENDED_AFTER = timedelta(minutes=15)
PATIENCE_S = 2.0
_NOTHING = Decimal(0)


class Door:
    """Lets calls in and out, for any number of threads and tasks."""

    def __init__(
        self,
        *,
        standing: Standing,
        purses: Purses,
        quotas: Purses,
        probes: Probes,
        meter: BlindMeter,
        metrics: Metrics,
        clock: SteadyClock,
        can_record: Callable[[], bool],
    ) -> None:
        self._standing, self._purses, self._probes = standing, purses, probes
        self._quotas, self._meter = quotas, meter
        self._metrics, self._clock, self._can_record = metrics, clock, can_record
        self._tally = Tally()
        self._held: dict[str, Held] = {}
        self._waiting: set[Callable[[], None]] = set()
        self._revision = 0
        self.changed = Condition()
        # Told when a call waits for the server's answer, and when the server must hear of one.
        self.on_want: Callable[[], None] = lambda: None
        self.on_signal: Callable[[], None] = lambda: None

    # Who calls.

    def decide(self, members: Mapping[str, Any]) -> Decision:
        """Return what would be done with a call. Nothing is counted or held."""
        call = read_call(members)
        with self.changed:
            decision = self._decide(call, self._standing.policy, self._clock())
        self._metrics.count("decisions", outcome=decision.outcome, code=decision.code)
        return decision

    def admit(self, members: Mapping[str, Any], *, patience_s: float) -> Admission:
        """Let a call in or not; where money has to be leased first, wait for it so long."""
        call = read_call(members)
        until_s = time.monotonic() + patience_s
        has_waited = False
        with self.changed:
            while True:
                left_s = until_s - time.monotonic()
                found = self._admit(call, members, is_last=left_s <= 0)
                if found is not None:
                    return self._counted(found, has_waited=has_waited)
                has_waited = True
                self.on_want()
                self.changed.wait(left_s)

    async def admit_async(self, members: Mapping[str, Any], *, patience_s: float) -> Admission:
        """Let a call in or not, without holding up the loop while money is leased."""
        call = read_call(members)
        with self.changed:
            found = self._admit(call, members, is_last=patience_s <= 0)
        if found is not None:
            return self._counted(found, has_waited=False)
        return await self._waited(call, members, patience_s=patience_s)

    def describe(self, hold: str) -> Mapping[str, Any]:
        """Return what a record of the call says anyway, its lease among it."""
        held = self._held.get(hold)
        lease = lease_of(hold)
        return {**(held.record if held else {}), **({"lease": lease} if lease else {})}

    def input_of(self, hold: str) -> tuple[int | None, Decimal]:
        """Return the tokens and the price of what was sent with a call."""
        held, policy = self._held[hold], self._standing.policy
        if policy is None:
            return held.call.in_tokens, held.decision.reserve_usd
        model = policy.models.get((held.call.provider, held.decision.model))
        usd = input_usd(held.call, policy, model)
        return held.call.in_tokens, held.decision.reserve_usd if usd is None else usd

    def end(self, hold: str, *, usd: Decimal | None, tokens: int | None) -> bool:
        """Let a call out with what it used; return whether it was under way.

        An amount that nobody knows stays what was held for it.
        """
        with self.changed:
            held = self._held.pop(hold, None)
            if held is None:
                return False
            reserved_usd = held.decision.reserve_usd
            used_usd = reserved_usd if usd is None else usd
            self._let_go(held, used_usd)
            blocks = QuotaBlocks(self._quotas, self._clock())
            blocks.end(held.draws, usd=used_usd, tokens=tokens, made=True)
            self._meter.add(held.scopes, used_usd)
            if held.taken is not None:
                self._tally.leave(held.taken, self._clock(), tokens=tokens, usd=used_usd)
            return True

    def undo(self, hold: str) -> None:
        """Let a call out that never went to a provider: nothing of it counts."""
        with self.changed:
            held = self._held.pop(hold, None)
            if held is None:
                return
            self._let_go(held, _NOTHING)
            blocks = QuotaBlocks(self._quotas, self._clock())
            blocks.end(held.draws, usd=None, tokens=None, made=False)
            if held.taken is not None:
                self._tally.undo(held.taken, self._clock())

    def is_under_way(self, hold: str) -> bool:
        return hold in self._held

    # Who works in the background.

    def sweep(self) -> None:
        """End the calls that nobody ended."""
        limit = self._clock() - ENDED_AFTER
        with self.changed:
            old = [name for name, held in self._held.items() if held.held_at <= limit]
        for name in old:
            self.end(name, usd=None, tokens=None)
            self._metrics.count("holds", result="expired")

    def wake(self) -> None:
        """Let those who wait look again."""
        with self.changed:
            self.changed.notify_all()
            waiting = list(self._waiting)
        for tell in waiting:
            tell()

    @property
    def tally(self) -> Tally:
        """What the router counts; only under `changed`."""
        return self._tally

    @property
    def under_way(self) -> int:
        return len(self._held)

    async def _waited(
        self, call: Call, members: Mapping[str, Any], *, patience_s: float
    ) -> Admission:
        loop, news = asyncio.get_running_loop(), asyncio.Event()
        until_s = loop.time() + patience_s
        with self._told(lambda: _set(loop, news)):
            while True:
                left_s = until_s - loop.time()
                news.clear()
                with self.changed:
                    found = self._admit(call, members, is_last=left_s <= 0)
                if found is not None:
                    return self._counted(found, has_waited=True)
                self.on_want()
                try:
                    async with asyncio.timeout(left_s):
                        await news.wait()
                except TimeoutError:
                    continue

    # Under the lock.

    def _decide(self, call: Call, policy: Policy | None, now: datetime) -> Decision:
        if policy is not None and policy.revision != self._revision:
            self._revision = policy.revision
            self._purses.news()
            self._quotas.news()
        counters = Counters(
            purses=self._purses.seen(now),
            blind_usd=self._meter,
            tally=self._tally,
            confirmed_at=self._standing.confirmed_at,
            can_record=self._can_record(),
            quotas=QuotaBlocks(self._quotas, now),
        )
        return decide(call, policy, counters, now)

    def _admit(self, call: Call, members: Mapping[str, Any], *, is_last: bool) -> Admission | None:
        """Return what became of a call; None where it is worth waiting for the server."""
        policy, now = self._standing.policy, self._clock()
        decision = self._decide(call, policy, now)
        if self._is_leased_first(decision, now):
            self._want(decision, policy, now)
            if not is_last:
                return None
        lease = ""
        if decision.is_go and decision.home:
            try:
                lease = self._purses.hold(decision.home, decision.reserve_usd, now)
            except NoRoom as problem:
                decision = _not_kept(decision, str(problem))
        path = policy.path(call.attributes) if policy else ()
        taken = self._tally.take(decision, call, path, now)
        if decision.code == LOOP:
            self.on_signal()
        if not decision.is_go:
            return Admission(decision)
        hold = f"{uuid.uuid4()}@{lease}"
        draws = QuotaBlocks(self._quotas, now).hold(decision.draws)
        scopes = tuple(scope.id for scope in path)
        record = as_record(members, decision)
        self._held[hold] = Held(decision, call, record, taken, scopes, lease, draws, now)
        self._meter.hold(scopes, decision.reserve_usd)
        return Admission(decision, hold)

    def _is_leased_first(self, decision: Decision, now: datetime) -> bool:
        """Test whether the server has to be asked: for the first time, or for less than last."""
        if decision.outcome == "queue":
            return decision.code == LEASE
        purse = self._purses.seen(now).get(decision.home)
        refusal = purse.refusal if purse else None
        if refusal is None or not decision.cap or refusal.cap != decision.cap:
            return False
        return self._purses.is_worth_asking(decision.home, decision.reserve_usd)

    def _want(self, decision: Decision, policy: Policy | None, now: datetime) -> None:
        if policy is None:
            return
        if decision.cap.startswith(PREFIX):
            self._probes.want(decision.cap)
        elif decision.amount is not None:
            blocks = QuotaBlocks(self._quotas, now)
            blocks.want(decision.cap, decision.subject, decision.amount)
        else:
            (cap, *_) = policy.paths[decision.home][0].hard_caps
            self._purses.want(decision.home, cap.id, decision.reserve_usd)

    def _let_go(self, held: Held, used_usd: Decimal) -> None:
        reserved_usd = held.decision.reserve_usd
        self._purses.settle(held.lease, held_usd=reserved_usd, used_usd=used_usd)
        self._meter.let_go(held.scopes, reserved_usd)

    def _counted(self, found: Admission, *, has_waited: bool) -> Admission:
        decision = found.decision
        self._metrics.count("decisions", outcome=decision.outcome, code=decision.code)
        if has_waited:
            self._metrics.count("waits", outcome=decision.outcome)
        return found

    @contextmanager
    def _told(self, tell: Callable[[], None]) -> Iterator[None]:
        with self.changed:
            self._waiting.add(tell)
        try:
            yield
        finally:
            with self.changed:
                self._waiting.discard(tell)


def _set(loop: asyncio.AbstractEventLoop, news: asyncio.Event) -> None:
    loop.call_soon_threadsafe(news.set)


def _not_kept(decision: Decision, text: str) -> Decision:
    return replace(
        decision, outcome="refuse", code="usage_not_kept", text=text, scope=decision.home
    )
