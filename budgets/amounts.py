"""What a budget consists of: three sums that are asked for, granted and revised together."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple


class Amounts(NamedTuple):
    """The classes of a budget's money, or a difference in each of them."""

    core_usd: Decimal
    experiment_usd: Decimal
    reserve_usd: Decimal = Decimal("0.00")

    def plus(self, other: Amounts) -> Amounts:
        return Amounts(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    def minus(self, other: Amounts) -> Amounts:
        return Amounts(*(mine - theirs for mine, theirs in zip(self, other, strict=True)))

    def named(self) -> list[tuple[str, Decimal]]:
        """Return each sum with what people call it."""
        return [(LABELS[name], value) for name, value in zip(self._fields, self, strict=True)]

    def written(self) -> dict[str, str]:
        """Return the sums as approvals and history keep them."""
        return {name: f"{value:.2f}" for name, value in zip(self._fields, self, strict=True)}

    @property
    def opens_reserve(self) -> bool:
        """Test of a difference whether it only moves reserve into core or pool."""
        gains = self.core_usd >= 0 and self.experiment_usd >= 0
        return gains and self.reserve_usd < 0 and self.total_usd == 0

    @property
    def mixes_reserve(self) -> bool:
        """Test of a difference whether it takes from the reserve and is no plain opening."""
        gains = self.core_usd > 0 or self.experiment_usd > 0
        return gains and self.reserve_usd < 0 and not self.opens_reserve

    @property
    def moved_usd(self) -> Decimal:
        """Return of a difference how much it moves: what is gained or, if more, given up.

        Core that becomes pool sums to nothing, and is no small matter for that.
        """
        gained = sum((value for value in self if value > 0), NOTHING.core_usd)
        return max(gained, gained - self.total_usd)

    @property
    def total_usd(self) -> Decimal:
        return self.core_usd + self.experiment_usd + self.reserve_usd


NOTHING = Amounts(Decimal("0.00"), Decimal("0.00"), Decimal("0.00"))
LABELS = {
    "core_usd": "Core",
    "experiment_usd": "Experimentation pool",
    "reserve_usd": "Reserve",
}
