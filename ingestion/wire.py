"""Records as they come over the wire: JSON or NDJSON, plain or gzipped, within bounds."""

import json
import zlib
from collections.abc import Iterator, Mapping
from typing import IO, Any, NamedTuple

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from org.refusals import Refusal

MAX_RECORDS = 5_000
MAX_BYTES = 32 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_LINES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})


class TooLarge(Refusal):
    status = 413
    title = "Too large"


class BadRecord(NamedTuple):
    """A record that is no object; `place` is where it stood among what was sent, from 0."""

    place: int
    detail: str


class Batch(NamedTuple):
    """Records with their places among what was sent, and those that could not be read."""

    places: list[int]
    records: list[dict[str, Any]]
    bad: list[BadRecord]


class RecordParser(BaseParser):
    """Reads an array, an object with `records`, one record, or a record per line."""

    media_type = "*/*"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Mapping[str, Batch]:
        request = (parser_context or {})["request"]
        body = read_body(stream, encoding=request.headers.get("Content-Encoding", ""))
        is_lines = (media_type or "").partition(";")[0].strip().lower() in _LINES
        return {"batch": parse_lines(body) if is_lines else parse_json(body)}


def read_body(stream: IO[bytes], *, encoding: str) -> bytes:
    """Read a body, unpacking it on the way; refuse it as soon as it is too large."""
    pieces = _pieces(stream)
    if encoding.strip().lower() in {"gzip", "x-gzip"}:
        pieces = _unzipped(pieces)
    elif encoding.strip().lower() not in {"", "identity"}:
        raise ParseError(f"Content-Encoding is {encoding!r}: send gzip, or none.")
    body = bytearray()
    for piece in pieces:
        body += piece
        if len(body) > MAX_BYTES:
            raise TooLarge(f"The records are larger than {MAX_BYTES // 1024**2} MB: send fewer.")
    return bytes(body)


def parse_json(body: bytes) -> Batch:
    """Parse a JSON array, an object with `records`, or one record."""
    found = loads(body, where="The body")
    if isinstance(found, dict):
        found = found["records"] if isinstance(found.get("records"), list) else [found]
    if not isinstance(found, list):
        raise ParseError("The body must be an array of records.")
    return _batch(enumerate(found))


def parse_lines(body: bytes) -> Batch:
    """Parse a record per line; empty lines are passed over, broken ones are told of."""
    lines = [line for line in body.splitlines() if line.strip()]
    return _batch((place, _line(line, place)) for place, line in enumerate(lines))


def _batch(found: Iterator[tuple[int, Any]] | enumerate[Any]) -> Batch:
    batch = Batch([], [], [])
    for place, record in found:
        if place >= MAX_RECORDS:
            raise TooLarge(f"More than {MAX_RECORDS:,} records in one call: send the rest apart.")
        if isinstance(record, dict):
            batch.places.append(place)
            batch.records.append(record)
        else:
            detail = str(record) if isinstance(record, ParseError) else _not_an_object(record)
            batch.bad.append(BadRecord(place, detail))
    return batch


def _line(line: bytes, place: int) -> Any:
    try:
        return loads(line, where=f"Record {place}")
    except ParseError as error:
        return error


def loads(text: bytes, *, where: str) -> Any:
    """Parse JSON, or refuse it in a sentence that begins with `where`."""
    try:
        # As the readers want it: fractions keep their own text, none becomes a float.
        return json.loads(text, parse_float=str, parse_constant=str)
    except UnicodeDecodeError as error:
        raise ParseError(f"{where} is not UTF-8: byte {error.start}.") from error
    except (ValueError, RecursionError) as error:
        raise ParseError(f"{where} is not JSON: {error}.") from error


def _not_an_object(record: object) -> str:
    return f"A record is an object, not {str(record)[:40]!r}."


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    while piece := stream.read(_CHUNK_BYTES):
        yield piece


def _unzipped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack gzip piece by piece, so that a small bomb never grows past the bound."""
    unpacker = zlib.decompressobj(_GZIP_WINDOW)
    try:
        for piece in pieces:
            packed = piece
            while packed and not unpacker.eof:
                yield unpacker.decompress(packed, _CHUNK_BYTES)
                packed = unpacker.unconsumed_tail
            if unpacker.unused_data or (unpacker.eof and packed):
                raise ParseError("Something follows the end of the gzipped body.")
        yield unpacker.flush()
    except zlib.error as error:
        raise ParseError("The body is not gzip, as Content-Encoding says it is.") from error
    if not unpacker.eof:
        raise ParseError("The gzipped body ends too early.")
