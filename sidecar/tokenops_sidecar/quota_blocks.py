"""Blocks of hard quotas held on lease: of one quota for one subject, in the quota's unit.

They are held as money is, but on no disk: of a process that was killed the server counts the
whole block as used, and blocks are small.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from tokenops_sidecar.counters import Block
from tokenops_sidecar.decision import Draw
from tokenops_sidecar.purse import Purses

_NOTHING = Decimal(0)
# A quota and whose it is, as one name.
_PARTED = "\n"


class HeldDraw(NamedTuple):
    """What a call under way holds of a block."""

    lease: str
    draw: Draw


class QuotaBlocks(Mapping[tuple[str, str], Block]):
    """All blocks of a sidecar, as they are at one moment; under the lock of the purses."""

    def __init__(self, purses: Purses, now: datetime) -> None:
        self._purses, self._now = purses, now

    def __getitem__(self, key: tuple[str, str]) -> Block:
        purse = self._purses.seen(self._now)[_PARTED.join(key)]
        return Block(purse.free_usd, purse.refusal)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        for name in self._purses.seen(self._now):
            quota, _, subject = name.partition(_PARTED)
            yield quota, subject

    def __len__(self) -> int:
        return len(self._purses.seen(self._now))

    def want(self, quota: str, subject: str, amount: Decimal) -> None:
        """Ask soon for a block that has room for a call."""
        self._purses.want(_PARTED.join((quota, subject)), quota, amount, subject=subject)

    def hold(self, draws: Sequence[Draw]) -> tuple[HeldDraw, ...]:
        """Hold what a call draws; the decision has seen that there is so much."""
        found = []
        for draw in draws:
            name = _PARTED.join((draw.quota, draw.subject))
            lease = self._purses.hold(name, draw.amount, self._now)
            found.append(HeldDraw(lease, draw))
        return tuple(found)

    def end(
        self, held: Sequence[HeldDraw], *, usd: Decimal | None, tokens: int | None, made: bool
    ) -> None:
        """Let an ended call's draws go as what it really took; what is unknown stays as held."""
        known = {"usd": usd, "tokens": None if tokens is None else Decimal(tokens)}
        for lease, draw in held:
            used = known.get(draw.metric)
            used = draw.amount if used is None else used
            self._purses.settle(lease, held_usd=draw.amount, used_usd=used if made else _NOTHING)
