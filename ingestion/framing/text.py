"""From bytes as some program wrote them to UTF-8 without a mark, with line feeds."""

import codecs
from collections.abc import Iterator
from pathlib import Path

from ingestion.framing.records import Refused
from ingestion.framing.unpack import BLOCK_BYTES, GZIP, PARQUET, ZIP

HEAD_BYTES = 64 << 10
# The container of .xls, and of a workbook that is encrypted.
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
UTF16_MARKS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def head_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def to_utf8(path: Path, target: Path) -> None:
    """Rewrite a text file as UTF-8 without a byte order mark, lines ended by a feed.

    Bytes that are no UTF-8 stay: the reader rejects their lines and loads the rest.
    Raises Refused for what is not text, and for broken UTF-16, which cannot be cut.
    """
    head = head_of(path)
    mark = next((mark for mark in UTF16_MARKS if head.startswith(mark)), None)
    if mark is None:
        _check_is_text(head)
        start = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
        blocks = _blocks(path, start)
    else:
        blocks = _transcoded(path, UTF16_MARKS[mark], len(mark))
    # The line ends of an old Mac; where feeds are used too, a return belongs to a field.
    feedless = b"\r" in head and b"\n" not in head and mark is None
    with target.open("wb") as file:
        for block in blocks:
            file.write(block.replace(b"\r", b"\n") if feedless else block)


def _check_is_text(head: bytes) -> None:
    if head.startswith(COMPOUND):
        raise Refused(
            "This is an old Excel file, or one locked with a password. "
            "Save it as .xlsx without a password, or as CSV."
        )
    if head.startswith((GZIP, ZIP, PARQUET)):
        raise Refused("The archive holds another archive; send the file inside it.")
    # A zero further down spoils its own row alone; at the start, nothing here is text.
    if b"\0" in head.partition(b"\n")[0]:
        raise Refused(f"This is not a text file: byte {head.index(0):,} is zero.")


def _blocks(path: Path, start: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while block := file.read(BLOCK_BYTES):
            yield block


def _transcoded(path: Path, encoding: str, start: int) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    offset = start
    try:
        for block in _blocks(path, start):
            yield decoder.decode(block).encode()
            offset += len(block)
        yield decoder.decode(b"", final=True).encode()
    except UnicodeError as error:
        raise Refused(f"The text is not valid UTF-16 near byte {offset:,}: {error}.") from error
