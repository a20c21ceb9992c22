"""Whatever routers, people and time do to leases, in any order: no cap is passed.

The machine keeps a model beside the database: what each lease was granted, used and metered.
After every step the database must say the same, and no hard cap may be passed by more than
what was taken from a cap that was lowered.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)

from finops.leases import held_usd
from policy.models import Lease
from policy.operations.breaker import sweep_scopes
from policy.operations.leases import LeaseAsked, NothingLeft, grant_lease
from policy.operations.settlements import (
    NothingHeld,
    close_final_leases,
    settle_lease,
    write_off_lease,
)
from policy.operations.usage import take_usage
from tests.factories.leases import call, led_to, room
from tests.factories.policy import cap, drafter_scope, org_scope, unit_scope
from tests.org_cast import Cast, gather

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ONE_DAY = timedelta(days=1)
cents = st.integers(0, 3000).map(lambda n: Decimal(n) / 100)
some_cents = st.integers(1, 3000).map(lambda n: Decimal(n) / 100)


@dataclass
class Known:
    """What the model knows of a lease."""

    granted_usd: Decimal
    at: datetime
    used_usd: Decimal = Decimal(0)
    metered_usd: Decimal = Decimal(0)
    written_off_usd: Decimal = Decimal(0)
    sequence: int = 0
    is_final: bool = False
    is_closed: bool = False

    @property
    def held_usd(self) -> Decimal:
        return held_usd(
            granted_usd=self.granted_usd,
            used_usd=self.used_usd,
            metered_usd=self.metered_usd,
            written_off_usd=self.written_off_usd,
            is_closed=self.is_final or self.is_closed,
        )


class LeaseMachine(RuleBasedStateMachine):
    """An experiment with a daily cap, under a unit with one of the period, under the company."""

    leases = Bundle("leases")
    cast: Cast

    @initialize()
    def set_up(self) -> None:
        self.cast, self.now, self.calls = gather(), NOON, 0
        scope = drafter_scope(self.cast.support)
        led_to(scope, by=self.cast.fiona, at=NOON)
        self.caps = {
            "day": cap(scope, "60.00"),
            "period": cap(unit_scope(self.cast.support), "100.00", window="period"),
            "total": cap(org_scope(), "150.00", window="total"),
        }
        self.known: dict[str, Known] = {}
        self.spent: dict[datetime, Decimal] = {}
        # What is spent beyond the worst that was leased for it, or under a lowered cap.
        self.loose_usd = Decimal(0)

    @rule(
        target=leases,
        usd=some_cents,
        share=st.sampled_from(["0", "1"]),
        sidecar=st.sampled_from(["router-1", "router-2"]),
    )
    def reserve(self, usd: Decimal, share: str, sidecar: str) -> object:
        least = usd * int(share)
        asked = LeaseAsked(sidecar, self.caps["day"].public_id, usd, least)
        left = min(self._free(window) for window in self.caps)
        sweep_scopes(at=self.now)  # as the clock does every ten seconds
        try:
            lease = grant_lease(asked=asked, by=self.cast.ed, at=self.now).lease
        except NothingLeft:
            assert left < max(least, Decimal("0.0001")), (left, least)
            return multiple()
        assert max(least, Decimal("0.000001")) <= lease.granted_usd <= min(usd, left)
        assert lease.expires_at <= self.now + timedelta(seconds=60)
        self.known[lease.public_id] = Known(lease.granted_usd, self.now)
        return lease.public_id

    @rule(name=leases, share=st.integers(0, 100), final=st.booleans())
    def settle(self, name: str, share: int, final: bool) -> None:  # noqa: FBT001 -- a strategy's
        known = self.known[name]
        self._settle(name, known.granted_usd * share / 100, final=final)

    @rule(name=leases)
    def cancel(self, name: str) -> None:
        self._settle(name, Decimal(0), final=True)

    @rule(name=leases, beyond=some_cents)
    def settle_more_than_granted(self, name: str, beyond: Decimal) -> None:
        known = self.known[name]
        before = known.held_usd + known.metered_usd
        self._settle(name, known.granted_usd + beyond, final=True)
        self.loose_usd += max(Decimal(0), known.held_usd + known.metered_usd - before)

    @rule(name=leases)
    def settle_again(self, name: str) -> None:
        known = self.known[name]
        if not known.sequence:
            return
        lease = settle_lease(
            public_id=name,
            sequence=known.sequence,
            used_usd=known.used_usd + 1,
            final=True,
            by=self.cast.ed,
            at=self.now,
        )
        assert (lease.used_usd, lease.is_final) == (known.used_usd, known.is_final)

    @rule(name=leases, share=st.integers(0, 100), twice=st.booleans())
    def report(self, name: str, share: int, twice: bool) -> None:  # noqa: FBT001 -- a strategy's
        """Let usage within what the lease still holds come in, once or twice."""
        known = self.known[name]
        usd = (known.held_usd * share / 100).quantize(Decimal("0.000001"))
        if not usd:
            return
        self._report(name, usd, times=1 + twice)

    @rule(name=leases, beyond=some_cents)
    def report_more_than_held(self, name: str, beyond: Decimal) -> None:
        usd = self.known[name].held_usd + beyond
        self._report(name, usd, times=1)
        self.loose_usd += beyond

    @rule(usd=some_cents)
    def spend_without_a_lease(self, usd: Decimal) -> None:
        self._report("", usd, times=1)
        self.loose_usd += usd

    @rule(usd=cents)
    def change_a_cap(self, usd: Decimal) -> None:
        """Set the daily cap anew; below what is spent and held it takes Δ away."""
        spent, held = self._figures("day")
        self.caps["day"] = cap(
            self.caps["day"].scope, f"{usd + 30:.2f}", by=self.cast.carl, at=self.now
        )
        self.loose_usd += max(Decimal(0), spent + held - self.caps["day"].limit_usd)

    @rule(minutes=st.sampled_from([1, 5, 60]))
    def wait(self, minutes: int) -> None:
        """Crash, as far as the server can tell: nobody settles in the meantime."""
        self.now += timedelta(minutes=minutes)

    @rule()
    def turn_the_day(self) -> None:
        self.now += ONE_DAY

    @rule()
    def roll_the_period(self) -> None:
        self.now += 31 * ONE_DAY

    @rule()
    def let_usage_be_final(self) -> None:
        close_final_leases(at=self.now)
        for known in self.known.values():
            is_old = known.at.date() < (self.now - 3 * ONE_DAY).date()
            if is_old and known.held_usd and not known.is_final:
                known.is_closed = True

    @rule(name=leases)
    def write_off(self, name: str) -> None:
        known = self.known[name]
        try:
            write_off_lease(public_id=name, reason="Lost.", by=self.cast.fiona, at=self.now)
        except NothingHeld:
            assert not known.held_usd or known.at + timedelta(seconds=60) > self.now
            return
        known.is_closed = True
        unseen = known.used_usd - known.metered_usd
        known.written_off_usd = max(known.written_off_usd, unseen)
        assert not known.held_usd

    @invariant()
    def the_database_says_what_the_model_says(self) -> None:
        rows = Lease.objects.all()
        assert {row.public_id: row.held_usd for row in rows} == {
            name: known.held_usd for name, known in self.known.items()
        }
        assert all(row.held_usd >= 0 for row in rows)

    @invariant()
    def held_is_the_sum_of_leases_and_no_cap_is_passed(self) -> None:
        for window, its_cap in self.caps.items():
            now = room(its_cap, at=self.now)
            assert (now.spent_usd, now.held_usd) == self._figures(window)
            assert now.spent_usd >= 0
            assert now.spent_usd + now.held_usd <= its_cap.limit_usd + self.loose_usd

    def _settle(self, name: str, usd: Decimal, *, final: bool) -> None:
        known = self.known[name]
        known.sequence += 1
        known.used_usd = max(known.used_usd, usd)
        known.is_final = known.is_final or final
        settle_lease(
            public_id=name,
            sequence=known.sequence,
            used_usd=usd,
            final=final,
            by=self.cast.ed,
            at=self.now,
        )

    def _report(self, name: str, usd: Decimal, *, times: int) -> None:
        """Report a call of the day of its lease: so long ago as it was granted."""
        self.calls += 1
        at = self.known[name].at if name else self.now
        for _ in range(times):
            record = call(f"call-{self.calls}", f"{usd:f}", at=at, lease=name)
            answer = take_usage(records=[record], by=self.cast.ed, at=self.now)
        assert not answer.rejected
        self.spent[at] = self.spent.get(at, Decimal(0)) + usd
        if name:
            self.known[name].metered_usd += usd

    def _figures(self, window: str) -> tuple[Decimal, Decimal]:
        spent = (usd for at, usd in self.spent.items() if self._is_within(window, at))
        held = (
            known.held_usd for known in self.known.values() if self._is_within(window, known.at)
        )
        return sum(spent, Decimal(0)), sum(held, Decimal(0))

    def _is_within(self, window: str, at: datetime) -> bool:
        if window == "day":
            return at.date() == self.now.date()
        if window == "period":
            return (at.year, at.month) == (self.now.year, self.now.month)
        return True

    def _free(self, window: str) -> Decimal:
        return self.caps[window].limit_usd - sum(self._figures(window))
