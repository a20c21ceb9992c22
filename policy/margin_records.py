"""Reading what is sent of revenue and other costs: a record becomes a draft, or a sentence."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from finops.money import BadAmount, parse_usd
from ingestion.readers.instants import instant
from org.refusals import Invalid

COLUMNS = ("id", "scope", "from", "to", "revenue_usd", "other_cogs_usd")
DECIMALS, MOST_USD = 6, Decimal(10) ** 15
LONGEST = timedelta(days=366)
_MOST = {"id": 120, "scope": 80, "from": 40, "to": 40, "revenue_usd": 40, "other_cogs_usd": 40}


class BadMargin(ValueError):
    """A record that cannot be kept; the message names the field and what would be right."""


@dataclass(frozen=True, slots=True)
class MarginDraft:
    """What a scope brought in, and spent beside its calls, from one instant up to another."""

    key: str
    scope: str
    starts_at: datetime
    ends_at: datetime
    revenue_usd: Decimal
    other_cogs_usd: Decimal


def read_margin(record: Any) -> MarginDraft:
    """Return what one record tells. Raises BadMargin."""
    if not isinstance(record, Mapping):
        raise BadMargin("is no object with the fields " + ", ".join(COLUMNS) + ".")
    starts_at, ends_at = _instant(record, "from"), _instant(record, "to")
    if not timedelta(0) < ends_at - starts_at <= LONGEST:
        raise BadMargin(f"to: lies after from, and at most {LONGEST.days} days after it.")
    return MarginDraft(
        key=_text(record, "id"),
        scope=_text(record, "scope"),
        starts_at=starts_at,
        ends_at=ends_at,
        revenue_usd=_amount(record, "revenue_usd"),
        other_cogs_usd=_amount(record, "other_cogs_usd"),
    )


class Row(NamedTuple):
    """A row of a file, and the line on which it ends; the header's is 1."""

    line: int
    record: Mapping[str, Any]


def margins_in(text: str) -> Sequence[Row]:
    """Return the rows of a CSV by their columns. Raises Invalid where its header is another."""
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")), restkey="more", strict=True)
    try:
        names = [name.strip() for name in reader.fieldnames or ()]
        if sorted(names) != sorted(COLUMNS):
            raise Invalid.of("file", f"Its columns are {', '.join(COLUMNS)}: name them on top.")
        reader.fieldnames = names
        return [Row(reader.reader.line_num, record) for record in reader]
    except csv.Error as error:
        raise Invalid.of("file", f"Line {reader.reader.line_num} is no CSV: {error}.") from error


def _text(record: Mapping[str, Any], field: str) -> str:
    value = record.get(field)
    if value is None or value == "":
        raise BadMargin(f"{field}: is missing.")
    if not isinstance(value, str) and (not isinstance(value, int) or isinstance(value, bool)):
        raise BadMargin(f"{field}: is no text.")
    text = str(value).strip()
    if len(text) > _MOST[field] or "\x00" in text or not text:
        raise BadMargin(f"{field}: is a text of 1 to {_MOST[field]} characters.")
    return text


def _instant(record: Mapping[str, Any], field: str) -> datetime:
    found = instant(_text(record, field))
    if found is None:
        raise BadMargin(f"{field}: names no time: write it as 2026-11-20T10:00:00Z.")
    return found


def _amount(record: Mapping[str, Any], field: str) -> Decimal:
    try:
        usd = parse_usd(_text(record, field))
    except BadAmount as error:
        raise BadMargin(f"{field}: {error}") from error
    if not 0 <= usd < MOST_USD or round(usd, DECIMALS) != usd:
        raise BadMargin(f"{field}: is nothing or more, with at most {DECIMALS} decimals.")
    return usd
