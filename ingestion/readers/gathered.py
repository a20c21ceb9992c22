"""From objects to rows: each one's fields, or the one thing that is wrong with it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ingestion.readers.bags import canonical
from ingestion.readers.contract import Problem
from ingestion.readers.convert import Texts
from ingestion.readers.jsontext import Gathering, Objects
from ingestion.readers.reports import Bucket, ReportBatch, report_batch

Fields = Mapping[str, Any]
# Returns the fields of a row and the codes of what is odd about it; raises ValueError
# with a reason for what is no row.
ReadFields = Callable[[Mapping[str, Any]], tuple[Fields, Sequence[str]]]


def gathered(objects: Objects, fields_of: ReadFields, *, field: str) -> tuple[Texts, list[Problem]]:
    """Gather the fields of every object, and the doubts about some.

    `field` names what an object that is no row has wrong.
    """
    gathering, doubts, rows = Gathering(objects), [], []
    for row, value in enumerate(objects.values):
        try:
            fields, codes = fields_of(value)
        except ValueError as error:
            gathering.refuse(row, field, str(error))
            fields, codes = {}, ()
        rows.append(fields)
        if codes:
            line, raw = int(objects.lines[row]), objects.raw(row)
            doubts += [Problem(line, field, code, raw) for code in codes]
    for name in sorted(set().union(*rows)):
        gathering.put(name, [fields.get(name) for fields in rows])
    return gathering.texts(), doubts


def gathered_report(
    objects: Objects,
    fields_of: ReadFields,
    *,
    field: str,
    buckets: Sequence[Bucket] = (),
    complete: bool = True,
) -> ReportBatch:
    """Gather a report's lines; each object is one."""
    texts, doubts = gathered(objects, fields_of, field=field)
    return replace(report_batch(texts, buckets=buckets, complete=complete), doubts=doubts)


def tags_from(values: Mapping[str, Any], names: Iterable[str]) -> str:
    """Return the tags that these values make, those that say nothing left out."""
    return canonical({name: str(values[name]) for name in names if values.get(name)})
