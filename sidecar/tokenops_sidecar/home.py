"""What is leased for one purpose: its leases, what calls need, whether to ask for more.

The purpose is the money of a home scope, or a quota of one subject. Amounts are called dollars
here; of a quota they are in its unit.
"""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tokenops_sidecar.counters import Denial, Purse
from tokenops_sidecar.lease import Lease, finest

# A lease is asked for as many calls as the dearest of late; one that dried up quickly, for twice.
_CALLS_AHEAD = 20
_QUICK = timedelta(seconds=15)
# Calls that came so long ago are no reason to hold money ready.
_BUSY = timedelta(seconds=30)
_RENEWED_BEFORE = timedelta(seconds=10)
_PRESSED = timedelta(seconds=1)
# What nobody asked about for so long is forgotten: subjects may be many.
_FORGOTTEN = timedelta(hours=1)
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Ask:
    """A request for a lease. It is sent again under its key until an answer comes.

    With a subject, be it empty, it asks for a block of a quota.
    """

    home: str
    cap: str
    usd: Decimal
    least_usd: Decimal
    key: str
    subject: str | None = None

    def as_json(self) -> dict[str, Any]:
        if self.subject is not None:
            whose = {"subject": self.subject} if self.subject else {}
            return {"cap": self.cap, "amount": f"{finest(self.usd):f}", **whose}
        wanted = {"cap": self.cap, "usd": f"{finest(self.usd):f}"}
        least_usd = f"{finest(self.least_usd):f}"
        return wanted | ({"least_usd": least_usd} if self.least_usd else {})


@dataclass(slots=True)
class Home:
    """A scope whose hard caps money is leased under; `leases` are the oldest first.

    `wanted_usd` is what the dearest call needs that waits, `dearest_usd` what the dearest of
    late held, `size_usd` how large leases are of late, `denied_usd` the least that was refused.
    """

    id: str
    leases: list[Lease] = field(default_factory=list)
    cap: str = ""
    subject: str | None = None
    wanted_usd: Decimal = _NOTHING
    dearest_usd: Decimal = _NOTHING
    size_usd: Decimal = _NOTHING
    used_at: datetime | None = None
    ask: Ask | None = None
    is_asking: bool = False
    denial: Denial | None = None
    denied_usd: Decimal = _NOTHING
    ask_again_at: datetime | None = None

    def purse(self, now: datetime) -> Purse:
        """Return what one call can hold: it has to fit into one lease, which its usage names."""
        is_remembered = self.ask_again_at is not None and now < self.ask_again_at
        return Purse(self.free_usd(now), self.denial if is_remembered else None)

    def free_usd(self, now: datetime) -> Decimal:
        return max((lease.free_usd(now) for lease in self.leases), default=_NOTHING)

    def with_room(self, usd: Decimal, now: datetime) -> Lease | None:
        """Return the oldest lease that has so much free."""
        return next((lease for lease in self.leases if lease.free_usd(now) >= usd), None)

    def hold(self, lease: Lease, usd: Decimal, now: datetime) -> None:
        lease.hold(usd)
        self.used_at, self.dearest_usd = now, max(self.dearest_usd, usd)

    def want(self, cap: str, usd: Decimal) -> None:
        """Ask soon for a lease under a hard cap that has room for a call."""
        self.cap, self.wanted_usd = cap, max(self.wanted_usd, usd)
        if self.is_worth_asking(usd):
            self.forget()

    def is_worth_asking(self, usd: Decimal) -> bool:
        """Test whether what was refused to a dearer call may be there for this one."""
        return self.denial is not None and usd < self.denied_usd

    def forget(self) -> None:
        """Forget that the server refused."""
        self.denial, self.denied_usd, self.ask_again_at = None, _NOTHING, None

    def due(self, now: datetime) -> Ask | None:
        """Return what to ask for now, until it is answered."""
        if self.is_asking or (self.ask_again_at is not None and now < self.ask_again_at):
            return None
        if self.ask is None and self._needs(now):
            self.ask = self._asking(now)
        if self.ask is not None:
            self.forget()
            self.is_asking = True
        return self.ask

    def answered(self) -> None:
        self.ask, self.is_asking, self.ask_again_at = None, False, None
        self.wanted_usd = _NOTHING

    def granted(self, lease: Lease, *, least_usd: Decimal) -> None:
        self.answered()
        if lease.granted_usd < least_usd:
            # Too little for the call that waits: the next may be as small, so do not press.
            self.ask_again_at = lease.asked_at + _PRESSED
        self.size_usd = max(lease.granted_usd, self.size_usd / 2)
        self.leases.append(lease)

    def refused(self, denial: Denial, *, least_usd: Decimal, again_at: datetime) -> None:
        self.answered()
        self.denial, self.denied_usd, self.ask_again_at = denial, least_usd, again_at

    def dropped(self, *, again_at: datetime) -> None:
        """Note that the server does not know the cap: the next revision will name another."""
        self.answered()
        self.cap, self.ask_again_at = "", again_at

    def unanswered(self, *, again_at: datetime) -> None:
        self.is_asking, self.ask_again_at = False, again_at

    def is_over(self, lease: Lease, now: datetime) -> bool:
        """Test whether nothing more is taken of a lease: it ended, or a fresher one replaced it."""
        is_old = lease is not self.leases[-1]
        return now >= lease.usable_until or (is_old and lease.free_usd(now) < self.dearest_usd)

    def is_idle(self, now: datetime) -> bool:
        """Test whether there is nothing to remember."""
        is_in_use = self.leases or self.ask or self.denial or self.wanted_usd
        return not is_in_use and (self.used_at is None or now - self.used_at > _FORGOTTEN)

    def _needs(self, now: datetime) -> bool:
        """Test whether a call waits, or calls keep coming and what is left is getting short."""
        if not self.cap:
            return False
        if self.wanted_usd > self.free_usd(now):
            return True
        if self.used_at is None or now - self.used_at > _BUSY:
            return False
        lasting = [one for one in self.leases if one.usable_until - now > _RENEWED_BEFORE]
        free_usd = max((one.free_usd(now) for one in lasting), default=_NOTHING)
        return free_usd < self.size_usd / 2

    def _asking(self, now: datetime) -> Ask:
        is_quick = bool(self.leases) and now - self.leases[-1].asked_at < _QUICK
        usual_usd = max(self.dearest_usd, self.wanted_usd) * _CALLS_AHEAD
        usd = max(usual_usd, self.size_usd * 2 if is_quick else self.size_usd)
        self.dearest_usd = self.wanted_usd
        return Ask(self.id, self.cap, usd, self.wanted_usd, uuid.uuid4().hex, self.subject)
