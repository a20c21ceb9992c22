"""Interning slices: every distinct who-and-what of a frame becomes one small number."""

import json
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from uuid import UUID

import numpy as np
import pandas as pd
from django.conf import settings
from django.db import connection, transaction

from ingestion.models import Slice
from ingestion.operations.assignments import assign_slices, hold_rules_still
from ingestion.queries.rules import tag_attributes

# The order is part of every digest: add at the end only.
ATTRIBUTES = (
    "source",
    "provider",
    "account",
    "model",
    "key",
    "person",
    "project",
    "workflow",
    "task_type",
    "environment",
    "tags",
)
Values = tuple[str, ...]

_known: dict[Values, int] = {}


def intern_slices(frame: pd.DataFrame) -> pd.Series:
    """Return the slice id of every row; `frame` has the columns of ATTRIBUTES.

    New slices are stored, and assigned to units, in a transaction of their own where the
    caller has none, so that two loads never wait for each other over a new slice.
    """
    codes = frame.groupby(list(ATTRIBUTES), sort=False, observed=True).ngroup()
    firsts = frame.loc[~codes.duplicated()]
    # By the column: a row of a frame is slow to read, and a file has them by the ten thousand.
    columns = (firsts[name].to_numpy(dtype=object) for name in ATTRIBUTES)
    wanted: list[Values] = list(zip(*columns, strict=True))
    ids = _ids(wanted)
    by_code = np.array([ids[values] for values in wanted], dtype=np.int64)
    return pd.Series(by_code[codes.to_numpy()], index=frame.index)


def digest_of(values: Iterable[str]) -> UUID:
    """Return the 128-bit digest a slice is known by."""
    text = json.dumps(list(values), ensure_ascii=False, separators=(",", ":"))
    return UUID(bytes=blake2b(text.encode(), digest_size=16).digest())


def forget_slices() -> None:
    """Empty this process's memory of ids, as a test does between databases."""
    _known.clear()


def slice_tags(tags: pd.Series) -> pd.Series:
    """Keep the registered tags; the others stay with the call and out of slices."""
    registered = frozenset(settings.TOKENOPS_TAGS)
    kept = {text: _registered(text, registered) for text in tags.unique()}
    return tags.map(kept).astype("str")


def _registered(text: str, registered: frozenset[str]) -> str:
    if not text:
        return ""
    tags = {name: value for name, value in json.loads(text).items() if name in registered}
    return json.dumps(tags, sort_keys=True, separators=(",", ":")) if tags else ""


def _ids(wanted: Iterable[Values]) -> dict[Values, int]:
    ids = {values: _known[values] for values in wanted if values in _known}
    missing = {digest_of(values): values for values in wanted if values not in ids}
    if missing:
        stored = _stored(list(missing))
        new = {digest: values for digest, values in missing.items() if digest not in stored}
        stored |= _store(new) if new else {}
        found = {values: stored[digest] for digest, values in missing.items()}
        # A transaction that rolls back takes its new slices with it, so they are
        # remembered only once they are committed.
        transaction.on_commit(lambda: _known.update(found))
        ids |= found
    return ids


def _stored(digests: list[UUID]) -> dict[UUID, int]:
    rows = Slice.objects.filter(digest__in=digests).values_list("digest", "id")
    return dict(rows)


@transaction.atomic
def _store(new: Mapping[UUID, Values]) -> dict[UUID, int]:
    """Store new slices and assign them; a first big file brings them by the ten thousand."""
    hold_rules_still()
    digests = sorted(new)
    with connection.cursor() as cursor:
        columns = zip(*(new[digest] for digest in digests), strict=True)
        *names, tags = (list(column) for column in columns)
        cursor.execute(_INSERT, [digests, *names, [text or "{}" for text in tags]])
        made = {digest: number for number, digest in cursor.fetchall()}
    assign_slices({number: _attributes(new[digest]) for digest, number in made.items()})
    return made | _stored([digest for digest in digests if digest not in made])


_INSERT = f"""
INSERT INTO ingestion_slice (digest, {", ".join(ATTRIBUTES)})
SELECT * FROM unnest(%s::uuid[], {"%s::text[], " * (len(ATTRIBUTES) - 1)}%s::jsonb[])
ON CONFLICT (digest) DO NOTHING RETURNING id, digest
"""  # noqa: S608 -- only names of this file


def _attributes(values: Values) -> dict[str, str]:
    fields = dict(zip(ATTRIBUTES, values, strict=True))
    tags = fields.pop("tags")
    return fields | tag_attributes(json.loads(tags) if tags else {})
