"""Planning a delivery: the file is prepared and cut into chunks."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from ingestion import framing
from ingestion.models import Chunk, Delivery
from ingestion.operations.deliveries import LOOK, prepared_file, received_file
from ingestion.readers import contract
from ingestion.readers.registry import source as source_named
from ingestion.readers.takes import SHEET
from org import doorbell

# More bells than workers only make workers look twice.
_MOST_BELLS = 8


@transaction.atomic
def plan_delivery(*, delivery_id: int, at: datetime) -> bool:
    """Prepare a queued delivery's file and cut it into chunks.

    Returns False where another worker holds or has planned it. Raises Refused where the
    file cannot be taken at all.
    """
    delivery = (
        Delivery.objects.select_for_update(skip_locked=True)
        .filter(pk=delivery_id, state=Delivery.State.QUEUED)
        .first()
    )
    if delivery is None:
        return False
    reader = source_named(delivery.source)
    target = prepared_file(delivery)
    prepared = framing.prepare(
        received_file(delivery),
        target,
        rows_path=reader.rows_path,
        document=reader.is_document,
        sheet=delivery.fixed_values.get(SHEET.name, ""),
    )
    delivery.shape, delivery.header = prepared.shape, prepared.header.decode()
    delivery.sha256 = prepared.sha256
    reader.check(contract.Chunk(b"", prepared.header, prepared.shape, 1), options_of(delivery))
    parts = framing.plan(
        target,
        header_lines=prepared.header_lines,
        target_bytes=settings.TOKENOPS_CHUNK_BYTES,
        shape=prepared.shape,
    )
    Chunk.objects.bulk_create(_chunk(delivery, part) for part in parts)
    delivery.state = Delivery.State.RUNNING if parts else Delivery.State.DONE
    delivery.started_at = at
    if not parts:
        delivery.reason, delivery.finished_at = "The file has a header and no rows.", at
    delivery.save()
    doorbell.ring(LOOK, times=min(len(parts), _MOST_BELLS))
    return True


def options_of(delivery: Delivery) -> contract.Options:
    fixed = {field: value for field, value in delivery.fixed_values.items() if field != SHEET.name}
    return contract.Options(map=delivery.column_map, set=fixed, account=delivery.account)


def _chunk(delivery: Delivery, part: framing.Range) -> Chunk:
    return Chunk(
        delivery=delivery,
        number=part.index,
        starts_at_byte=part.start,
        ends_at_byte=part.end,
        first_line=part.first_line,
    )
