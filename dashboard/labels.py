"""What groups of spend are called on a page, from what the explorer calls them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from dashboard.stacks import NAME_OF_UNALLOCATED
from finops.rules import TAG_PREFIX
from ingestion.queries.attributes import ATTRIBUTES, UNALLOCATED, WITHHELD
from ingestion.wording import attribute_in_words
from org.models import CostObject, Unit

Row = Mapping[str, Any]
NAMES_OF_MISSING = {"initiative": "Core, no initiative"}
WITHHELD_NAME = "Names withheld"


def namer(group_by: Iterable[str]) -> Callable[[Row], str]:
    """Return what names a row by its groups: "Support · gpt-5"; "All" without groups."""
    names = list(group_by)
    units = dict(Unit.objects.values_list("slug", "name")) if "unit" in names else {}
    objects = dict(CostObject.objects.values_list("slug", "name")) if "initiative" in names else {}
    known = {"unit": units, "initiative": objects}

    def name_of(row: Row) -> str:
        return " · ".join(_shown(each, row[each], known.get(each, {})) for each in names) or "All"

    return name_of


def attribute_choices(tags: Iterable[str]) -> list[tuple[str, str]]:
    """Return the attributes to group and filter by, registered tags among them."""
    names = [*ATTRIBUTES, *(f"{TAG_PREFIX}{tag}" for tag in tags)]
    return [(name, attribute_in_words(name).capitalize()) for name in names]


def _shown(attribute: str, value: str | None, known: Mapping[str, str]) -> str:
    if value is None:
        return NAMES_OF_MISSING.get(attribute, f"No {attribute_in_words(attribute)}")
    if attribute == "unit" and value == UNALLOCATED:
        return NAME_OF_UNALLOCATED
    if attribute == "person" and value == WITHHELD:
        return WITHHELD_NAME
    return known.get(value, value)
