"""Thresholds of a granted sum: which levels spend has reached, and which are armed again."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Effect(StrEnum):
    """What reaching a level does, from the mildest to the hardest."""

    NOTIFIES = "notifies"
    ASKS = "asks"
    BLOCKS = "blocks"


@dataclass(frozen=True, slots=True)
class Reached:
    """What was granted when a level was reached, and what stands granted and spent now."""

    level_pct: int
    granted_then_usd: Decimal
    granted_usd: Decimal
    spent_usd: Decimal

    @property
    def is_armed_again(self) -> bool:
        """Test whether more was granted since, and spend lies beneath the level of it.

        A level that spend fell beneath by itself, by a credit or a correction, stays reached:
        it would fire with every dollar that goes to and fro.
        """
        lifted = self.granted_usd > self.granted_then_usd
        return lifted and not is_reached(self.spent_usd, self.granted_usd, self.level_pct)


def is_reached(spent_usd: Decimal, granted_usd: Decimal, level_pct: int) -> bool:
    """Test to the cent whether spend has come to a share of what is granted.

    Nothing is reached where nothing is granted: there is no share of it.
    """
    return granted_usd > 0 and spent_usd * 100 >= granted_usd * level_pct


def levels_reached(
    spent_usd: Decimal, granted_usd: Decimal, levels: Iterable[int]
) -> tuple[int, ...]:
    """Return the levels, in percent, that spend has come to, the lowest first."""
    return tuple(sorted(pct for pct in levels if is_reached(spent_usd, granted_usd, pct)))
