"""By how much the hard caps of a scope can be overspent, in words: U + Δ + F.

U is what calls cost beyond what was leased for them, Δ what is held while a cap is lowered,
F what routers may spend that are cut off. Beside it stands what no lease could stop.
"""

from dataclasses import dataclass
from decimal import Decimal

from policy.lease_terms import TTL
from policy.models import Scope
from policy.wording import dollars


@dataclass(frozen=True, slots=True)
class Bound:
    """The terms of a scope's bound in dollars; `cut_off_usd` None is without any bound."""

    scope: Scope
    exceeded_usd: Decimal
    held_usd: Decimal
    allowance_usd: Decimal | None
    routers: int
    unleased_usd: Decimal
    days: int

    @property
    def cut_off_usd(self) -> Decimal | None:
        return None if self.allowance_usd is None else self.allowance_usd * self.routers

    @property
    def total_usd(self) -> Decimal | None:
        if self.cut_off_usd is None:
            return None
        return self.exceeded_usd + self.held_usd + self.cut_off_usd

    @property
    def sentence(self) -> str:
        if self.total_usd is None:
            return (
                f"Routers that are cut off go on spending for {self.scope.name}:"
                " there is no bound to what they may spend beyond its hard caps."
            )
        return (
            f"The hard caps of {self.scope.name} can be overspent by"
            f" {dollars(self.total_usd)} at most."
        )

    @property
    def beside(self) -> str:
        """Say what came by ways on which nothing is leased; empty where nothing did."""
        if self.unleased_usd <= 0:
            return ""
        return (
            f"{dollars(self.unleased_usd)} of the last {self.days} days came by ways that are"
            " not enforced before the call: a cap stops those when it hears of them."
        )

    @property
    def terms(self) -> list[tuple[str, str, Decimal | None, str]]:
        """Return each term: its letter, its name, dollars, and why it is so much."""
        return [
            ("U", "Calls that cost more than was leased", self.exceeded_usd, self._why_exceeded),
            ("Δ", "A cap that is lowered", self.held_usd, self._why_held),
            ("F", "Routers that are cut off", self.cut_off_usd, self._why_cut_off),
        ]

    @property
    def _why_exceeded(self) -> str:
        return (
            "Nothing while every router leases a call's worst case. That is what calls of the"
            f" last {self.days} days cost beyond their leases."
        )

    @property
    def _why_held(self) -> str:
        return (
            "No more than the cap is lowered by, and no more than routers hold now, for"
            f" {TTL.seconds} seconds at most."
        )

    @property
    def _why_cut_off(self) -> str:
        if self.allowance_usd is None:
            return "The policy lets them go on as if nothing had happened."
        if not self.allowance_usd:
            return "They stop: a lease that has ended is not spent."
        are = "router was" if self.routers == 1 else "routers were"
        return (
            f"Each may spend {dollars(self.allowance_usd)} more, and {self.routers} {are} heard"
            " of within a day."
        )
