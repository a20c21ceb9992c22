"""The leases held for each home scope, and a small file of them that outlives a kill.

Not safe for threads: whoever decides, holds and settles does so under one lock. The clock that
counts is the steady one; what the server says of time is turned into seconds from now.
"""

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tokenops_sidecar import disk
from tokenops_sidecar.counters import Denial, Purse
from tokenops_sidecar.home import Ask, Home
from tokenops_sidecar.lease import LONGEST_S, SKEW_S, Grant, Lease, finest, left_behind
from tokenops_sidecar.reading import Unacceptable, read_json

_NOTHING = Decimal(0)


class NoRoom(Exception):
    """The disk takes no note of what is held, so nothing is held."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a lease was used for so far; a later one has a higher sequence."""

    lease: str
    sequence: int
    used_usd: Decimal
    is_final: bool
    is_money: bool = True

    def as_json(self) -> dict[str, Any]:
        name = "used_usd" if self.is_money else "used"
        used = {name: f"{finest(self.used_usd):f}"}
        return {"sequence": self.sequence, **used, "final": self.is_final}


class Purses:
    """All leases of a sidecar, or with no folder all its blocks of quotas."""

    def __init__(self, folder: Path | None, *, at: datetime) -> None:
        self._file = disk.make_folder(folder) / "leases.json" if folder else None
        self._homes: dict[str, Home] = {}
        self._leases: dict[str, Lease] = {}
        for lease in self._left_behind(at):
            self._leases[lease.id] = lease
            self._home(lease.home).leases.append(lease)

    # What calls do.

    def seen(self, now: datetime) -> "Seen":
        """Return the purses as they are now, looked up as they are asked for."""
        return Seen(self._homes, now)

    def hold(self, home: str, usd: Decimal, now: datetime) -> str:
        """Hold money for a call, and return the lease; raises NoRoom where the disk is full.

        The oldest lease that has so much free gives it. Where none has, there is no lease: the
        call goes on an allowance of the scope.
        """
        found = self._home(home)
        lease = found.with_room(usd, now)
        if lease is None:
            return ""
        found.hold(lease, usd, now)
        if not lease.is_drawn:
            try:
                self._draw(lease)
            except OSError as error:
                lease.settle(held_usd=usd, used_usd=_NOTHING)
                raise NoRoom(f"Leases cannot be kept: {error.strerror or error}.") from error
        return lease.id

    def settle(self, lease_id: str, *, held_usd: Decimal, used_usd: Decimal) -> None:
        """Count what an ended call used; a lease that was given up counts nothing more."""
        lease = self._leases.get(lease_id)
        if lease is not None:
            lease.settle(held_usd=held_usd, used_usd=used_usd)

    def want(self, home: str, cap: str, usd: Decimal, *, subject: str | None = None) -> None:
        """Ask soon for a lease with room for a call: under a hard cap, or of a quota."""
        found = self._home(home)
        found.subject = subject
        found.want(cap, usd)

    def is_worth_asking(self, home: str, usd: Decimal) -> bool:
        """Test whether what was refused to a dearer call may be there for this one."""
        return home in self._homes and self._homes[home].is_worth_asking(usd)

    # What the background does.

    def news(self) -> None:
        """Forget refusals: another revision holds, and may have other caps."""
        for home in self._homes.values():
            home.forget()

    def asks(self, now: datetime) -> list[Ask]:
        """Return what to ask for now, each until it is answered."""
        found = (home.due(now) for home in self._homes.values())
        return [ask for ask in found if ask is not None]

    def granted(self, ask: Ask, grant: Grant, *, asked_at: datetime) -> None:
        """Take a lease in; it lasts from the moment it was asked for."""
        if grant.lease in self._leases:
            self._homes[ask.home].answered()
            return
        until = asked_at + timedelta(seconds=min(grant.lasts_s, LONGEST_S) - SKEW_S)
        lease = Lease(grant.lease, ask.home, grant.granted_usd, asked_at, until)
        self._leases[lease.id] = lease
        self._homes[ask.home].granted(lease, least_usd=ask.least_usd)
        # Without room on the disk the first call finds that out.
        with contextlib.suppress(OSError):
            self._draw(lease)

    def refused(self, ask: Ask, denial: Denial, *, again_at: datetime) -> None:
        """Remember a no: until another revision, or until it is worth another question."""
        self._homes[ask.home].refused(denial, least_usd=ask.least_usd, again_at=again_at)

    def dropped(self, ask: Ask, *, again_at: datetime) -> None:
        """Forget an ask that makes no sense to the server."""
        self._homes[ask.home].dropped(again_at=again_at)

    def unanswered(self, ask: Ask, *, again_at: datetime) -> None:
        """Keep an ask: whether it was granted is not known, its key will tell."""
        self._homes[ask.home].unanswered(again_at=again_at)

    def reports(self, now: datetime, *, is_last: bool = False) -> list[Report]:
        """Return what to tell of each lease; raises OSError where the disk takes no note."""
        self._homes = {name: home for name, home in self._homes.items() if not home.is_idle(now)}
        found = [self._report(lease, now, is_last=is_last) for lease in self._leases.values()]
        due = [report for report in found if report is not None]
        if due:
            self._save()
        return due

    def told(self, report: Report) -> None:
        """Note that the server has a report; after its last one a lease is gone."""
        lease = self._leases.get(report.lease)
        if lease is None:
            return
        lease.told_usd = report.used_usd
        if report.is_final:
            self.give_up(report.lease)

    def give_up(self, lease_id: str) -> None:
        """Drop a lease: it was settled, or the server does not know it."""
        lease = self._leases.pop(lease_id)
        self._homes[lease.home].leases.remove(lease)
        with contextlib.suppress(OSError):
            self._save()

    def figures(self, now: datetime) -> dict[str, Decimal | int]:
        """Return gauges: how many leases are live, what is free and held in them."""
        live = [lease for lease in self._leases.values() if now < lease.usable_until]
        held_usd = sum((lease.held_usd for lease in self._leases.values()), _NOTHING)
        return {
            "leases": len(live),
            "lease_free_usd": sum((lease.free_usd(now) for lease in live), _NOTHING),
            "lease_held_usd": held_usd,
            "homes_refused": sum(home.denial is not None for home in self._homes.values()),
        }

    def _report(self, lease: Lease, now: datetime, *, is_last: bool) -> Report | None:
        home = self._homes[lease.home]
        is_final = not lease.under_way and (is_last or home.is_over(lease, now))
        if not is_final and lease.used_usd == lease.told_usd:
            return None
        lease.sequence += 1
        if is_final:
            # Nothing more is taken of it, so the disk has nothing to allow for.
            lease.usable_until, lease.drawn_usd = min(lease.usable_until, now), lease.used_usd
        else:
            lease.draw()
        return Report(lease.id, lease.sequence, lease.used_usd, is_final, self._file is not None)

    def _home(self, name: str) -> Home:
        return self._homes.setdefault(name, Home(name))

    def _draw(self, lease: Lease) -> None:
        before = lease.drawn_usd
        lease.draw()
        try:
            self._save()
        except OSError:
            lease.drawn_usd = before
            raise

    def _save(self) -> None:
        if self._file is None:
            return
        listed = [lease.as_json() for lease in self._leases.values()]
        disk.replace(self._file, json.dumps({"leases": listed}).encode())

    def _left_behind(self, at: datetime) -> list[Lease]:
        """Return the leases of a process that ended; what cannot be read, the server holds."""
        if self._file is None:
            return []
        try:
            listed = read_json(self._file.read_bytes()).at("leases").items()
            return [left_behind(item, at=at) for item in listed]
        except (OSError, Unacceptable):
            return []


class Seen(Mapping[str, Purse]):
    """The purses at one moment."""

    def __init__(self, homes: Mapping[str, Home], now: datetime) -> None:
        self._homes, self._now = homes, now

    def __getitem__(self, home: str) -> Purse:
        return self._homes[home].purse(self._now)

    def __iter__(self) -> Iterator[str]:
        return iter(self._homes)

    def __len__(self) -> int:
        return len(self._homes)
