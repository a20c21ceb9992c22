"""A sum that the server lent, and what calls did with it. Pure.

Of what was granted a part is used by calls that ended, a part held by calls under way, the
rest free. On the disk stands only a bound of what is used and held, raised in steps, so that
not every call has to wait for the disk and a killed process still knows what it spent at most.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_UP, Decimal
from typing import Any

from tokenops_sidecar.reading import Node

# The server's clock ticks in seconds and answers take time: no lease is used to its last moment.
SKEW_S = 5.0
# However far away its end is said to be, a lease is believed no longer than this.
LONGEST_S = 600.0
_STEPS = 8
# The server counts so finely; a lease is never told to have cost less than it did.
_FINEST_USD = Decimal("0.000000000001")
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Grant:
    """What the server lent, for so many seconds from the moment it was asked."""

    lease: str
    granted_usd: Decimal
    lasts_s: float


@dataclass(slots=True)
class Lease:
    """A lease of one home scope; `usable_until` is by the steady clock.

    `drawn_usd` is what the disk says was used at most, `told_usd` what the server has confirmed.
    """

    id: str
    home: str
    granted_usd: Decimal
    asked_at: datetime
    usable_until: datetime
    used_usd: Decimal = _NOTHING
    held_usd: Decimal = _NOTHING
    under_way: int = 0
    drawn_usd: Decimal = _NOTHING
    sequence: int = 0
    told_usd: Decimal = _NOTHING

    @property
    def taken_usd(self) -> Decimal:
        """What ended calls used and calls under way may use."""
        return self.used_usd + self.held_usd

    @property
    def is_drawn(self) -> bool:
        """Whether the disk allows for all that is taken."""
        return self.taken_usd <= self.drawn_usd

    def free_usd(self, now: datetime) -> Decimal:
        """Return what another call may hold; nothing once the lease has ended here."""
        if now >= self.usable_until:
            return _NOTHING
        return max(self.granted_usd - self.taken_usd, _NOTHING)

    def hold(self, usd: Decimal) -> None:
        self.held_usd += usd
        self.under_way += 1

    def settle(self, *, held_usd: Decimal, used_usd: Decimal) -> None:
        """Let go what an ended call held; it may have used more than that."""
        self.held_usd -= held_usd
        self.under_way -= 1
        self.used_usd += used_usd

    def draw(self) -> None:
        """Allow for what is taken, and for the next calls up to what was granted."""
        ahead = min(finest(self.taken_usd + self.granted_usd / _STEPS), self.granted_usd)
        self.drawn_usd = max(ahead, self.taken_usd)

    def as_json(self) -> dict[str, Any]:
        """Return what the next process has to know where this one is killed."""
        return {
            "lease": self.id,
            "home": self.home,
            "granted_usd": f"{self.granted_usd:f}",
            "used_usd": f"{finest(self.drawn_usd):f}",
            "sequence": self.sequence,
        }


def finest(usd: Decimal) -> Decimal:
    """Return an amount in the twelve decimals that the server counts in, rounded up."""
    return usd.quantize(_FINEST_USD, ROUND_UP).normalize()


def left_behind(item: Node, *, at: datetime) -> Lease:
    """Read a lease of a process that ended: used as far as its disk allowed, and not to be used."""
    used_usd = item.at("used_usd").usd()
    return Lease(
        id=item.at("lease").name(),
        home=item.at("home").name(),
        granted_usd=item.at("granted_usd").usd(),
        asked_at=at,
        usable_until=at,
        used_usd=used_usd,
        drawn_usd=used_usd,
        sequence=item.at("sequence").whole(),
    )
