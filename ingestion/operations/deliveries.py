"""Taking deliveries in: the file is put aside, a row says it is there, the bell rings."""

import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import IO
from uuid import uuid4

from django.conf import settings
from django.db import transaction

from ingestion.models import Delivery
from ingestion.readers.contract import Refused
from ingestion.readers.registry import source as source_named
from ingestion.readers.source import Source
from org import audit, doorbell
from org.models import User
from org.refusals import FieldError, Invalid

LOOK = "ingestion.tasks.look"


def spool_dir() -> Path:
    """Return the folder of received files; every worker must see the same one."""
    folder = Path(settings.VAR_DIR) / "spool"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def received_file(delivery: Delivery) -> Path:
    return spool_dir() / delivery.spool


def prepared_file(delivery: Delivery) -> Path:
    return spool_dir() / f"{delivery.spool}.prepared"


def submit_file(
    *,
    file: IO[bytes],
    filename: str,
    source: str,
    account: str,
    column_map: Mapping[str, str],
    fixed_values: Mapping[str, str],
    by: User | None,
    at: datetime,
    mends: Delivery | None = None,
) -> Delivery:
    """Put a file aside for the workers and return its delivery, which is queued.

    Without an account the delivery is booked to the one that its source shares with
    others that speak of the same money, else to one named after the source. Raises
    Invalid where no reader has the source's name, and for an option that it does not take.
    """
    reader = _reader(source)
    check_taken(reader, column_map, fixed_values)
    name = uuid4().hex
    path = spool_dir() / name
    with path.open("wb") as target:
        shutil.copyfileobj(file, target, 1 << 20)
    try:
        return _record(
            Delivery(
                source=reader.name,
                account=account or reader.account or reader.name,
                filename=Path(filename).name[:255],
                size_bytes=path.stat().st_size,
                spool=name,
                column_map=dict(column_map),
                fixed_values=dict(fixed_values),
                mends=mends,
                submitted_by=by,
                submitted_at=at,
            )
        )
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def check_taken(reader: Source, mapped: Mapping[str, str], fixed: Mapping[str, str]) -> None:
    """Raise Invalid, naming every option that a source does not take."""
    untaken = list(reader.takes.untaken(reader.name, mapped, fixed))
    if untaken:
        words = " ".join(reason for _, reason in untaken)
        raise Invalid(words, errors=[FieldError(f"/{name}", reason) for name, reason in untaken])


def _reader(name: str) -> Source:
    try:
        return source_named(name)
    except Refused as refusal:
        raise Invalid(str(refusal), errors=[FieldError("/source", str(refusal))]) from refusal


@transaction.atomic
def _record(delivery: Delivery) -> Delivery:
    delivery.save(force_insert=True)
    audit.record(
        actor=delivery.submitted_by,
        action="delivery.submit",
        subject=f"delivery:{delivery.pk}",
        at=delivery.submitted_at,
        detail={"file": delivery.filename, "source": delivery.source, "account": delivery.account},
    )
    doorbell.ring(LOOK)
    return delivery
