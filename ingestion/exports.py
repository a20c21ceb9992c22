"""CSV files that a spreadsheet opens without running anything that stands in them."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from itertools import chain

from django.http import StreamingHttpResponse

BYTE_ORDER_MARK = "\ufeff"
_PLAIN_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
# What makes a spreadsheet take a text for a formula, also behind white space.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yield the file line by line: the byte order mark first, texts made harmless."""
    buffer = StringIO()
    writer = csv.writer(buffer)
    buffer.write(BYTE_ORDER_MARK)
    for row in chain([header], rows):
        writer.writerow([harmless(cell) for cell in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def harmless(cell: object) -> object:
    """Put an apostrophe before a text that would be a formula; a plain number is none."""
    if not isinstance(cell, str) or _PLAIN_NUMBER.fullmatch(cell):
        return "" if cell is None else cell
    if cell.lstrip(" ").startswith(_FORMULA_STARTS):
        return f"'{cell}"
    return cell


def unharmed(text: str) -> str:
    """Take the apostrophe away again that `harmless` put before a text."""
    bare = text[1:]
    return bare if text.startswith("'") and harmless(bare) == text else text


def csv_file(
    name: str, header: Sequence[str], rows: Iterable[Sequence[object]]
) -> StreamingHttpResponse:
    """Return the rows as a file to keep, streamed."""
    return text_file(name, "text/csv; charset=utf-8", csv_lines(header, rows))


def text_file(name: str, content_type: str, lines: Iterable[str]) -> StreamingHttpResponse:
    """Return lines as a file to keep, streamed."""
    answer = StreamingHttpResponse((line.encode() for line in lines), content_type=content_type)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
