"""Looking through the parts of a workbook before anything is built of them."""

import re
import zipfile
from collections.abc import Mapping
from xml.parsers import expat

from ingestion.framing.records import Refused
from ingestion.framing.unpack import Limits

# Excel's own bound of rows; of columns, more than any export has.
MAX_ROWS, LAST_COLUMN = 1_048_576, "ZZ"
MAX_STRINGS = 2_000_000
MAX_STRINGS_BYTES = 64 << 20
# Everything else (styles, relations, properties) is read whole.
MAX_PART_BYTES = 4 << 20
MAX_DEPTH = 64
# Cells of a row with what is in them, and all that stands outside rows.
MAX_IN_ROW, MAX_OUTSIDE = 8_000, 500_000
SHEET = re.compile(r"xl/worksheets/[^/]+\.xml")
STRINGS = "xl/sharedStrings.xml"
# Parts that nothing here reads.
UNREAD = ("xl/media/", "xl/embeddings/", "xl/pivotCache/", "customXml/")
_BLOCK_BYTES = 1 << 18


def check_parts(archive: zipfile.ZipFile, *, limits: Limits, packed: int) -> None:
    """Raise Refused for a workbook that unpacks, or spreads out, to more than it may."""
    parts = archive.infolist()
    limits.check(packed=packed, expanded=sum(part.file_size for part in parts))
    for part in parts:
        if SHEET.fullmatch(part.filename):
            _look_through(archive, part, _SheetScan(part.filename))
        elif part.filename == STRINGS:
            _check_size(part, MAX_STRINGS_BYTES)
            _look_through(archive, part, _StringsScan(part.filename))
        elif not part.filename.startswith(UNREAD):
            _check_size(part, MAX_PART_BYTES)


def _check_size(part: zipfile.ZipInfo, most: int) -> None:
    if part.file_size > most:
        raise Refused(
            f"{part.filename} in the workbook unpacks to {part.file_size:,} bytes; "
            f"{most:,} are allowed."
        )


class _Scan:
    """Counts elements as they open; nothing of them is kept."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.depth = 0
        self.outside = 0

    def open(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Refused(f"{self.name} in the workbook is nested more than {MAX_DEPTH} deep.")
        self.count(tag.rpartition(":")[2], attributes)

    def close(self, _tag: str) -> None:
        self.depth -= 1

    def count(self, tag: str, attributes: Mapping[str, str]) -> None:
        raise NotImplementedError

    def count_outside(self) -> None:
        self.outside += 1
        if self.outside > MAX_OUTSIDE:
            raise Refused(f"{self.name} in the workbook holds more than {MAX_OUTSIDE:,} marks.")


class _SheetScan(_Scan):
    """Counts the rows of a sheet, and what each holds."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.rows = 0
        self.in_row = 0
        self.row_depth = 0

    def count(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "row":
            self.rows, self.in_row, self.row_depth = self.rows + 1, 0, self.depth
            self._check_row(attributes.get("r", ""))
        elif self.row_depth:
            self.in_row += 1
            if self.in_row > MAX_IN_ROW or (tag == "c" and _is_far(attributes.get("r", ""))):
                raise Refused(
                    f"A row of {self.name} in the workbook goes beyond column {LAST_COLUMN}."
                )
        else:
            self.count_outside()

    def close(self, tag: str) -> None:
        if self.depth == self.row_depth:
            self.row_depth = 0
        super().close(tag)

    def _check_row(self, number: str) -> None:
        beyond = number.isdecimal() and (len(number) > len(str(MAX_ROWS)) or int(number) > MAX_ROWS)
        if self.rows > MAX_ROWS or beyond:
            raise Refused(f"{self.name} in the workbook has rows beyond {MAX_ROWS:,}.")


def _is_far(coordinate: str) -> bool:
    return len(coordinate.rstrip("0123456789")) > len(LAST_COLUMN)


class _StringsScan(_Scan):
    """Counts the texts that cells share."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.strings = 0

    def count(self, tag: str, _attributes: Mapping[str, str]) -> None:
        if tag == "si":
            self.strings += 1
            self.outside = 0  # what one text is made of
        else:
            self.count_outside()
        if self.strings > MAX_STRINGS:
            raise Refused(f"The workbook shares more than {MAX_STRINGS:,} texts among its cells.")


def _look_through(archive: zipfile.ZipFile, part: zipfile.ZipInfo, scan: _Scan) -> None:
    parser = expat.ParserCreate()
    parser.StartElementHandler = scan.open
    parser.EndElementHandler = scan.close
    parser.StartDoctypeDeclHandler = _refuse_entities
    try:
        with archive.open(part) as content:
            while block := content.read(_BLOCK_BYTES):
                parser.Parse(block, False)  # noqa: FBT003 — positional only
        parser.Parse(b"", True)  # noqa: FBT003
    except expat.ExpatError as error:
        raise Refused(f"{part.filename} in the workbook is no XML: {error}.") from error


def _refuse_entities(*_: object) -> None:
    raise Refused("The workbook declares entities of its own, which no spreadsheet does.")
