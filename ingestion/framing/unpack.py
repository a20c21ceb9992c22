"""Out of the container: gzip and zip become plain bytes, hashed and bounded on the way."""

import gzip
import hashlib
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast

from ingestion.framing.records import Refused

BLOCK_BYTES = 1 << 20
GZIP, ZIP, PARQUET = b"\x1f\x8b", b"PK\x03\x04", b"PAR1"
EMPTY_ZIP = b"PK\x05\x06"
# What a Mac adds to every archive.
SHADOWS = ("__MACOSX/", ".DS_Store")
BOOK, BINARY_BOOK = "xl/workbook.xml", "xl/workbook.bin"
OPEN_DOCUMENT = "content.xml"
MACROS = "vbaProject.bin"


@dataclass(frozen=True, slots=True)
class Limits:
    """A file that unpacks to more than ratio and bytes is taken for a bomb.

    `document_bytes` bounds what is read as one, and therefore stands in memory whole.
    """

    ratio: int = 200
    expanded_bytes: int = 1 << 30
    document_bytes: int = 64 << 20

    def check(self, *, packed: int, expanded: int) -> None:
        if expanded > self.expanded_bytes and expanded > self.ratio * max(packed, 1):
            raise Refused(
                f"The file unpacks to more than {self.ratio} times its size "
                f"({packed:,} bytes) and past {self.expanded_bytes:,} bytes."
            )


def unpack(source: Path, target: Path, *, limits: Limits) -> str:
    """Write the plain content of a file and return its SHA-256.

    Raises Refused for an empty, broken, locked or overgrown file, and for an archive that
    does not hold exactly one file.
    """
    digest, expanded, packed = hashlib.sha256(), 0, source.stat().st_size
    try:
        with _opened(source) as content, target.open("wb") as plain:
            while block := content.read(BLOCK_BYTES):
                expanded += len(block)
                limits.check(packed=packed, expanded=expanded)
                digest.update(block)
                plain.write(block)
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise Refused(f"The compressed file is broken or cut short: {error}.") from error
    if expanded == 0:
        raise Refused("The file is empty.")
    return digest.hexdigest()


@contextmanager
def _opened(source: Path) -> Iterator[IO[bytes]]:
    with source.open("rb") as file:
        magic = file.read(4)
        file.seek(0)
        if magic.startswith(GZIP):
            with gzip.open(file) as content:
                yield cast("BinaryIO", content)
        elif magic in {ZIP, EMPTY_ZIP}:
            with zipfile.ZipFile(file) as archive:
                # A workbook is an archive that is read as a whole.
                if is_workbook(archive):
                    file.seek(0)
                    yield file
                else:
                    with _member(archive) as content:
                        yield content
        else:
            yield file


def is_workbook(archive: zipfile.ZipFile) -> bool:
    """Test whether an archive is a workbook that can be read.

    Raises Refused for its relatives that cannot, saying what to do.
    """
    names = archive.namelist()
    if BINARY_BOOK in names:
        raise Refused("This is a binary workbook (.xlsb). Save it as .xlsx, or as CSV.")
    if OPEN_DOCUMENT in names and "mimetype" in names:
        raise Refused("This is an OpenDocument file (.ods). Save it as .xlsx, or as CSV.")
    if BOOK not in names:
        return False
    if any(name.endswith(MACROS) for name in names):
        raise Refused("The workbook holds macros. Save it as .xlsx, which has none, or as CSV.")
    return True


def holds_workbook(path: Path) -> bool:
    """Test whether an unpacked file is a workbook; raises Refused as `is_workbook` does."""
    try:
        with zipfile.ZipFile(path) as archive:
            return is_workbook(archive)
    except zipfile.BadZipFile:
        return False


def _member(archive: zipfile.ZipFile) -> IO[bytes]:
    names = [info for info in archive.infolist() if not _is_shadow(info)]
    if len(names) != 1:
        raise Refused(f"The archive holds {len(names):,} files; send one file at a time.")
    if stat.S_ISLNK(names[0].external_attr >> 16):
        raise Refused(f"{names[0].filename} in the archive is a link; send the file itself.")
    try:
        return archive.open(names[0])
    except (RuntimeError, NotImplementedError) as error:
        raise Refused(f"{names[0].filename} in the archive cannot be opened: {error}.") from error


def _is_shadow(info: zipfile.ZipInfo) -> bool:
    return info.is_dir() or info.filename.startswith(SHADOWS) or info.filename.endswith(SHADOWS)
