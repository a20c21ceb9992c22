"""Lines of a bill whose meters are read: their counts, their tags, and the report of them."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from finops.money import EXACT, BadAmount, calculated_in, parse_usd
from ingestion.readers.bags import MAX_TAGS_CHARACTERS, canonical
from ingestion.readers.contract import TEXT_LIMITS, Problem
from ingestion.readers.convert import Column, Texts
from ingestion.readers.distinct import by_distinct, texts_of
from ingestion.readers.instants import instant
from ingestion.readers.meters import UNREADABLE_TAGS, Meter
from ingestion.readers.reports import Bucket, ReportBatch, report_batch

# With room for the tags that say where a line's calls ran.
_MOST_TAGS = MAX_TAGS_CHARACTERS - 200


@calculated_in(EXACT)
def number(text: str) -> Decimal | None:
    """Return the amount of a cell, or None where it is empty or none; the report names it."""
    try:
        return parse_usd(text.strip())
    except BadAmount:
        return None


@calculated_in(EXACT)
def whole(quantity: Decimal | None, block: int) -> int:
    """Return how many pieces a quantity of blocks is; what floats added is rounded off.

    A quantity below zero is something given back, and no count of what was used: it is 0.
    """
    if quantity is None or quantity <= 0:
        return 0
    return int((quantity * block).to_integral_value(rounding=ROUND_HALF_EVEN))


def meter_columns(meters: Sequence[Meter], pieces: Sequence[int]) -> dict[str, Column]:
    """Return what the meters say of every row: model, tier, and a count in its own class."""
    counts = np.array(pieces, dtype=np.int64)
    kinds = np.array([meter.token_class or meter.counter for meter in meters], dtype=object)
    counted = {
        kind: pa.array(np.where(kinds == kind, counts, 0))
        for kind in sorted(set(kinds.tolist()) - {""})
    }
    return counted | {
        "model": texts_of(meter.model[: TEXT_LIMITS["model"]] for meter in meters),
        "service_tier": texts_of(meter.service_tier for meter in meters),
        "tags.x_deployment": texts_of(meter.deployment for meter in meters),
        "tags.x_context": texts_of(meter.context for meter in meters),
    }


def merged_tags(*cells: str, called: Callable[[str], str] = str) -> tuple[str, str]:
    """Return the tags of a line's cells, later ones over earlier ones, and a doubt about them.

    What cannot be read or kept is left out: the line's money counts all the same. `called`
    says what a tag is called here.
    """
    merged: dict[str, str] = {}
    doubt = ""
    for cell in cells:
        try:
            found = _tags_in(cell.strip())
        except (ValueError, RecursionError):
            found, doubt = {}, UNREADABLE_TAGS
        merged |= {called(name): text for name, text in found.items()}
    tags = canonical(merged)
    return (tags, doubt) if len(tags) <= _MOST_TAGS else ("", UNREADABLE_TAGS)


def _tags_in(cell: str) -> dict[str, str]:
    """Read a JSON object, or one without its braces as Azure's older exports write it."""
    text = f"{{{cell}}}" if cell.startswith('"') else cell
    return pairs_of(json.loads(text, parse_float=str, parse_int=str)) if text else {}


def pairs_of(value: Any) -> dict[str, str]:
    """Return plain names and texts of an object, of pairs, or of {key, value} objects.

    Raises ValueError for anything else. What has no text is no tag.
    """
    if isinstance(value, list):
        value = dict(_pair(item) for item in value)
    if not isinstance(value, dict):
        raise ValueError("it holds no pairs")  # noqa: TRY004 — a cell's fault, not the code's
    return {
        str(name): str(text)
        for name, text in value.items()
        if text not in (None, "") and not isinstance(text, dict | list)
    }


def _pair(item: Any) -> tuple[Any, Any]:
    if isinstance(item, dict):
        return item.get("key"), item.get("value")
    if isinstance(item, list) and len(item) == 2:  # noqa: PLR2004 — a pair
        return item[0], item[1]
    raise ValueError("it holds no pairs")


def buckets_of(starts: Column, ends: Column) -> list[Bucket]:
    """Return the stretches that an export speaks of, its lines for other things included.

    A month whose models are gone from a later export is then known to have none.
    """
    spans = set(by_distinct([starts, ends], lambda start, end: (instant(start), instant(end))))
    return sorted(
        (start, end)
        for start, end in spans
        if start is not None and end is not None and start < end
    )


def report_of(
    texts: Texts,
    *,
    buckets: Sequence[Bucket],
    doubts: Mapping[str, Sequence[str]],
    left_out: int,
) -> ReportBatch:
    """Make the report of these lines; `doubts` are codes by field, '' for none."""
    batch = report_batch(texts, buckets=buckets, left_out=left_out)
    kept = set(batch.frame["line"])
    found = [
        Problem(int(texts.lines[row]), field, code, texts.raw(row))
        for field, codes in doubts.items()
        for row, code in enumerate(codes)
        if code and texts.lines[row] in kept
    ]
    return replace(batch, doubts=sorted(found, key=lambda doubt: doubt.line))
