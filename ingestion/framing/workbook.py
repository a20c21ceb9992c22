"""From an Excel workbook to CSV: one sheet, its values as a person would have typed them."""

import csv
import datetime as dt
import hashlib
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import openpyxl

from ingestion.framing.parts import MAX_ROWS, check_parts
from ingestion.framing.records import Refused
from ingestion.framing.unpack import Limits

# Where a sheet's first words are looked for.
PEEKED_ROWS = 200
# What openpyxl lets through from parts that are not as they should be.
BROKEN = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)

Row = Sequence[Any]


def workbook_to_csv(path: Path, target: Path, *, sheet: str, limits: Limits) -> str:
    """Write a sheet of a workbook as CSV and return the CSV's SHA-256.

    Without a name it is the only sheet that holds anything. Rows keep their numbers.
    Formulas are what they last came to, and empty where nobody calculated them. Raises
    Refused for a workbook that is broken or overgrown, or whose sheet is not clear.
    """
    packed = path.stat().st_size
    try:
        with zipfile.ZipFile(path) as archive:
            check_parts(archive, limits=limits, packed=packed)
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that nobody needs
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
            rows = _rows(_chosen(book, sheet))
            return _write(rows, target, limits=limits, packed=packed)
    except Refused:
        raise
    except BROKEN as error:
        raise Refused(f"The workbook cannot be read: {_sentence(error)}.") from error


def _sentence(error: Exception) -> str:
    """Say what is wrong; openpyxl's own words name files of this machine."""
    cause = error.__cause__ or error
    return " ".join(str(cause).split()).rstrip(".") or type(cause).__name__


def _chosen(book: Any, name: str) -> Any:
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    if name:
        if name not in sheets:
            raise Refused(f"The workbook has no sheet {name!r}; it has {_listed(sheets)}.")
        return sheets[name]
    visible = {title: sheet for title, sheet in sheets.items() if sheet.sheet_state == "visible"}
    filled = [title for title, sheet in visible.items() if _holds_anything(sheet)]
    if len(filled) > 1:
        raise Refused(
            f"The workbook has several sheets: {_listed(filled)}. Say which with "
            f"--set sheet=NAME, or name it beside the file."
        )
    if not filled:
        raise Refused("The workbook has no sheet with anything in it.")
    return visible[filled[0]]


def _listed(titles: Any) -> str:
    return ", ".join(repr(title) for title in titles)


def _holds_anything(sheet: Any) -> bool:
    return any(row for row in islice(_rows(sheet), PEEKED_ROWS))


def _rows(sheet: Any) -> Iterator[Row]:
    # Its own word on its size may be a lie, and would be filled up to.
    sheet.reset_dimensions()
    for row in sheet.iter_rows(max_row=MAX_ROWS, values_only=True):
        cells = [_text(cell) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        yield cells


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, dt.datetime):
        return (cell if cell.time() != dt.time() else cell.date()).isoformat()
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    # A line break would part the row; outer spaces are dropped in any case.
    return " ".join(str(cell).splitlines())


def _write(rows: Iterator[Row], target: Path, *, limits: Limits, packed: int) -> str:
    """Write rows, those without their last cells filled up to the header's width."""
    width = written = 0
    with target.open("w", encoding="utf-8", errors="replace", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for row in rows:
            width = width or len(row)
            if row:
                writer.writerow([*row, *[""] * (width - len(row))])
            else:
                file.write("\n")
            written += sum(map(len, row)) + len(row) + 1
            limits.check(packed=packed, expanded=written)
    with target.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
