"""Reports that are lost, doubled and out of order, and routers that die: nothing stays phantom."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from policy.models import Cap, Lease
from policy.operations.settlements import settle_lease
from policy.operations.usage import take_usage
from tests.factories.leases import call, figures, leased, led_to
from tests.factories.policy import cap, drafter_scope
from tests.org_cast import Cast

TTL = timedelta(seconds=60)
CENT = Decimal("0.01")


@pytest.fixture
def daily(cast: Cast, at: datetime) -> Cap:
    scope = drafter_scope(cast.support)
    led_to(scope, by=cast.fiona, at=at)
    return cap(scope, "100000.00")


@dataclass
class Router:
    """A router with one lease: it makes calls, cancels some, and may die before its last word."""

    lease: Lease
    records: list[dict[str, Any]] = field(default_factory=list)
    words: list[tuple[int, Decimal, bool]] = field(default_factory=list)
    used_usd: Decimal = Decimal(0)

    def calls(self, name: str, usd: Decimal, *, at: datetime) -> None:
        self.used_usd += usd
        self.records.append(call(name, f"{usd:f}", at=at, lease=self.lease))
        self.tells(final=False)

    def tells(self, *, final: bool) -> None:
        self.words.append((len(self.words) + 1, self.used_usd, final))


def fleet(daily: Cap, cast: Cast, *, dice: random.Random, at: datetime) -> list[Router]:
    """Let 150 routers make two thousand calls, a fifth of which are cancelled before dispatch."""
    routers = [
        Router(leased(daily, "20", by=cast.ed, at=at, sidecar=f"router-{n}")) for n in range(150)
    ]
    for n in range(2_000):
        if dice.random() >= 0.2:
            dice.choice(routers).calls(f"call-{n}", dice.randint(1, 80) * CENT, at=at)
    return routers


def sent(things: list[Any], dice: random.Random) -> list[Any]:
    """Send a tenth twice, and everything in another order."""
    doubled = [*things, *(thing for thing in things if dice.random() < 0.1)]
    dice.shuffle(doubled)
    return doubled


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_enforced_is_what_is_recorded_once_routers_have_told(
    cast: Cast, daily: Cap, at: datetime, seed: int
) -> None:
    dice = random.Random(seed)
    routers = fleet(daily, cast, dice=dice, at=at)
    dead = set(dice.sample(range(150), 50))
    for n, router in enumerate(routers):
        if n not in dead:
            router.tells(final=True)
    later = at + TTL

    records = sent([record for router in routers for record in router.records], dice)
    for start in range(0, len(records), 500):
        take_usage(records=records[start : start + 500], by=cast.ed, at=later)
    words = [(router.lease, word) for router in routers for word in router.words[-3:]]
    for lease, (sequence, used_usd, final) in sent(words, dice):
        settle_lease(
            public_id=lease.public_id,
            sequence=sequence,
            used_usd=used_usd,
            final=final,
            by=cast.ed,
            at=later,
        )

    spent = sum((router.used_usd for router in routers), Decimal(0))
    stranded = sum(
        (max(Decimal(0), 20 - routers[n].used_usd) for n in dead), Decimal(0)
    )  # what the dead did not come to spend: it counts as spent until somebody knows better
    assert figures(daily, at=later) == (spent, stranded)
    for router in routers:
        now = Lease.objects.get(pk=router.lease.pk)
        assert (now.used_usd, now.metered_usd) == (router.used_usd, router.used_usd)
