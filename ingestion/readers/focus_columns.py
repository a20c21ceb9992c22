"""A FOCUS dataset's cells as columns of text, out of CSV or JSON lines, leniently.

Real datasets write NULL out, leave the zone off, write dates as 4/1/25 and amounts as
$10,100.00, and have maps where the specification has JSON. All of that is read here.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.readers.contract import Chunk
from ingestion.readers.convert import Column, Texts
from ingestion.readers.csvtext import header_names, read_texts
from ingestion.readers.jsontext import Gathering, Objects, objects_of

# FOCUS versions by the columns each brought, the newest first.
BROUGHT_BY = {
    "1.3": ("ServiceProviderName", "HostProviderName", "AllocatedMethodId", "ContractApplied"),
    "1.2": ("InvoiceId", "BillingAccountType", "SubAccountType", "PricingCurrency"),
    "1.1": (
        "ServiceSubcategory",
        "SkuMeter",
        "SkuPriceDetails",
        "CapacityReservationId",
        "CommitmentDiscountQuantity",
    ),
}
NULLS = pa.array(["NULL", "null", "None", "\\N"])
_SLASHES = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{2}|\d{4})(?:[ T](\d{1,2}:\d\d(?::\d\d)?))?")
NATIONAL_CURRENCY = r"^[A-Z]{3}$"
_MONEY = r"^(-?)\$ ?"
_THOUSANDS = r"^-?\d{1,3}(?:,\d{3})+(?:\.\d+)?$"


def version_of(names: Iterable[str]) -> str:
    """Return the FOCUS version that a dataset's columns tell."""
    found = {name.lower() for name in names}
    for version, columns in BROUGHT_BY.items():
        if found & {column.lower() for column in columns}:
            return version
    return "1.0"


def read_columns(chunk: Chunk, wanted: Sequence[str]) -> tuple[Texts, frozenset[str]]:
    """Return the wanted columns of a chunk, trimmed and with nulls as "".

    The second part names those that the dataset has; the others are empty. Names are
    told apart without regard to case, for `SkuPriceid` has been seen.
    """
    found, texts = _of_csv(chunk, wanted) if chunk.shape == "csv" else _of_objects(chunk, wanted)
    blank = pa.repeat("", len(texts.lines))
    columns = dict.fromkeys(wanted, blank) | {
        name: _cleaned(column) for name, column in texts.columns.items()
    }
    return Texts(columns, texts.lines, texts.raw, texts.problems), found


def _of_csv(chunk: Chunk, wanted: Sequence[str]) -> tuple[frozenset[str], Texts]:
    spelt = {name.lower(): name for name in reversed(header_names(chunk.header))}
    there = {name: spelt[name.lower()] for name in wanted if name.lower() in spelt}
    return frozenset(there), read_texts(chunk, there)


def _of_objects(chunk: Chunk, wanted: Sequence[str]) -> tuple[frozenset[str], Texts]:
    objects = objects_of(chunk)
    named = {name.lower(): name for name in wanted}
    rows = [
        {
            named[name.lower()]: _plain(value)
            for name, value in values.items()
            if name.lower() in named
        }
        for values in objects.values
    ]
    gathering = Gathering(Objects(rows, objects.lines, objects.raw, objects.problems))
    there = frozenset[str]().union(*rows)
    for name in sorted(there):
        gathering.put(name, [row.get(name) for row in rows])
    return there, gathering.texts()


def _plain(value: Any) -> Any:
    """Return a map as JSON; Parquet's maps come as lists of pairs."""
    if isinstance(value, list) and all(isinstance(each, list) for each in value):
        value = {str(pair[0]): pair[1] for pair in value if len(pair) == 2}  # noqa: PLR2004 — a pair
    if isinstance(value, dict):
        return json.dumps(value) if value else None
    return str(value).lower() if isinstance(value, bool) else value


def _cleaned(column: Column) -> Column:
    text = pc.utf8_trim_whitespace(column.cast(pa.string()).fill_null(""))
    return pc.if_else(pc.is_in(text, value_set=NULLS), "", text)


def chosen(texts: Texts, rows: npt.NDArray[np.bool_]) -> Texts:
    """Return these rows alone."""
    keep, at, raw = pa.array(rows), np.flatnonzero(rows), texts.raw
    columns = {name: column.filter(keep) for name, column in texts.columns.items()}
    return Texts(columns, texts.lines[rows], lambda row: raw(int(at[row])), texts.problems)


def per_text(column: Column, change: Callable[[str], str]) -> Column:
    """Change each different text of a column once."""
    encoded = pc.dictionary_encode(column)
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    changed = [change(text) for text in encoded.dictionary.to_pylist()]
    return pc.take(pa.array(changed, type=pa.string()), encoded.indices)


def first_of(columns: Mapping[str, Column], *names: str) -> Column:
    """Return the first of these columns' cells that is not empty, row by row."""
    first, *others = (columns[name] for name in names)
    for column in others:
        first = pc.if_else(pc.equal(first, ""), column, first)
    return first


def amounts(column: Column) -> Column:
    """Take the dollar sign and the thousands separators out of amounts written for people."""
    column = pc.replace_substring_regex(column, _MONEY, r"\1")
    separated = pc.match_substring_regex(column, _THOUSANDS)
    return pc.if_else(separated, pc.replace_substring(column, ",", ""), column)


def times(column: Column) -> Column:
    """Write times of the form month/day/year as ISO 8601 does; others stay as they are."""
    return per_text(column, _iso)


def _iso(text: str) -> str:
    found = _SLASHES.fullmatch(text)
    if found is None:
        return text
    month, day, year, clock = found.groups()
    year = year if len(year) == len("2025") else f"20{year}"
    hours, _, rest = (clock or "0:00").partition(":")
    return f"{year}-{month:0>2}-{day:0>2}T{hours:0>2}:{rest}"


def is_virtual(texts: Texts) -> Column:
    """Test which rows are priced in a vendor's credits, whatever these are called."""
    currency = texts.columns["PricingCurrency"]
    national = pc.match_substring_regex(currency, NATIONAL_CURRENCY)
    return pc.invert(pc.or_(national, pc.equal(currency, "")))
