"""Part of a fleet in a process of its own: sidecars whose callers admit calls by one scheme.

    python -m benchmarks.leases.fleet '{"scheme": …}'

Prints what its calls really cost, and how long grants took, as one line of JSON.
"""

import json
import random
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from threading import Event, Lock
from typing import Any

import django

MICRO = Decimal("0.000001")
ASKED_USD = Decimal(1)  # a router asks for some twenty calls at once
UNDEBITED_USD = Decimal("0.25")  # the size of a lease that nobody debits, as a share of the cap
REPORT_S, POLL_S, BACKOFF_S = 5.0, 10.0, 1.0


@dataclass
class Purse:
    """One lease as its sidecar sees it."""

    lease: str
    granted_usd: Decimal
    ends_at: float
    reserved_usd: Decimal = Decimal(0)
    used_usd: Decimal = Decimal(0)
    under_way: int = 0
    is_closing: bool = False
    is_lost: bool = False

    @property
    def free_usd(self) -> Decimal:
        return self.granted_usd - self.used_usd - self.reserved_usd


@dataclass
class Sidecar:
    name: str
    lock: Lock = field(default_factory=Lock)
    purse: Purse | None = None
    closing: list[Purse] = field(default_factory=list)
    silent_until: float = 0.0
    undebited_usd: Decimal = Decimal(0)


@dataclass
class Made:
    """A call on its way: it ends, and becomes known, at `ends_at`."""

    ends_at: float
    worst_usd: Decimal
    actual_usd: Decimal
    purse: Purse | None


