"""Any CSV whose columns the sender maps to fields, and NDJSON by dotted paths."""

from collections.abc import Mapping

import pyarrow as pa

from ingestion.readers.contract import Chunk, Options, Refused, UsageBatch
from ingestion.readers.convert import Texts, usage_batch
from ingestion.readers.csvtext import column_index, header_names, read_texts
from ingestion.readers.fields import check_required
from ingestion.readers.jsontext import Gathering, objects_of
from ingestion.readers.mapping import chosen, value_at
from ingestion.readers.source import DOCUMENTATION, Source, nothing
from ingestion.readers.takes import SHEET, Takes

REMEDY = "Give each with --map FIELD=COLUMN or --set FIELD=VALUE."


def check_csv(chunk: Chunk, options: Options) -> None:
    """Raise Refused where the map, the set values or the header cannot serve."""
    mapped, _ = _chosen(options)
    if chunk.shape != "csv":
        raise Refused("This is not a CSV file; for JSON choose the source 'json'.")
    names = header_names(chunk.header)
    for column in mapped.values():
        column_index(names, column)


def read_csv(chunk: Chunk, options: Options) -> UsageBatch:
    """Read the mapped columns of a chunk of CSV; set values stand in every row."""
    check_csv(chunk, options)
    mapped, fixed = _chosen(options)
    return usage_batch(_with_fixed(read_texts(chunk, mapped), fixed))


def check_json(chunk: Chunk, options: Options) -> None:
    """Raise Refused where the map or the set values cannot serve, or the file is no JSON."""
    _chosen(options)
    if chunk.shape != "ndjson":
        raise Refused("This is not JSON; for CSV choose the source 'csv'.")


def read_json(chunk: Chunk, options: Options) -> UsageBatch:
    """Read the values at the mapped paths (`usage.prompt_tokens`) of a chunk of NDJSON."""
    check_json(chunk, options)
    mapped, fixed = _chosen(options)
    gathering = Gathering(objects_of(chunk))
    for field, path in mapped.items():
        names = path.split(".")
        gathering.put(field, [value_at(value, names) for value in gathering.objects.values])
    return usage_batch(_with_fixed(gathering.texts(origin=mapped), fixed))


def _chosen(options: Options) -> tuple[dict[str, str], dict[str, str]]:
    """Return the map and the set values by field, with nothing missing."""
    mapped, fixed = chosen(options)
    check_required([*mapped, *fixed], remedy=REMEDY)
    return mapped, fixed


def _with_fixed(texts: Texts, fixed: Mapping[str, str]) -> Texts:
    count = len(texts.lines)
    columns = dict(texts.columns) | {name: pa.repeat(value, count) for name, value in fixed.items()}
    return Texts(columns, texts.lines, texts.raw, texts.problems, texts.origin)


CSV = Source(
    name="csv",
    kind="usage",
    title="Any CSV, its columns mapped with --map and --set",
    detects="nothing: name it",
    documentation=f"{DOCUMENTATION}#csv",
    detect=nothing,
    check=check_csv,
    read=read_csv,
    takes=Takes(settings=(SHEET,), maps=True, needs_map=True),
    is_mendable=True,
)

JSON = Source(
    name="json",
    kind="usage",
    title="Any NDJSON or JSON array, its paths mapped with --map and --set",
    detects="nothing: name it",
    documentation=f"{DOCUMENTATION}#json",
    detect=nothing,
    check=check_json,
    read=read_json,
    takes=Takes(maps=True, needs_map=True),
    is_mendable=True,
)
