"""Saving what the columns of a kind of file mean, and forgetting it again."""

import csv
from collections.abc import Mapping, Sequence
from datetime import datetime
from io import StringIO

from django.db import IntegrityError, transaction

from ingestion.models import ColumnMap
from ingestion.queries.column_maps import known_columns
from ingestion.readers.contract import Chunk, Options, Refused
from ingestion.readers.registry import source as source_named
from org import audit
from org.models import User
from org.permissions import can_save_maps
from org.refusals import Invalid, NotAllowed

MAX_NAME = 80


@transaction.atomic
def save_column_map(
    *,
    name: str,
    source: str,
    columns: Sequence[str],
    column_map: Mapping[str, str],
    fixed_values: Mapping[str, str],
    by: User,
    at: datetime,
    replaces: ColumnMap | None = None,
) -> ColumnMap:
    """Keep a map under a name for the next file of the same columns.

    `replaces` is the map that was opened and is saved again, perhaps under another name.
    Raises Invalid for a name that another map has, and for a map that reads nothing.
    """
    _check_right(by)
    name = _checked_name(name, replaces)
    _check_reads(source, columns, column_map, fixed_values)
    saved = replaces or ColumnMap()
    saved.name, saved.source = name, source
    saved.columns = known_columns(columns)
    saved.column_map, saved.fixed_values = dict(column_map), dict(fixed_values)
    saved.owner, saved.saved_at = by, at
    _store(saved)
    audit.record(
        actor=by,
        action="column_map.replace" if replaces else "column_map.save",
        subject=f"column_map:{saved.pk}",
        at=at,
        detail={"name": name, "map": saved.column_map, "set": saved.fixed_values},
    )
    return saved


@transaction.atomic
def delete_column_map(*, map_id: int, by: User, at: datetime) -> None:
    """Forget a map; files that were loaded with it stay as they are."""
    _check_right(by)
    found = ColumnMap.objects.select_for_update().filter(pk=map_id).first()
    if found is None:
        return  # somebody else was faster, and it is gone
    audit.record(
        actor=by,
        action="column_map.delete",
        subject=f"column_map:{found.pk}",
        at=at,
        detail={"name": found.name, "map": found.column_map, "set": found.fixed_values},
    )
    found.delete()


def _store(saved: ColumnMap) -> None:
    try:
        with transaction.atomic():
            saved.save()
    except IntegrityError as error:  # somebody else saved the name at the same moment
        raise _taken(saved.name) from error


def _taken(name: str) -> Invalid:
    return Invalid.of("name", f"There is a map {name!r} already. Use that one first to replace it.")


def _check_right(by: User) -> None:
    if not can_save_maps(by):
        raise NotAllowed("Column maps are saved by FinOps analysts and administrators.")


def _checked_name(name: str, replaces: ColumnMap | None) -> str:
    name = " ".join(name.split())
    if not name:
        raise Invalid.of("name", "Give the map a name by which others find it.")
    if len(name) > MAX_NAME:
        raise Invalid.of("name", f"The name is longer than {MAX_NAME} characters.")
    others = ColumnMap.objects.filter(name__iexact=name)
    if replaces is not None:
        others = others.exclude(pk=replaces.pk)
    if others.exists():
        raise _taken(name)
    return name


def _check_reads(
    source: str, columns: Sequence[str], column_map: Mapping[str, str], fixed: Mapping[str, str]
) -> None:
    """Let the reader judge the map as it would judge a file of these columns."""
    if source not in ColumnMap.Kind.values:
        raise Invalid.of("source", "Only CSV and JSON files have columns to be mapped.")
    shape = "csv" if source == ColumnMap.Kind.CSV else "ndjson"
    try:
        source_named(source).check(
            Chunk(b"", _header(columns), shape, 1), Options(map=column_map, set=fixed)
        )
    except Refused as refusal:
        raise Invalid.of("map", refusal.detail) from refusal


def _header(columns: Sequence[str]) -> bytes:
    line = StringIO()
    csv.writer(line).writerow(columns)
    return line.getvalue().encode()
