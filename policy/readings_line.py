"""The line of readings against its limit: from sums over time to places in a drawing. Pure.

Across and down, places are percentages of the drawing; nought lies at its floor.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from policy.timeline import Window, place

# Above what is highest, so that a limit does not lie on the edge.
ROOM = Decimal("1.12")


@dataclass(frozen=True, slots=True)
class Reading:
    """What was spent up to an instant."""

    at: datetime
    usd: Decimal


@dataclass(frozen=True, slots=True)
class Line:
    """`path` and `area` in a box of 100 by 100; heights count from the top, in percent."""

    path: str
    area: str
    limit_y: float | None
    trip_x: float | None
    top_usd: Decimal


def line_of(
    readings: Sequence[Reading],
    *,
    window: Window,
    limit_usd: Decimal | None,
    tripped_at: datetime | None,
) -> Line:
    """Draw sums that only rise in steps; without readings the path is empty."""
    top = max([*(each.usd for each in readings), limit_usd or Decimal(0), Decimal("0.01")]) * ROOM
    points = [(place(each.at, window), _height(each.usd, top)) for each in readings]
    path = "L".join(f"{x:g} {y:g}" for x, y in points)
    path = f"M{path}" if path else ""
    area = f"{path}L{points[-1][0]:g} 100L{points[0][0]:g} 100Z" if points else ""
    return Line(
        path,
        area,
        limit_y=None if limit_usd is None else _height(limit_usd, top),
        trip_x=None if tripped_at is None else place(tripped_at, window),
        top_usd=top,
    )


def _height(usd: Decimal, top: Decimal) -> float:
    return round(float(100 - usd / top * 100), 2)
