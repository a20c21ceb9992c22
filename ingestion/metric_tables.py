"""Outcomes and business figures as CSV: a header with the names of fields, a record a row."""

import csv
from collections.abc import Mapping
from io import StringIO

from ingestion.exports import BYTE_ORDER_MARK, unharmed
from org.refusals import Invalid

MOST_BYTES = 2 * 1024 * 1024
# The fields of each kind, those that may be left out behind the others.
COLUMNS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "outcomes": (("id", "workflow", "at", "outcome"), ("task", "value", "definition")),
    "counts": (("definition", "period", "started", "succeeded"), ("escalated", "source")),
    "revenue": (("product", "period", "amount_usd"), ("source",)),
    "cogs": (("product", "period", "amount_usd"), ("source",)),
    "headcount": (("unit", "period", "people", "loaded_cost_usd"), ("source",)),
}
FIRST_LINE = 2  # the header is line 1


def table_text(content: bytes) -> str:
    """Return the text of a file. Raises Invalid for one that is too large or not UTF-8."""
    if len(content) > MOST_BYTES:
        raise Invalid.of("file", f"The file is larger than {MOST_BYTES // 1024**2} MB: split it.")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise Invalid.of("file", f"The file is not UTF-8: byte {error.start}.") from error
    return text.removeprefix(BYTE_ORDER_MARK).replace("\r\n", "\n")


def records_in(text: str, *, kind: str) -> list[dict[str, str]]:
    """Return a record for each row. Raises Invalid for a header or a row that is not right."""
    rows = csv.reader(StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        names = [name.strip() for name in next(rows, [])]
        _check_header(names, kind)
        return [_record(names, row, line) for line, row in enumerate(rows, FIRST_LINE) if row]
    except csv.Error as error:
        raise Invalid.of("file", f"Line {rows.line_num} cannot be read as CSV: {error}.") from error


def _delimiter(text: str) -> str:
    header = text.partition("\n")[0]
    return max((",", ";", "\t"), key=header.count)


def _check_header(names: list[str], kind: str) -> None:
    needed, more = COLUMNS[kind]
    listed = ", ".join([*needed, *more])
    for name in needed:
        if name not in names:
            raise Invalid.of(
                "file", f"The file has no column {name!r}. A file of {kind} has {listed}."
            )
    for name in names:
        if name not in (*needed, *more):
            raise Invalid.of("file", f"The column {name!r} is not one of {listed}.")
        if names.count(name) > 1:
            raise Invalid.of("file", f"The column {name!r} stands twice in the header.")


def _record(names: list[str], row: list[str], line: int) -> dict[str, str]:
    if len(row) != len(names):
        raise Invalid.of(
            "file", f"Line {line} has {len(row)} cells where the header has {len(names)}."
        )
    return {name: unharmed(cell.strip()) for name, cell in zip(names, row, strict=True)}
