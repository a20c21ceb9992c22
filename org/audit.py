"""The audit log's one door: entries are chained by hash, so an edit shows."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

from org.models import AuditEntry, User

FIRST_HASH = "0" * 64
_CHAIN_LOCK = 7_305_001


@transaction.atomic
def record(
    *,
    actor: User | None,
    action: str,
    subject: str,
    at: datetime,
    detail: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Add an entry to the chain, in the transaction of what it tells of."""
    with connection.cursor() as cursor:
        # Two entries at once would both follow the same one before them.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_CHAIN_LOCK])
    last = AuditEntry.objects.order_by("-pk").values_list("hash", flat=True).first()
    entry = AuditEntry(
        actor=actor,
        action=action,
        subject=subject,
        at=at,
        detail=json.loads(json.dumps(detail or {}, default=str)),
        previous_hash=last or FIRST_HASH,
    )
    entry.hash = hash_of(entry)
    entry.save(force_insert=True)
    return entry


def hash_of(entry: AuditEntry) -> str:
    """Return the SHA-256 over the entry's fields and the hash before it."""
    fields = {
        "previous": entry.previous_hash,
        "at": entry.at.astimezone(UTC).isoformat(),  # however the clock was given
        "actor": entry.actor_id,
        "action": entry.action,
        "subject": entry.subject,
        "detail": entry.detail,
    }
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def first_broken_link() -> str | None:
    """Return what is wrong with the chain, or None where it is intact."""
    previous = FIRST_HASH
    for entry in AuditEntry.objects.order_by("pk").iterator(chunk_size=2000):
        if entry.previous_hash != previous:
            return f"Audit entry {entry.pk} does not follow the entry before it."
        if hash_of(entry) != entry.hash:
            return f"Audit entry {entry.pk} was changed after it was written."
        previous = entry.hash
    return None
