"""What a pass rests on, moved so far that it is looked at again before its day."""

from collections.abc import Mapping
from decimal import Decimal

from finops.money import ROUNDED, calculated_in

MOST_MOVED = Decimal("0.10")


@calculated_in(ROUNDED)
def moved(then: Mapping[str, Decimal | None], now: Mapping[str, Decimal | None]) -> list[str]:
    """Return in sentences which figures moved by more than a tenth of what they were.

    What is not known on both sides, or was nothing, has not moved as far as anyone can say.
    """
    found = []
    for name, before in then.items():
        after = now.get(name)
        if before is None or after is None or before == 0:
            continue
        move = (after - before) / abs(before)
        if abs(move) > MOST_MOVED:
            found.append(f"{name} moved by {move:+.1%}, where {MOST_MOVED:.0%} is the most.")
    return found
