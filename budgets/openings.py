"""An opening balance as it is asked for, and how it is read from a file."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from finops.periods import FiscalPeriod

COLUMNS = ("period", "amount_usd")
MOST_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class OpeningLine:
    """What was spent in a period, by its number."""

    period: int
    amount_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningAsked:
    """What was spent before, by period, and where that is known from."""

    lines: tuple[OpeningLine, ...]
    source: str


@dataclass(frozen=True, slots=True)
class CoveredLine:
    """A line with the days that it is about; the end is the first day after them."""

    period: int
    starts_on: date
    ends_on: date
    amount_usd: Decimal


def read_csv(
    content: bytes, *, periods: Sequence[FiscalPeriod]
) -> tuple[list[OpeningLine], list[str]]:
    """Return the lines that can be used, and a sentence for each that cannot, with its number.

    The file has a header with `period` and `amount_usd`; a period is named by its number or
    its label.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return [], ["The file is no text in UTF-8: save it as CSV."]
    rows = csv.DictReader(io.StringIO(text))
    if not set(COLUMNS) <= set(rows.fieldnames or ()):
        return [], [f"The first line has to name the columns {' and '.join(COLUMNS)}."]
    known = {period.label.lower(): period.number for period in periods}
    known |= {str(period.number): period.number for period in periods}
    read = [
        _line(row, number, known) for number, row in enumerate(rows, start=2) if any(row.values())
    ]
    lines = [each for each in read if isinstance(each, OpeningLine)]
    problems = [each for each in read if isinstance(each, str)]
    return lines, problems or ([] if lines else ["The file has no line beneath its header."])


def _line(
    row: Mapping[str, str | None], number: int, known: Mapping[str, int]
) -> OpeningLine | str:
    """Return the line, or the sentence that says what is wrong with it."""
    named, amount = (row["period"] or "").strip(), (row["amount_usd"] or "").strip()
    period, value = known.get(named.lower()), _amount(amount)
    if period is None:
        return f"Line {number}: “{named}” is no period of the year, such as 1."
    if value is None:
        return f"Line {number}: “{amount}” is no amount such as 1200.50."
    return OpeningLine(period, value)


def _amount(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None
