"""A company's year of graduations, true-ups, demotions and new graduations: no cent is made.

Four accounts stand for the ledger; every move goes through the functions that the ledger uses.
"""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from finops.demotion import Sources, allotment_usd, returned_to, within
from finops.graduation import (
    Funding,
    Phased,
    core_addition,
    given_back,
    journal_of,
    split_by_share,
)
from finops.periods import Period
from finops.true_up import true_up_parts

FIRSTS = [date(2026, month, 1) for month in range(1, 13)] + [date(2027, 1, 1)]
YEAR = [Period(start, end) for start, end in pairwise(FIRSTS)]
ZERO = Decimal(0)

cents = st.decimals(min_value=0, max_value=10**6, places=2, allow_nan=False)
rates = st.decimals(min_value=Decimal("0.01"), max_value=2000, places=2, allow_nan=False)
shares = st.lists(st.integers(1, 100), min_size=1, max_size=2)


class Year(RuleBasedStateMachine):
    """One experiment of one company, and the accounts its money lies in."""

    @initialize(pool=cents, contingency=cents, experiment=cents, core=cents)
    def open(self, pool: Decimal, contingency: Decimal, experiment: Decimal, core: Decimal) -> None:
        self.accounts = {
            "pool": pool, "contingency": contingency, "experiment": experiment, "core": core,
        }  # fmt: skip
        self.whole = sum(self.accounts.values())
        self.today = date(2026, 1, 1)
        self.held: list[list[Phased]] = []
        self.shares: list[Decimal] = []
        self.rate = ZERO
        self.gave = Sources(ZERO, ZERO)

    def move(self, **lines: Decimal) -> bool:
        """Post a journal unless an account lacks what it takes; it sums to nothing."""
        assert sum(lines.values()) == 0
        if any(self.accounts[name] + usd < 0 for name, usd in lines.items()):
            return False
        for name, usd in lines.items():
            self.accounts[name] += usd
        return True

    @rule(days=st.integers(1, 90))
    def let_days_pass(self, days: int) -> None:
        self.today = min(self.today + timedelta(days=days), date(2026, 12, 31))

    @precondition(lambda self: not self.held)
    @rule(rate=rates, parts=shares, funding=st.sampled_from(Funding), left=cents)
    def graduate(self, rate: Decimal, parts: list[int], funding: Funding, left: Decimal) -> None:
        weights = [Decimal(part) / sum(parts) for part in parts]
        phased = core_addition(rate, on=self.today, periods=YEAR)
        core = sum((each.usd for each in phased), ZERO)
        released = min(left, self.accounts["experiment"])
        journal = journal_of(funding, core_usd=core, released_usd=released)
        if not self.move(
            core=journal.core_usd,
            experiment=journal.experiment_usd,
            pool=journal.free_pool_usd,
            contingency=journal.contingency_usd,
        ):
            return  # gate 5 defers: the money is not there
        self.held, self.shares = split_by_share(phased, weights), weights
        self.rate, self.started = rate, self.today
        self.gave = Sources(-journal.contingency_usd, -journal.pool_usd)

    @precondition(lambda self: self.held)
    @rule(rate=rates, closed=st.integers(0, 12))
    def true_up(self, rate: Decimal, closed: int) -> None:
        open_ends = {each.end for each in YEAR[closed:]}
        parts = true_up_parts(
            rate,
            on=self.started,
            periods=YEAR,
            shares=self.shares,
            held=[[each for each in part if each.period.end in open_ends] for part in self.held],
        )
        total = sum((each.usd for part in parts for each in part), ZERO)
        if not self.move(core=total, contingency=-total):
            return  # it stays open, and people are told
        self.rate = rate
        self.held = [self._with(*each) for each in zip(self.held, parts, strict=True)]
        self.gave = Sources(self.gave.contingency_usd + total, self.gave.pool_usd)

    @precondition(lambda self: self.held)
    @rule(days=st.sampled_from([30, 60, 90]), passed_on=cents)
    def demote(self, days: int, passed_on: Decimal) -> None:
        on = self.today + timedelta(days=1)
        has = max(self.accounts["core"] - passed_on, ZERO)
        back = []
        for part in given_back(self.held, on=on):
            given = within(part, has)
            has -= sum((each.usd for each in given), ZERO)
            back.append(given)
        total = sum((each.usd for part in back for each in part), ZERO)
        to = returned_to(total, self.gave)
        allotment = allotment_usd(
            self.rate, days=days, pool_usd=self.accounts["pool"] + to.pool_usd
        )
        assert self.move(
            core=-total,
            contingency=to.contingency_usd,
            pool=to.pool_usd - allotment,
            experiment=allotment,
        )
        self._nothing_below_zero(back)
        self.held = []

    def _nothing_below_zero(self, back: list[list[Phased]]) -> None:
        for held, given in zip(self.held, back, strict=True):
            gives = {each.period.end: each.usd for each in given}
            assert all(each.usd >= gives.get(each.period.end, ZERO) >= 0 for each in held)

    @staticmethod
    def _with(held: list[Phased], moved: list[Phased]) -> list[Phased]:
        more = {each.period.end: each.usd for each in moved}
        return [
            Phased(each.period, each.days, each.usd + more.get(each.period.end, ZERO))
            for each in held
        ]

    @invariant()
    def no_cent_is_made_or_lost(self) -> None:
        assert sum(self.accounts.values()) == self.whole
        assert all(usd >= 0 for usd in self.accounts.values())

    @invariant()
    def core_holds_nothing_below_zero(self) -> None:
        assert all(each.usd >= 0 for part in self.held for each in part)
        held = sum((each.usd for part in self.held for each in part), ZERO)
        assert self.accounts["core"] >= held


TestYear = Year.TestCase
TestYear.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)
