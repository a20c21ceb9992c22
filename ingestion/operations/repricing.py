"""Re-pricing: after the book changed, open days are restated, one UTC day a transaction.

Calls and lines of reports keep the cost they were first rated at. What the book says now
is compared with that and with the re-pricings since, and the difference is added as
adjustments: doing it twice adds nothing, and a worker that dies in the middle has done
whole days.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

import structlog
from django.db import connection, transaction
from django.db.models import F, Q

from finops.periods import ONE_DAY
from ingestion.models import Adjustment, Delivery, PriceChange
from ingestion.operations.adjust import gather_cells, open_booking, post_booking
from ingestion.operations.assignments import hold_rules_still
from ingestion.operations.report_booking import hold_versions_still
from ingestion.queries.prices import price_book_version
from ingestion.queries.report_lines import current_versions_on
from ingestion.queries.repricing import (
    calls_moved_on,
    lines_moved_on,
    newly_priced,
    next_day_touched,
    parted,
    slices_touched,
    total_list_usd,
    total_usd,
)
from ingestion.rerating import Cell, Measures

log = structlog.get_logger()

MOST_ATTEMPTS = 3
_REPRICE_LOCK = 7_305_041
# Between counting an attempt and taking the lock, nobody else may count another.
_CLAIM_GRACE = timedelta(seconds=2)


class UndoneMeanwhile(Exception):
    """A delivery was undone while its calls were being rated anew: the day is done again."""


def reprice_next(*, at: datetime, claimed_at: datetime | None = None) -> bool:
    """Restate one day of the oldest waiting change; return whether there was one to do.

    `claimed_at` is the time by which claims are held, where that is not `at`.
    """
    change_id = _claim(at, held_from=claimed_at or at)
    if change_id is None:
        return False
    try:
        reprice_day(change_id=change_id, at=at)
    except Exception as error:
        log.exception("re_pricing.attempt_failed", change=change_id)
        _fail_after_the_last(change_id, f"The last attempt said: {error}", at)
    return True


def is_repricing() -> bool:
    """Test whether a change waits to be followed by its re-pricing."""
    return PriceChange.objects.filter(state=PriceChange.State.QUEUED).exists()


@transaction.atomic
def _claim(at: datetime, *, held_from: datetime) -> int | None:
    """Count an attempt at the oldest change, unless somebody is at it, and return its id.

    Changes are followed in their order, one at a time.
    """
    oldest = PriceChange.objects.filter(state=PriceChange.State.QUEUED).order_by("pk").first()
    if oldest is None:
        return None
    if oldest.attempts >= MOST_ATTEMPTS:
        _fail_after_the_last(oldest.pk, "Each attempt ended without a word.", at)
        return oldest.pk
    free = Q(claimed_at__isnull=True) | Q(claimed_at__lt=held_from - _CLAIM_GRACE)
    held = PriceChange.objects.filter(free, pk=oldest.pk).select_for_update(skip_locked=True)
    if held.first() is None:
        return None
    PriceChange.objects.filter(pk=oldest.pk).update(
        attempts=F("attempts") + 1, claimed_at=held_from
    )
    return oldest.pk


@transaction.atomic
def reprice_day(*, change_id: int, at: datetime) -> None:
    """Restate the next day that a change touches, or say that none is left."""
    change = (
        PriceChange.objects.select_for_update(skip_locked=True)
        .filter(pk=change_id, state=PriceChange.State.QUEUED)
        .first()
    )
    if change is None or change.next_day is None or change.ends_on is None:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_REPRICE_LOCK])
    slice_ids = slices_touched(touches=change.touches, account=change.account)
    day = next_day_touched(slice_ids, start=change.next_day, end=change.ends_on)
    if day is not None:
        cells = _moves_on(day, slice_ids)
        _write(cells, day, change=change, at=at)
        _count(change, cells)
    change.next_day = change.ends_on if day is None else day + ONE_DAY
    if change.next_day >= change.ends_on:
        change.state, change.finished_at = PriceChange.State.DONE, at
    change.attempts, change.claimed_at = 0, None
    change.save()


def _moves_on(day: date, slice_ids: Sequence[int]) -> dict[Cell, Measures]:
    """Return what moves in open periods, and let nothing take its place until the end.

    Calls, which can be very many, are rated before anybody is kept out.
    """
    book = price_book_version()
    calls = calls_moved_on(day, slice_ids, version=book)
    hold_rules_still()
    versions = hold_versions_still(current_versions_on(day, slice_ids))
    lines = lines_moved_on(day, slice_ids, versions, version=book)
    return parted(calls | lines).open


def _count(change: PriceChange, cells: Mapping[Cell, Measures]) -> None:
    change.moved_usd += total_usd(cells)
    change.moved_list_usd += total_list_usd(cells)
    change.newly_priced += newly_priced(cells)


def _write(cells: Mapping[Cell, Measures], day: date, *, change: PriceChange, at: datetime) -> None:
    """Write the day's moves: rollups, adjustments, and that spend changed."""
    if not cells:
        return
    open_booking()
    gather_cells(cells, kind=Adjustment.Kind.REPRICE, cause=cause_of(change.pk))
    post_booking(at=at, by=change.by)
    # The adjustments hold the deliveries they name: one undone by now took back less.
    undone = Delivery.objects.filter(
        pk__in={cell.delivery_id for cell in cells}, undone_at__isnull=False
    )
    if undone.exists():
        raise UndoneMeanwhile(f"A delivery of {day} was undone meanwhile.")


def cause_of(change_id: int) -> str:
    """Return what the adjustments of a change name as their cause."""
    return f"price book version {change_id}"


def _fail_after_the_last(change_id: int, reason: str, at: datetime) -> None:
    PriceChange.objects.filter(
        pk=change_id, state=PriceChange.State.QUEUED, attempts__gte=MOST_ATTEMPTS
    ).update(
        state=PriceChange.State.FAILED,
        finished_at=at,
        reason=f"Put aside after {MOST_ATTEMPTS} attempts. {reason}",
    )
