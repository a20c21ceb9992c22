"""Template filters that turn figures into the geometry of small server-drawn SVGs."""

from collections.abc import Sequence
from decimal import Decimal

from django.template import Library

register = Library()

WIDTH, HEIGHT = 96, 24
DEEPEST = 6  # the last level that tables.css sets in
LINE_ROOM = 2  # so that the line's own width is not cut off at the edges

Number = Decimal | int | float


def points(values: Sequence[Number]) -> list[tuple[float, float]]:
    """Place the values over the sparkline's box, zero at its floor."""
    sizes = [float(value) for value in values]
    low, high = min([*sizes, 0.0]), max([*sizes, 0.0])
    scale = (HEIGHT - 2 * LINE_ROOM) / (high - low) if high > low else 0.0
    step = WIDTH / (len(sizes) - 1) if len(sizes) > 1 else 0.0
    return [(i * step, HEIGHT - LINE_ROOM - (size - low) * scale) for i, size in enumerate(sizes)]


@register.filter
def spark_line(values: Sequence[Number | None]) -> str:
    """Return the path of a sparkline; an unknown value leaves a gap in it."""
    places = iter(points([value or 0 for value in values]))
    commands, pen = [], "M"
    for value, (x, y) in zip(values, places, strict=True):
        if value is None:
            pen = "M"
            continue
        commands.append(f"{pen}{x:.1f} {y:.1f}")
        pen = "L"
    return "".join(commands)


@register.filter
def spark_area(values: Sequence[Number | None]) -> str:
    """Return the path of the area under a sparkline, or nothing where values are missing."""
    if len(values) < 2 or None in values:  # noqa: PLR2004 -- one point has no area
        return ""
    return f"{spark_line(values)}L{WIDTH} {HEIGHT}L0 {HEIGHT}Z"


@register.filter
def indent(level: int) -> str:
    """Return the class that sets a row in by its level in a tree; the top has none."""
    return f"level-{min(level, DEEPEST)}" if level else ""


@register.filter
def share_of(value: Number | None, limit: Number | None) -> Decimal | None:
    """Return value as a share of limit, more than one where it is over; None where unknown."""
    if value is None or not limit:
        return None
    return Decimal(str(value)) / Decimal(str(limit))


@register.filter
def out_of(value: Number | None, limit: Number | None) -> str:
    """Return value as a percentage of limit, kept between 0 and 100, for a width attribute."""
    if value is None or not limit:
        return "0"
    share = float(value) / float(limit) * 100
    return f"{min(max(share, 0.0), 100.0):.2f}"
