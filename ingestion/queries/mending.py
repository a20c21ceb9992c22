"""The rejected rows of an import as a file to mend, and whether there is anything to mend."""

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from ingestion.models import Delivery
from ingestion.queries.deliveries import UNFINISHED, rejected_rows
from ingestion.readers.csvtext import header_names
from ingestion.readers.mending import Marks, Rejected, csv_to_mend, marks_beside, ndjson_to_mend
from ingestion.readers.registry import source as source_named
from org.refusals import Refusal


class FileToMend(NamedTuple):
    """A file to keep: its name, its media type and its text, line by line."""

    name: str
    content_type: str
    lines: Iterator[str]


class CannotMend(Refusal):
    """Rows of the import cannot be mended one by one."""

    title = "Cannot be mended"


def why_not_mend(delivery: Delivery) -> str:
    """Say why rows of a delivery cannot be mended and sent again, or return ''."""
    number = delivery.pk
    if delivery.state in UNFINISHED:
        return f"Import {number} is still loading: its rows are mended when it is over."
    if delivery.undone_at is not None:
        word = delivery.get_state_display().lower()
        return f"Import {number} was {word}: send the whole file again."
    if not delivery.rejected:
        return f"Import {number} rejected no row: there is nothing to mend."
    if not source_named(delivery.source).is_mendable:
        return f"Rows of {delivery.source} are not sent again one by one: mend the file itself."
    return ""


def file_to_mend(delivery: Delivery) -> FileToMend:
    """Return the rejected rows in the shape of their file, each with what is wrong with it.

    Raises CannotMend where they could not be sent again one by one.
    """
    if why_not := why_not_mend(delivery):
        raise CannotMend(why_not)
    is_marked, rejected = delivery.mends_id is not None, _rejected(delivery)
    if delivery.shape == "csv":
        lines = csv_to_mend(
            delivery.header.encode(), rejected, marks=marks_of(delivery), is_marked=is_marked
        )
        return FileToMend(f"mend-{delivery.pk}.csv", "text/csv; charset=utf-8", lines)
    lines = ndjson_to_mend(rejected, is_marked=is_marked)
    return FileToMend(f"mend-{delivery.pk}.ndjson", "application/x-ndjson", lines)


def first_of(delivery: Delivery) -> Delivery:
    """Return the import whose rows a delivery mends, however often they were mended."""
    while delivery.mends is not None:
        delivery = delivery.mends
    return delivery


def marks_of(delivery: Delivery) -> Marks:
    """Return the marks of a delivery's rows: those beside the columns that came first."""
    header = first_of(delivery).header
    return marks_beside(header_names(header.encode()) if header else ())


def _rejected(delivery: Delivery) -> Iterator[Rejected]:
    """Yield each row once, though several calls of it may have been rejected."""
    told = rejected_rows(delivery)
    for (line, raw), problems in groupby(told, key=lambda found: (found[0], found[3])):
        words = [f"{field}: {reason}" if field else reason for _, field, reason, _ in problems]
        yield Rejected(line, "; ".join(dict.fromkeys(words)), raw)
