"""Changes of the price book: one at a time, each a version, each with its re-pricing.

Loads share the hold on the book while they store, so that a call is either stored before
a change, and rated anew by it, or rated by the changed book.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Literal

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models import Q

from finops.periods import ONE_DAY
from ingestion.models import PriceChange, PriceRow, PriceTerm
from ingestion.operations.deliveries import LOOK
from ingestion.queries.repricing import days_touched
from org import doorbell
from org.models import User

_PRICES_LOCK = 7_305_040
# A list of this many models is nearly all of them.
_MOST_TOUCHES = 500
EVERYTHING = [["*", "*"]]

Touches = list[list[str]]


def hold_prices(*, using: str = DEFAULT_DB_ALIAS) -> None:
    """Keep loads from storing until this transaction ends, while the book changes."""
    _lock("pg_advisory_xact_lock", using)


def hold_prices_still() -> None:
    """Keep the book from changing until this transaction ends; loads share the hold."""
    _lock("pg_advisory_xact_lock_shared", DEFAULT_DB_ALIAS)


def _lock(
    function: Literal["pg_advisory_xact_lock", "pg_advisory_xact_lock_shared"], using: str
) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [_PRICES_LOCK])


def touching(models_changed: Iterable[tuple[str, str]]) -> Touches:
    """Return the models that a change touches, or everything where they are very many."""
    pairs = sorted(set(models_changed))
    return [list(pair) for pair in pairs] if len(pairs) <= _MOST_TOUCHES else EVERYTHING


def open_change(
    *,
    summary: str,
    touches: Touches,
    at: datetime,
    account: str = "",
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    by: User | None = None,
    using: str = DEFAULT_DB_ALIAS,
) -> PriceChange:
    """Give the changed book its version, and queue the re-pricing of what it touches.

    Where nothing was used that it touches, there is nothing to do.
    """
    days = days_touched(touches=touches, account=account, using=using)
    first = days and max(days[0], starts_at.astimezone(UTC).date() if starts_at else days[0])
    last = days and min(days[-1], ends_at.astimezone(UTC).date() if ends_at else days[-1])
    is_needed = bool(first and last and first <= last)
    change = PriceChange.objects.using(using).create(
        summary=summary[:200],
        touches=touches,
        account=account,
        by=by,
        recorded_at=at,
        state=PriceChange.State.QUEUED if is_needed else PriceChange.State.DONE,
        starts_on=first if is_needed else None,
        ends_on=last + ONE_DAY if is_needed and last else None,
        next_day=first if is_needed else None,
        finished_at=None if is_needed else at,
    )
    if is_needed:
        doorbell.ring(LOOK)
    return change


def make_room(
    rows: models.QuerySet[PriceRow] | models.QuerySet[PriceTerm],
    *,
    starts_at: datetime | None,
    ends_at: datetime | None,
    at: datetime,
) -> None:
    """Let no standing row of these hold between two instants.

    A row that began before ends there; one that reaches beyond goes on afterwards as a
    row of its own; one that lies within is superseded.
    """
    held: list[PriceRow | PriceTerm] = [*rows.filter(*_standing_between(starts_at, ends_at))]
    beyond = [row for row in held if ends_at and (row.ends_at is None or row.ends_at > ends_at)]
    before = [row.pk for row in held if _begins_before(row.starts_at, starts_at)]
    rows.filter(pk__in=before).update(ends_at=starts_at)
    within = [row.pk for row in held if row.pk not in before]
    rows.filter(pk__in=within).update(superseded_at=at)
    for row in beyond:
        row.pk, row.starts_at, row.recorded_at = None, ends_at, at
        row.save(force_insert=True)


def _standing_between(starts_at: datetime | None, ends_at: datetime | None) -> Sequence[Q]:
    conditions = [Q(superseded_at__isnull=True)]
    if starts_at is not None:
        conditions.append(Q(ends_at__isnull=True) | Q(ends_at__gt=starts_at))
    if ends_at is not None:
        conditions.append(Q(starts_at__isnull=True) | Q(starts_at__lt=ends_at))
    return conditions


def _begins_before(row_starts_at: datetime | None, starts_at: datetime | None) -> bool:
    return starts_at is not None and (row_starts_at is None or row_starts_at < starts_at)


def try_again(*, change_id: int) -> bool:
    """Queue a re-pricing that failed, from the day on which it stopped."""
    failed = PriceChange.objects.filter(pk=change_id, state=PriceChange.State.FAILED)
    queued = failed.update(
        state=PriceChange.State.QUEUED, attempts=0, claimed_at=None, finished_at=None, reason=""
    )
    if queued:
        doorbell.ring(LOOK)
    return bool(queued)
