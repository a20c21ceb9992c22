"""Column maps are saved once, found by the columns of a file, and never mean nothing."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError

from ingestion.models import ColumnMap
from ingestion.operations import column_maps
from ingestion.operations.column_maps import delete_column_map, save_column_map
from ingestion.queries.column_maps import map_for, map_named
from org.models import AuditEntry, User
from org.refusals import Invalid, NotAllowed
from tests.factories.ingestion import new_map
from tests.org_cast import Cast

TRACE: dict[str, Any] = {
    "source": "csv",
    "columns": ["T", "I", "O"],
    "column_map": {"started_at": "T", "in_text": "I"},
    "fixed_values": {"provider": "openai", "model": "gpt-4o"},
}


def save(by: User, at: datetime, name: str = "Trace", **changed: Any) -> ColumnMap:
    return save_column_map(name=name, by=by, at=at, **(TRACE | changed))


def test_a_map_is_kept_with_its_columns_its_owner_and_its_trail(cast: Cast, at: datetime) -> None:
    saved = save(cast.fiona, at, "  Azure   trace ")

    kept = ColumnMap.objects.get()
    assert (kept, kept.name, kept.source, kept.owner) == (saved, "Azure trace", "csv", cast.fiona)
    assert kept.columns == ["I", "O", "T"]
    assert kept.column_map == {"started_at": "T", "in_text": "I"}
    assert kept.fixed_values == {"provider": "openai", "model": "gpt-4o"}
    entry = AuditEntry.objects.latest("pk")
    assert (entry.action, entry.subject) == ("column_map.save", f"column_map:{kept.pk}")


def test_the_map_that_was_opened_is_replaced_and_no_other(cast: Cast, at: datetime) -> None:
    first = save(cast.fiona, at)
    later = at + timedelta(days=1)

    save(cast.fiona, later, "trace", column_map={"started_at": "O"}, replaces=first)

    kept = ColumnMap.objects.get()
    assert (kept.pk, kept.name, kept.column_map) == (first.pk, "trace", {"started_at": "O"})
    assert AuditEntry.objects.latest("pk").action == "column_map.replace"


@pytest.mark.parametrize(
    ("changed", "pointer", "sentence"),
    [
        ({"name": "TRACE"}, "/name", "There is a map 'TRACE' already."),
        ({"name": "  "}, "/name", "Give the map a name"),
        ({"name": "x" * 81}, "/name", "longer than 80 characters"),
        ({"source": "litellm"}, "/source", "Only CSV and JSON files"),
        ({"column_map": {"started_at": "Z"}}, "/map", "The file has no column 'Z'."),
        ({"fixed_values": {}}, "/map", "Nothing gives provider and model."),
        ({"columns": ["T", "T", "I"]}, "/map", "The column 'T' stands twice"),
        ({"fixed_values": {"provider": "a", "model": "b", "sparkle": "c"}}, "/map", "no field"),
    ],
)
def test_a_map_that_reads_nothing_or_has_anothers_name_is_refused(
    cast: Cast, at: datetime, changed: dict[str, Any], pointer: str, sentence: str
) -> None:
    save(cast.fiona, at)

    with pytest.raises(Invalid, match=sentence) as refusal:
        save(cast.fiona, at, changed.pop("name", "Other"), **changed)

    assert [error.pointer for error in refusal.value.errors] == [pointer]
    assert ColumnMap.objects.count() == 1


def test_the_database_keeps_a_name_once_however_it_is_written(cast: Cast, at: datetime) -> None:
    save(cast.fiona, at)

    with pytest.raises(IntegrityError, match="column_map_is_named_once"):
        new_map("TRACE", owner=cast.fiona)


def test_of_two_who_save_a_name_at_once_the_second_is_told(
    cast: Cast, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(cast.fiona, at)
    # As if the first had not committed when the second looked.
    monkeypatch.setattr(column_maps, "_checked_name", lambda name, _replaces: name)

    with pytest.raises(Invalid, match="There is a map 'Trace' already"):
        save(cast.fiona, at)


def test_the_database_keeps_maps_of_csv_and_json_alone(cast: Cast) -> None:
    with pytest.raises(IntegrityError, match="column_map_is_of_csv_or_json"):
        new_map("Trace", owner=cast.fiona, source="litellm")


def test_a_file_is_known_by_its_columns_in_any_order(cast: Cast, at: datetime) -> None:
    new_map("Older", owner=cast.fiona, saved_at=at - timedelta(days=1))
    newer = new_map("Newer", owner=cast.fiona, saved_at=at)
    new_map("Lines", owner=cast.fiona, source="json", saved_at=at + timedelta(days=1))

    assert map_for("csv", ["O", " T", "I", ""]) == newer
    assert map_for("csv", ["O", "T", "I", "more"]) is None
    assert map_for("csv", ["O", "T"]) is None


def test_a_map_is_found_by_its_name_and_those_there_are_are_named(cast: Cast) -> None:
    with pytest.raises(Invalid, match=r"There is no saved map 'Trace'\. None was saved"):
        map_named("Trace")
    new_map("B", owner=cast.fiona)
    new_map("A", owner=cast.fiona)

    assert map_named("b").name == "B"
    with pytest.raises(Invalid, match=r"There are: A, B\."):
        map_named("C")


def test_a_map_is_forgotten_and_its_trail_stays(cast: Cast, at: datetime) -> None:
    saved = save(cast.fiona, at)

    delete_column_map(map_id=saved.pk, by=cast.fiona, at=at)
    delete_column_map(map_id=saved.pk, by=cast.fiona, at=at)

    assert not ColumnMap.objects.exists()
    entry = AuditEntry.objects.latest("pk")
    assert (entry.action, entry.detail["name"]) == ("column_map.delete", "Trace")
    assert AuditEntry.objects.filter(action="column_map.delete").count() == 1


@pytest.mark.parametrize("name", ["ed", "carl", "aud", "grace"])
def test_who_loads_files_or_looks_on_saves_no_maps(cast: Cast, at: datetime, name: str) -> None:
    person, saved = getattr(cast, name), save(cast.fiona, at)

    with pytest.raises(NotAllowed, match="FinOps analysts and administrators"):
        save(person, at, "Own")
    with pytest.raises(NotAllowed, match="FinOps analysts and administrators"):
        delete_column_map(map_id=saved.pk, by=person, at=at)
    assert ColumnMap.objects.get() == saved