class Fleet:
    """Sidecars of one process; `calls` admits, `reports` tells the server what they came to."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.order, self.dice = order, random.Random(order["seed"])
        self.sidecars = [Sidecar(f"{order['seed']}-{n}") for n in range(order["sidecars"])]
        self.made: list[Made] = []
        self.lock, self.over = Lock(), Event()
        self.published_usd, self.polled_at = Decimal(0), float("-inf")
        self.true_usd = Decimal(0)
        self.admitted = self.refused = self.reported = 0
        self.grant_ms: list[float] = []
        self.admits: Callable[[Sidecar, Decimal], tuple[bool, Purse | None]] = {
            "published": self._by_published,
            "undebited": self._by_undebited,
        }.get(order["scheme"], self._by_lease)

    def run(self) -> dict[str, Any]:
        callers = self.order["callers"]
        pace_s = callers / (len(self.sidecars) * self.order["calls_per_s"])
        with ThreadPoolExecutor(callers + 1) as pool:
            reporter = pool.submit(self._reports)
            lanes = [pool.submit(self._calls, pace_s, n) for n in range(callers)]
            for lane in lanes:
                lane.result()
            self.over.set()
            reporter.result()
        self.grant_ms.sort()
        return {
            "true_usd": f"{self.true_usd:f}",
            "admitted": self.admitted,
            "refused": self.refused,
            "grants": len(self.grant_ms),
            "grant_ms": self.grant_ms,
        }

    def _calls(self, pace_s: float, lane: int) -> None:
        dice = random.Random(self.order["seed"] * 1000 + lane)
        stop = time.monotonic() + self.order["seconds"]
        while (now := time.monotonic()) < stop:
            self._call(dice.choice(self.sidecars), dice)
            time.sleep(max(0.0, pace_s - (time.monotonic() - now)))

    def _call(self, sidecar: Sidecar, dice: random.Random) -> None:
        worst = (Decimal(dice.randint(1_000, 100_000)) * MICRO).normalize()
        share = Decimal(dice.randint(30, self.order["most_pct"])) / 100
        with sidecar.lock:
            is_admitted, purse = self.admits(sidecar, worst)
            if is_admitted and purse is not None:
                purse.reserved_usd += worst
                purse.under_way += 1
            if purse is not None and dice.random() < self.order["crash_share"]:
                purse.is_lost, sidecar.purse = True, None
        with self.lock:
            self.admitted += is_admitted
            self.refused += not is_admitted
            if is_admitted:
                actual = worst * share
                self.true_usd += actual
                ends_at = time.monotonic() + dice.uniform(0.2, 2.0)
                self.made.append(Made(ends_at, worst, actual, purse))

    def _by_published(self, sidecar: Sidecar, worst_usd: Decimal) -> tuple[bool, None]:  # noqa: ARG002 -- as the others
        with self.lock:
            is_due = time.monotonic() - self.polled_at > POLL_S
            if is_due:
                self.polled_at = time.monotonic()
        if is_due:
            self.published_usd = spent_usd(self.order)
        return self.published_usd < Decimal(self.order["cap_usd"]), None

    def _by_undebited(self, sidecar: Sidecar, worst_usd: Decimal) -> tuple[bool, None]:
        if sidecar.undebited_usd < worst_usd:
            if time.monotonic() < sidecar.silent_until:
                return False, None
            if spent_usd(self.order) >= Decimal(self.order["cap_usd"]):
                sidecar.silent_until = time.monotonic() + BACKOFF_S
                return False, None
            sidecar.undebited_usd += UNDEBITED_USD
        sidecar.undebited_usd -= worst_usd
        return True, None

    def _by_lease(self, sidecar: Sidecar, worst_usd: Decimal) -> tuple[bool, Purse | None]:
        purse = sidecar.purse
        if purse is not None and (purse.free_usd < worst_usd or time.monotonic() > purse.ends_at):
            purse.is_closing, sidecar.purse, purse = True, None, None
        if purse is None and time.monotonic() >= sidecar.silent_until:
            purse = self._lease(sidecar, worst_usd)
        return purse is not None, purse

    def _lease(self, sidecar: Sidecar, worst_usd: Decimal) -> Purse | None:
        started = time.perf_counter()
        granted = grant(self.order, sidecar.name, max(ASKED_USD, worst_usd), worst_usd)
        with self.lock:
            self.grant_ms.append((time.perf_counter() - started) * 1000)
        if granted is None:
            sidecar.silent_until = time.monotonic() + BACKOFF_S
            return None
        left_s = (granted.expires_at - datetime.now(UTC)).total_seconds() - 5
        purse = Purse(granted.public_id, granted.granted_usd, time.monotonic() + left_s)
        sidecar.purse = purse
        sidecar.closing.append(purse)
        return purse

    def _reports(self) -> None:
        """Report what has ended, and settle leases that are used up, until all of it is told."""
        is_naive = self.order["scheme"] in {"published", "undebited"}
        while True:
            is_last = self.over.is_set()
            if is_last:
                for sidecar in self.sidecars:
                    if sidecar.purse is not None:
                        sidecar.purse.is_closing = True
            self._report()
            self._settle()
            if is_last and not self.made:
                return
            self.over.wait(REPORT_S if is_naive and not is_last else 0.5)
            if is_last:
                time.sleep(0.5)

    def _report(self) -> None:
        now = time.monotonic()
        with self.lock:
            ended = [call for call in self.made if call.ends_at <= now]
            self.made = [call for call in self.made if call.ends_at > now]
        told = [call for call in ended if call.purse is None or not call.purse.is_lost]
        records = []
        for call in told:
            self.reported += 1
            lease = call.purse.lease if call.purse else ""
            records.append((f"{self.order['seed']}-{self.reported}", call.actual_usd, lease))
        if records:
            report(self.order, records)
        for call in told:
            if call.purse is not None:
                self._ended(call.purse, call)

    def _ended(self, purse: Purse, call: Made) -> None:
        with self.lock:
            purse.reserved_usd -= call.worst_usd
            purse.used_usd += call.actual_usd
            purse.under_way -= 1

    def _settle(self) -> None:
        for sidecar in self.sidecars:
            for purse in list(sidecar.closing):
                if purse.is_lost:
                    sidecar.closing.remove(purse)
                elif purse.is_closing and not purse.under_way:
                    settle(self.order, purse)
                    sidecar.closing.remove(purse)


def spent_usd(order: dict[str, Any]) -> Decimal:
    return room(cap_of(order), at=datetime.now(UTC)).spent_usd


def grant(order: dict[str, Any], sidecar: str, usd: Decimal, least_usd: Decimal) -> Any:
    asked = LeaseAsked(sidecar, order["cap"], usd, least_usd)
    try:
        return grant_lease(asked=asked, by=user_of(order), at=datetime.now(UTC)).lease
    except NothingLeft:
        return None


def report(order: dict[str, Any], records: list[tuple[str, Decimal, str]]) -> None:
    at = datetime.now(UTC)
    calls = [
        call(name, f"{usd:f}", at=at, lease=lease, id=f"{order['scheme']}-{name}",
             workflow=order["workflow"])
        for name, usd, lease in records
    ]  # fmt: skip
    for start in range(0, len(calls), 1_000):
        take_usage(records=calls[start : start + 1_000], by=user_of(order), at=at)


def settle(order: dict[str, Any], purse: Purse) -> None:
    settle_lease(
        public_id=purse.lease,
        sequence=1,
        used_usd=purse.used_usd,
        final=True,
        by=user_of(order),
        at=datetime.now(UTC),
    )


def user_of(order: dict[str, Any]) -> Any:
    return User.objects.get(pk=order["user"])


def cap_of(order: dict[str, Any]) -> Any:
    return Cap.objects.get(pk=int(order["cap"].removeprefix("cap:")))


if __name__ == "__main__":
    django.setup()
    from org.models import User
    from policy.models import Cap
    from policy.operations.leases import LeaseAsked, NothingLeft, grant_lease
    from policy.operations.settlements import settle_lease
    from policy.operations.usage import take_usage
    from tests.factories.leases import call, room

    print(json.dumps(Fleet(json.loads(sys.argv[1])).run()))
