"""What is told of a file beside it: its source, a map and set values, perhaps saved ones."""

from collections.abc import Mapping
from typing import NamedTuple

from ingestion.queries.column_maps import map_named
from ingestion.readers.takes import SHEET
from org.refusals import Invalid


class Told(NamedTuple):
    """A source, where its fields stand, and what every row has."""

    source: str
    column_map: dict[str, str]
    fixed_values: dict[str, str]


def told(
    *,
    source: str,
    saved: str,
    sheet: str,
    column_map: Mapping[str, str],
    fixed_values: Mapping[str, str],
) -> Told:
    """Return what is told of a file; what is given stands over a saved map.

    Raises Invalid where nothing says what the file is, and where the map is for another
    source or is not there.
    """
    fixed = {**fixed_values, **({SHEET.name: sheet} if sheet else {})}
    if not saved:
        if not source:
            raise Invalid.of("source", "Say what the file is: by a source, or by a saved map.")
        return Told(source, dict(column_map), fixed)
    kept = map_named(saved)
    if source not in {"", kept.source}:
        raise Invalid.of("saved", f"The map {kept.name} is for the source {kept.source}.")
    # A field that is given anew is no longer what the map says, be it a column or a value.
    given = column_map.keys() | fixed.keys()
    return Told(
        kept.source,
        {name: column for name, column in kept.column_map.items() if name not in given}
        | dict(column_map),
        {name: value for name, value in kept.fixed_values.items() if name not in given} | fixed,
    )
