"""Publishing what somebody made of the rules they had read."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from ingestion.models import RuleBook
from ingestion.operations.assignments import hold_loads_still
from ingestion.operations.rules import RuleDraft, publish_rules
from ingestion.queries.rules import book_number
from org.models import User
from org.permissions import can_manage_rules
from org.refusals import Invalid, NotAllowed, Stale


@transaction.atomic
def publish_edit(
    *, drafts: Sequence[RuleDraft], read_version: int, reason: str, by: User, at: datetime
) -> RuleBook:
    """Publish drafts that were made from the book `read_version`.

    Raises Stale where another book was published since, for its rules would be lost.
    """
    if not can_manage_rules(by):
        raise NotAllowed("Rules are published by FinOps analysts and administrators.")
    if not reason.strip():
        raise Invalid.of("reason", "Say why the rules change: it is kept with the version.")
    # Both readers of one book wait here; the second sees the book that the first published.
    hold_loads_still()
    if book_number() != read_version:
        raise Stale(
            f"Version {book_number()} of the rules was published since you opened version"
            f" {read_version}. Open the rules again and repeat your change."
        )
    return publish_rules(drafts=list(drafts), reason=reason.strip(), by=by, at=at)
