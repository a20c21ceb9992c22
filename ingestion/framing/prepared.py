"""Preparing a delivered file: unpacked, in UTF-8, one record after another."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ingestion.framing.parquet import parquet_to_text
from ingestion.framing.records import (
    MAX_RECORD_BYTES,
    Refused,
    record_ends,
    sniff_delimiter,
)
from ingestion.framing.rows import check_nesting, holds_rows, json_to_ndjson
from ingestion.framing.text import HEAD_BYTES, head_of, to_utf8
from ingestion.framing.unpack import BLOCK_BYTES, PARQUET, ZIP, Limits, holds_workbook, unpack
from ingestion.framing.workbook import workbook_to_csv

Shape = Literal["csv", "ndjson", "document"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plain file: its shape, its CSV header, the hash of what was unpacked, its extent.

    Of a workbook it is the hash of its sheet, so that saving it again changes nothing.
    `header` has neither mark nor line break. `header_lines` says how many lines stand
    before the first row. `lines` counts the last one even where no break ends it.
    """

    shape: Shape
    header: bytes
    header_lines: int
    sha256: str
    size: int
    lines: int


def prepare(
    source: Path,
    target: Path,
    *,
    rows_path: str = "",
    document: bool = False,
    sheet: str = "",
    limits: Limits = Limits(),  # noqa: B008 — frozen, so one may serve all calls
) -> Prepared:
    """Write a delivered file as plain CSV or NDJSON, never holding it whole in memory.

    `rows_path` names the array inside a JSON object that holds the rows; `document` says
    that the file is one thing to be read whole; `sheet` is the one of a workbook. Raises
    Refused with the reason.
    """
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".framing-") as folder:
        plain = Path(folder) / "plain"
        sha256 = unpack(source, plain, limits=limits)
        head = head_of(plain)
        shape: Shape = "csv"
        if head.startswith(ZIP) and holds_workbook(plain):
            sha256 = workbook_to_csv(plain, target, sheet=sheet, limits=limits)
        elif sheet:
            raise Refused(f"The sheet {sheet!r} was asked for, but this is no workbook.")
        elif head.startswith(PARQUET):
            shape = parquet_to_text(plain, target, limits=limits)
        else:
            shape = _write_text(plain, target, rows_path=rows_path, document=document)
        if document:
            _check_document(target, limits)
    header, header_lines = _header(target) if shape == "csv" else (b"", 0)
    return Prepared(shape, header, header_lines, sha256, target.stat().st_size, _lines(target))


def _check_document(target: Path, limits: Limits) -> None:
    most = limits.document_bytes
    if target.stat().st_size > most:
        raise Refused(
            f"The file is larger than the {most >> 20} MiB that can be read as one; "
            "send it in parts."
        )


def _write_text(plain: Path, target: Path, *, rows_path: str, document: bool) -> Shape:
    text = plain.with_name("text")
    to_utf8(plain, text)
    head = head_of(text).lstrip()
    if not head and text.stat().st_size <= HEAD_BYTES:
        raise Refused("The file is empty.")
    prefix = None if document else _json_prefix(text, head, rows_path)
    if prefix is not None:
        check_nesting(text)
        json_to_ndjson(text, target, prefix=prefix)
        return "ndjson"
    text.replace(target)
    if document:
        return "document"
    return "ndjson" if head.startswith(b"{") else "csv"


def _json_prefix(text: Path, head: bytes, rows_path: str) -> str | None:
    """Return where the rows stand in a JSON file, or None where its lines are the rows."""
    if head.startswith(b"["):
        return "item"
    if not head.startswith(b"{"):
        return None
    if rows_path and holds_rows(text, rows_path):
        return f"{rows_path}.item"
    first, _, rest = head.partition(b"\n")
    # An object that is not closed on its line is written over several; but where the next
    # line opens another, the first is only broken, and will be rejected by itself.
    unclosed = bool(rest) and not first.rstrip().endswith(b"}")
    return "" if unclosed and not rest.lstrip().startswith(b"{") else None


def _header(target: Path) -> tuple[bytes, int]:
    """Return the first record that is not blank, and how many lines it ends."""
    with target.open("rb") as file:
        start = file.read(MAX_RECORD_BYTES)
    blank = len(start) - len(start.lstrip(b"\r\n"))
    body = start[blank:]
    ends = record_ends(body, delimiter=sniff_delimiter(body.partition(b"\n")[0]))
    header = body[: ends[0]] if len(ends) else body
    if not len(ends) and len(start) == MAX_RECORD_BYTES:
        raise Refused("The header has no end; this does not look like a CSV file.")
    _check_utf8(header)
    lines = start[: blank + len(header)].count(b"\n") + (not header.endswith(b"\n"))
    return header.rstrip(b"\r\n"), lines


def _check_utf8(header: bytes) -> None:
    try:
        header.decode()
    except UnicodeDecodeError as error:
        raise Refused(
            f"The header is not UTF-8: its byte {error.start + 1} is {header[error.start]:#04x}. "
            "Save the file as UTF-8."
        ) from error


def _lines(target: Path) -> int:
    count, last = 0, b"\n"
    with target.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            count += block.count(b"\n")
            last = block[-1:]
    return count + (last != b"\n")
