"""Reading the tree of units: in order, and as it stood on a day."""

from datetime import date
from typing import NamedTuple

from django.db.models import QuerySet

from org.models import Unit, UnitVersion, User


class Branch(NamedTuple):
    """A unit at its place in the tree; `level` counts from the topmost one shown, 0."""

    unit: Unit
    level: int


def tree(user: User) -> list[Branch]:
    """Return the units the user may see, each one right before what is beneath it."""
    units = list(Unit.objects.visible_to(user).select_related("owner__person", "parent"))
    names = {unit.pk: unit.name.casefold() for unit in units}
    roots = {unit.path for unit in units if unit.parent_id not in names}

    def place(unit: Unit) -> list[tuple[str, int]]:
        ids = [int(part) for part in unit.path.rstrip("/").split("/")]
        return [(names[pk], pk) for pk in ids if pk in names]

    return [
        Branch(unit, unit.depth - _root_depth(unit, roots)) for unit in sorted(units, key=place)
    ]


def _root_depth(unit: Unit, roots: set[str]) -> int:
    return min(path.count("/") - 1 for path in roots if unit.path.startswith(path))


def unit_as_of(unit: Unit, day: date) -> UnitVersion | None:
    """Return how the unit was called and where it stood on a day; None before it existed."""
    return (
        unit.versions.filter(starts_on__lte=day)
        .select_related("parent", "owner__person")
        .order_by("-starts_on", "-pk")
        .first()
    )


def history_of(unit: Unit) -> QuerySet[UnitVersion]:
    """Return the versions of a unit, the newest first."""
    return unit.versions.select_related("parent", "owner__person", "recorded_by__person").order_by(
        "-starts_on", "-pk"
    )
