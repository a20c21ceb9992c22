"""Rows that were rejected, mended, and are sent again: linked to the import they mend."""

from datetime import datetime
from typing import IO

from ingestion.models import Delivery
from ingestion.operations.deliveries import submit_file
from ingestion.queries.mending import first_of, marks_of, why_not_mend
from ingestion.readers import mending
from ingestion.readers.contract import Chunk
from ingestion.readers.takes import SHEET
from ingestion.staging import Mended
from org.models import User
from org.refusals import Invalid


def submit_mended(
    *, file: IO[bytes], filename: str, mends: int, by: User | None, at: datetime
) -> Delivery:
    """Put mended rows aside for the workers, to be read as the import they mend was.

    Raises Invalid where there is nothing to mend, or not row by row.
    """
    first = Delivery.objects.filter(pk=mends).first()
    why_not = why_not_mend(first) if first else f"There is no import {mends}."
    if first is None or why_not:
        raise Invalid.of("mends", why_not)
    fixed = {field: value for field, value in first.fixed_values.items() if field != SHEET.name}
    return submit_file(
        file=file,
        filename=filename,
        source=first.source,
        account=first.account,
        column_map=first.column_map,
        fixed_values=fixed,
        by=by,
        at=at,
        mends=first,
    )


def content_key(delivery: Delivery) -> str:
    """Return what stands for the ids of a delivery's rows that have none."""
    return f"{delivery.source}\x00{delivery.sha256}"


def as_first_sent(chunk: Chunk, delivery: Delivery) -> tuple[Chunk, Mended | None]:
    """Return a part as it would have been sent at first, and which rows of that file it holds.

    So a row that is mended and sent twice, in whatever file, is the same row.
    """
    if delivery.mends_id is None:
        return chunk, None
    first, chunk = first_of(delivery), mending.as_sent(chunk)
    if not first.sha256 or first.shape != delivery.shape:
        return chunk, None
    rows = mending.first_rows(chunk, marks_of(delivery))
    return chunk, Mended(content_key(first), rows)
