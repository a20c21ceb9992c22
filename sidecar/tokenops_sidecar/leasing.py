"""What goes on about leases beside the router: asked for ahead of need, settled when used."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

from tokenops_sidecar.admission import Door
from tokenops_sidecar.client import Denied, Server, Unavailable
from tokenops_sidecar.clock import SteadyClock
from tokenops_sidecar.counters import Denial
from tokenops_sidecar.home import Ask
from tokenops_sidecar.lease import LONGEST_S, SKEW_S
from tokenops_sidecar.lending import No, borrow, grant
from tokenops_sidecar.metrics import Metrics
from tokenops_sidecar.pace import Pace, spread
from tokenops_sidecar.probes import ProbeAsk, Probes
from tokenops_sidecar.purse import Purses, Report
from tokenops_sidecar.reading import Node, Unacceptable

log = logging.getLogger(__name__)

_LOOKED_AFTER_S = 1.0
_DROPPED = timedelta(seconds=1)
# The server will say the same again: it does not know the lease, or not what is meant. It holds
# what it was not told of.
_GIVEN_UP = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.CONFLICT,
        HTTPStatus.GONE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)


@dataclass(frozen=True, slots=True)
class Errand:
    """A request for a lease, and what each answer leads to; what follows is done under the lock."""

    about: str
    wanted: Mapping[str, Any]
    key: str
    granted: Callable[[Node, datetime], None]
    refused: Callable[[Denial, datetime], None]
    dropped: Callable[[datetime], None]
    unanswered: Callable[[datetime], None]


class Leasing:
    """Two loops over the purses, which are shared with the router's threads under one lock."""

    def __init__(
        self,
        *,
        door: Door,
        purses: Purses,
        quotas: Purses,
        probes: Probes,
        clock: SteadyClock,
        metrics: Metrics,
        pace: Pace,
    ) -> None:
        self._door, self._purses, self._quotas, self._probes = door, purses, quotas, probes
        self._clock, self._metrics, self._pace = clock, metrics, pace
        self._is_wanted = asyncio.Event()
        self._asking: set[asyncio.Task[None]] = set()
        self._failures: dict[str, int] = {}

    def look(self) -> None:
        """Ask soon: a call waits."""
        self._is_wanted.set()

    async def ask(self, server: Server) -> float:
        """Ask for whatever is wanted; each in a task of its own, for none waits for another."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOOKED_AFTER_S):
                await self._is_wanted.wait()
        self._is_wanted.clear()
        with self._door.changed:
            now = self._clock()
            errands = [self._for_money(ask) for ask in self._purses.asks(now)]
            errands += [self._for_quota(ask) for ask in self._quotas.asks(now)]
            errands += [self._for_calls(ask) for ask in self._probes.asks(now)]
        for errand in errands:
            task = asyncio.create_task(self._run(server, errand))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)
        return 0.0

    async def settle(self, server: Server) -> float:
        """Tell what every lease was used for since it was told last."""
        self._door.sweep()
        await self._settle_all(server, is_last=False)
        return spread(self._pace.settle_s)

    async def finish(self, server: Server) -> None:
        """Give everything back that no call holds."""
        for task in self._asking:
            task.cancel()
        await self._settle_all(server, is_last=True)

    def _for_money(self, ask: Ask) -> Errand:
        return _errand(ask, self._purses, member="granted_usd")

    def _for_quota(self, ask: Ask) -> Errand:
        return _errand(ask, self._quotas, member="granted")

    def _for_calls(self, ask: ProbeAsk) -> Errand:
        return Errand(
            about=ask.cap,
            wanted=ask.as_json(),
            key=ask.key,
            granted=lambda found, at: self._take_calls(ask, found, at),
            refused=lambda denial, at: self._deny_calls(ask, denial.text, at),
            dropped=lambda at: self._deny_calls(ask, "The test has ended.", at),
            unanswered=lambda at: self._probes.unanswered(ask, again_at=at),
        )

    def _take_calls(self, ask: ProbeAsk, found: Node, asked_at: datetime) -> None:
        self._probes.answered(ask)
        until = asked_at + timedelta(seconds=min(found.value["lasts_s"], LONGEST_S) - SKEW_S)
        calls = found.at("granted_calls").whole()
        self._door.tally.grant_probe(ask.cap, calls, until=until)

    def _deny_calls(self, ask: ProbeAsk, text: str, again_at: datetime) -> None:
        self._probes.answered(ask)
        self._door.tally.deny_probe(ask.cap, text, until=again_at)

    async def _run(self, server: Server, errand: Errand) -> None:
        """Ask once, and note what came of it for those who wait."""
        asked_at = self._clock()
        try:
            answer = await borrow(server, errand.wanted, key=errand.key)
            result, follow = self._meaning(errand, answer, asked_at)
            with self._door.changed:
                follow()
        except Denied as problem:
            log.warning("No lease for %s: %s", errand.about, problem)
            result = "senseless"
            with self._door.changed:
                errand.dropped(self._clock() + _DROPPED)
        except (Unavailable, Unacceptable) as problem:
            log.warning("No answer about a lease for %s: %s", errand.about, problem)
            result = "unavailable"
            again_at = self._clock() + timedelta(seconds=self._pause_s(errand, problem))
            with self._door.changed:
                errand.unanswered(again_at)
        else:
            self._failures.pop(errand.about, None)
        self._metrics.count("lease_asks", result=result)
        self._door.wake()

    def _meaning(
        self, errand: Errand, answer: Node | No, asked_at: datetime
    ) -> tuple[str, Callable[[], None]]:
        if isinstance(answer, No):
            again_at = self._clock() + timedelta(seconds=answer.for_s)
            return "refused", partial(errand.refused, answer.denial, again_at)
        return "granted", partial(errand.granted, answer, asked_at)

    def _pause_s(self, errand: Errand, problem: Exception) -> float:
        failures = self._failures[errand.about] = self._failures.get(errand.about, 0) + 1
        asked_s = problem.retry_after_s if isinstance(problem, Unavailable) else 0.0
        return self._pace.backoff_s(failures, retry_after_s=asked_s)

    async def _settle_all(self, server: Server, *, is_last: bool) -> None:
        for purses in (self._purses, self._quotas):
            with self._door.changed:
                reports = purses.reports(self._clock(), is_last=is_last)
            for report in reports:
                await self._settle(server, report, purses)

    async def _settle(self, server: Server, report: Report, purses: Purses) -> None:
        try:
            await server.settle(report.lease, report.as_json())
        except Denied as problem:
            if problem.status not in _GIVEN_UP:
                self._metrics.count("settlements", result="denied")
                raise
            log.warning("A lease is given up: %s", problem)
            self._metrics.count("settlements", result="given_up")
            with self._door.changed:
                purses.give_up(report.lease)
        else:
            self._metrics.count("settlements", result="final" if report.is_final else "taken")
            with self._door.changed:
                purses.told(report)


def _errand(ask: Ask, purses: Purses, *, member: str) -> Errand:
    """Return the errand for an ask of money or of a quota, granted in a member of the answer."""
    return Errand(
        about=ask.home,
        wanted=ask.as_json(),
        key=ask.key,
        granted=lambda found, at: purses.granted(ask, grant(found, member=member), asked_at=at),
        refused=lambda denial, at: purses.refused(ask, denial, again_at=at),
        dropped=lambda at: purses.dropped(ask, again_at=at),
        unanswered=lambda at: purses.unanswered(ask, again_at=at),
    )
