"""Finding a saved column map: by its name, or by the columns of a file."""

from collections.abc import Iterable

from django.db.models import QuerySet

from ingestion.models import ColumnMap
from org.refusals import Invalid


def column_maps(source: str = "") -> QuerySet[ColumnMap]:
    """Return the saved maps by name, those of one source where it is given."""
    found = ColumnMap.objects.select_related("owner__person").order_by("name")
    return found.filter(source=source) if source else found


def map_named(name: str) -> ColumnMap:
    """Return the map of this name, however it is capitalised.

    Raises Invalid, listing the names, where there is none.
    """
    found = ColumnMap.objects.filter(name__iexact=name).first()
    if found is None:
        names = ", ".join(column_maps().values_list("name", flat=True))
        there_are = f"There are: {names}." if names else "None was saved yet."
        raise Invalid.of("saved", f"There is no saved map {name!r}. {there_are}")
    return found


def map_for(source: str, columns: Iterable[str]) -> ColumnMap | None:
    """Return the map that was saved last for a file of exactly these columns, or None."""
    alike = ColumnMap.objects.filter(source=source, columns=known_columns(columns))
    return alike.order_by("-saved_at", "-pk").first()


def known_columns(columns: Iterable[str]) -> list[str]:
    """Return columns as a map keeps them: sorted, without outer spaces and empty names."""
    return sorted({column.strip() for column in columns} - {""})
