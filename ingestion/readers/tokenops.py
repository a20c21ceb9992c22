"""TokenOps' own usage record: NDJSON, CSV with flattened names, or objects of the API."""

from collections.abc import Sequence
from typing import Any

from finops.tokens import COUNTERS, TOKEN_CLASSES
from ingestion.readers.contract import Chunk, Options, Refused, UsageBatch
from ingestion.readers.convert import usage_batch
from ingestion.readers.csvtext import header_names, read_texts
from ingestion.readers.fields import ALIASES, FIELDS, check_required, field_named
from ingestion.readers.jsontext import Gathering, Objects, objects_in, objects_of
from ingestion.readers.source import DOCUMENTATION, Source

# A name that is not here is left alone: senders may say more than is read.
NAMES = {**{field: field for field in FIELDS}, **ALIASES}
BAGS = {"tokens": frozenset(TOKEN_CLASSES), "counters": frozenset(COUNTERS)}
MISSPELT = {"tokens": "is not a token class", "counters": "is not a counter"}


def detect(head: bytes) -> bool:
    """Test whether a file's start speaks of started_at and token classes."""
    return b"started_at" in head and any(name.encode() in head for name in TOKEN_CLASSES)


def check(chunk: Chunk, _options: Options) -> None:
    """Raise Refused where the header lacks a required name or misspells a token class."""
    if chunk.shape == "csv":
        _columns(chunk.header)


def read(chunk: Chunk, options: Options) -> UsageBatch:
    """Read a chunk of usage records."""
    check(chunk, options)
    if chunk.shape == "csv":
        return usage_batch(read_texts(chunk, _columns(chunk.header)))
    return _batch(objects_of(chunk))


def read_records(records: Sequence[Any], *, first_line: int = 0) -> UsageBatch:
    """Read records that were parsed already; a row's line is its index in the list."""
    return _batch(objects_in(records, first_line=first_line))


def _batch(objects: Objects) -> UsageBatch:
    """Gather the columns that occur among the records."""
    values, gathering = objects.values, Gathering(objects)
    for name in sorted(set().union(*values)):
        if name == "tags":
            gathering.put_tags([value.get(name) for value in values])
        elif name in NAMES:
            gathering.put(NAMES[name], [value.get(name) for value in values])
    for name in BAGS:
        _put_bag(gathering, name, [value.get(name) for value in values])
    return usage_batch(gathering.texts())


def _put_bag(gathering: Gathering, name: str, bags: list[Any]) -> None:
    """Set a column for every count that occurs in an object of counts."""
    if not set(map(type, bags)) <= {dict}:
        bags = [_bag(gathering, name, row, bag) for row, bag in enumerate(bags)]
    for part in sorted(set().union(*bags)):
        if part in BAGS[name]:
            gathering.put(part, [bag.get(part) for bag in bags])
            continue
        for row in (row for row, bag in enumerate(bags) if part in bag):
            gathering.refuse(row, f"{name}.{part}", MISSPELT[name])


def _bag(gathering: Gathering, name: str, row: int, bag: Any) -> dict[str, Any]:
    if isinstance(bag, dict):
        return bag
    if bag is not None:
        gathering.refuse(row, name, "is not an object of counts")
    return {}


def _columns(header: bytes) -> dict[str, str]:
    """Return which column gives each field; raise Refused for two, or none that must be."""
    columns: dict[str, str] = {}
    for name in header_names(header):
        field = field_named(name)
        if field is None and name.startswith(("tokens.", "counters.")):
            raise Refused(f"The column {name!r} {MISSPELT[name.partition('.')[0]]}.")
        if field in columns:
            raise Refused(f"The columns {columns[field]!r} and {name!r} give the same field.")
        if field is not None:
            columns[field] = name
    check_required(columns, remedy="Name the columns as docs/sources.md does.")
    return columns


SOURCE = Source(
    name="tokenops",
    kind="usage",
    title="TokenOps usage records, NDJSON or CSV",
    detects="started_at beside a token class such as in_text",
    documentation=f"{DOCUMENTATION}#tokenops",
    detect=detect,
    check=check,
    read=read,
    is_mendable=True,
)
