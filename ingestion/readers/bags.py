"""Tags and rarer counters of a row: JSON objects in one spelling, so that equals are equal."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

MAX_TAGS_CHARACTERS = 4000


def canonical(bag: Mapping[str, Any]) -> str:
    """Return a JSON object with sorted keys and no spaces, or '' for an empty one."""
    return json.dumps(bag, sort_keys=True, separators=(",", ":"), ensure_ascii=False) if bag else ""


def tags_of(text: str) -> str:
    """Return the canonical text of a JSON object of plain values, each made a text.

    Raises ValueError with a sentence's end for anything else.
    """
    if not text:
        return ""
    try:
        bag = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise ValueError("is not a JSON object") from error
    if not isinstance(bag, dict) or not all(_is_plain(value) for value in bag.values()):
        raise ValueError("is not a JSON object of plain values")
    tags = canonical({name: _text(value) for name, value in bag.items() if value is not None})
    return _bounded(tags)


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, str | bool)


def _text(value: str | bool) -> str:  # noqa: FBT001 — a value out of a file
    return value if isinstance(value, str) else json.dumps(value)


def _bounded(tags: str) -> str:
    if len(tags) > MAX_TAGS_CHARACTERS:
        raise ValueError(f"is longer than {MAX_TAGS_CHARACTERS:,} characters")
    try:
        tags.encode()
    except UnicodeEncodeError as error:
        raise ValueError("holds half a character") from error
    if "\\u0000" in tags:
        raise ValueError("holds a zero character")
    return tags


def tag_texts(columns: Mapping[str, Any], count: int) -> tuple[Any, dict[int, str]]:
    """Return the tags of every row, and what is wrong with those of some.

    `columns` are 'tags', holding JSON objects, and one 'tags.NAME' for each single tag.
    """
    whole = columns.get("tags")
    texts, bad = (pa.repeat("", count), {}) if whole is None else _objects(whole)
    names = [name for name in columns if name != "tags"]
    if not names:
        return texts, bad
    rows = zip(texts.to_pylist(), *(columns[name].to_pylist() for name in names), strict=True)
    keys = [name.removeprefix("tags.") for name in names]
    return pa.array(_merged(rows, keys), type=pa.string()), bad


def _objects(column: Any) -> tuple[Any, dict[int, str]]:
    """Read each different text once; tags repeat from row to row."""
    encoded = column.dictionary_encode()
    texts, reasons = [], {}
    for index, text in enumerate(encoded.dictionary.to_pylist()):
        try:
            texts.append(tags_of(text))
        except ValueError as error:
            texts.append("")
            reasons[index] = str(error)
    indices = encoded.indices
    bad = {}
    if reasons:
        at = np.array(indices)
        bad = {row: reasons[at[row]] for row in np.flatnonzero(np.isin(at, list(reasons))).tolist()}
    return pc.take(pa.array(texts, type=pa.string()), indices), bad


def _merged(rows: Iterable[tuple[str, ...]], keys: list[str]) -> list[str]:
    known: dict[tuple[str, ...], str] = {}
    merged = []
    for row in rows:
        if row not in known:
            single = {key: value for key, value in zip(keys, row[1:], strict=True) if value}
            known[row] = canonical((json.loads(row[0]) if row[0] else {}) | single)
        merged.append(known[row])
    return merged


def counter_texts(counts: Mapping[str, npt.NDArray[np.int64]], count: int) -> Any:
    """Return a canonical object of the counters above zero of every row."""
    texts = [""] * count
    if counts:
        some = np.any([column > 0 for column in counts.values()], axis=0)
        for row in np.flatnonzero(some).tolist():
            bag = {name: int(column[row]) for name, column in counts.items() if column[row] > 0}
            texts[row] = canonical(bag)
    return pa.array(texts, type=pa.string())
