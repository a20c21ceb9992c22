"""A first look into a file: what it is, its columns, its first rows."""

import csv
import json
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from pathlib import Path

from ingestion import framing
from ingestion.framing.records import Refused, sniff_delimiter
from ingestion.readers.fields import FIELDS, spoken
from ingestion.readers.registry import detected
from ingestion.readers.source import Source

PREVIEW_ROWS = 10
HEAD_BYTES = 1 << 18
# What exports of providers and gateways call the fields, without case and punctuation.
SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "id": ("requestid", "callid", "traceid", "uuid"),
    "started_at": ("timestamp", "time", "starttime", "createdat", "date", "datetime"),
    "provider": ("vendor", "customllmprovider"),
    "model": ("modelname", "modelid", "deployment"),
    "in_text": (
        "inputtokens", "prompttokens", "contexttokens", "tokensin", "ncontexttokenstotal",
    ),
    "in_cache_read": ("cachedtokens", "cachereadinputtokens", "inputcachedtokens"),
    "out_text": (
        "outputtokens", "completiontokens", "generatedtokens", "tokensout",
        "ngeneratedtokenstotal",
    ),
    "key": ("apikey", "apikeyid", "keyname", "keyalias"),
    "user": ("userid", "email", "useremail", "person"),
    "project": ("projectid", "projectname", "team", "teamid"),
    "requests": ("nummodelrequests", "calls", "requestcount"),
    "cost_usd": ("cost", "spend", "amount", "amountusd"),
    "environment": ("env", "stage"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sample:
    """The start of a file: its shape, what reads it, its columns and first rows as texts."""

    shape: str
    header: bytes
    source: Source | None
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def look_into(path: Path, *, sheet: str = "") -> Sample:
    """Return the sample of a received file; raises Refused where it cannot be read at all."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".preview-") as folder:
        target = Path(folder) / "prepared"
        prepared = framing.prepare(path, target, sheet=sheet)
        with target.open("rb") as file:
            head = file.read(HEAD_BYTES)
    text = head.decode(errors="replace")
    # The last line may be cut off, unless the head is the whole file.
    complete = text if len(head) < HEAD_BYTES else text.rpartition("\n")[0]
    columns, rows = _csv(complete) if prepared.shape == "csv" else _json(complete)
    return Sample(prepared.shape, prepared.header, detected(head), columns, rows)


def guesses(columns: Iterable[str]) -> dict[str, str]:
    """Return for each field the column that most likely holds it, by its name."""
    by_name = {_plain(column): column for column in reversed(list(columns))}
    found = {}
    for field in map(spoken, FIELDS):
        names = (_plain(field), *SYNONYMS.get(field, ()))
        column = next((by_name[name] for name in names if name in by_name), None)
        if column is not None:
            found[field] = column
    return found


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _csv(text: str) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    delimiter = sniff_delimiter(text.partition("\n")[0].encode()).decode()
    lines = csv.reader(StringIO(text), delimiter=delimiter)
    try:
        header = tuple(next(lines, []))
        return header, tuple(tuple(row) for row in islice(filter(None, lines), PREVIEW_ROWS))
    except csv.Error as error:
        raise Refused(f"The first rows cannot be read as CSV: {error}.") from error


def _json(text: str) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    objects = list(islice(_objects(text), PREVIEW_ROWS))
    columns = tuple(dict.fromkeys(name for values in objects for name in values))
    return columns, tuple(tuple(values.get(name, "") for name in columns) for values in objects)


def _objects(text: str) -> Iterable[dict[str, str]]:
    for line in text.splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            yield dict(_paths(value, ()))


def _paths(value: object, above: Sequence[str]) -> Iterable[tuple[str, str]]:
    if isinstance(value, dict):
        for name, below in value.items():
            yield from _paths(below, [*above, name])
    elif not isinstance(value, list):
        yield ".".join(above), "" if value is None else str(value)
