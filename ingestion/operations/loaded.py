"""What became of a batch of rows, and how it enters a delivery's counts."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from django.db.models import F

from ingestion.models import Delivery, Doubt, Reject
from ingestion.operations.leased import Leased
from ingestion.readers.contract import Problem

_MOST_TEXT = 200


class Loaded(NamedTuple):
    """Counts of a batch; rows = loaded + duplicate + conflict + rejected, always."""

    rows: int = 0
    loaded: int = 0
    duplicate: int = 0
    conflict: int = 0
    rejected: int = 0
    unpriced: int = 0
    late: int = 0
    late_usd: Decimal = Decimal(0)
    usd: Decimal = Decimal(0)
    unit_ids: tuple[int, ...] = ()
    cost_object_ids: tuple[int, ...] = ()
    doubts: Sequence[Problem] = ()
    leased: tuple[Leased, ...] = ()


def add_counts(delivery: Delivery, loaded: Loaded) -> None:
    """Add a batch's counts, and its doubts, to a delivery that is locked; the caller saves it."""
    delivery.rows += loaded.rows
    delivery.loaded += loaded.loaded
    delivery.duplicate += loaded.duplicate
    delivery.conflict += loaded.conflict
    delivery.rejected += loaded.rejected
    delivery.unpriced += loaded.unpriced
    delivery.late += loaded.late
    delivery.late_usd += loaded.late_usd
    delivery.usd += loaded.usd
    _keep_doubts(delivery, loaded.doubts)


def keep_rejects(delivery: Delivery, problems: Iterable[Problem]) -> None:
    """Keep the rows that could not be used, with what is wrong with each."""
    Reject.objects.bulk_create(
        (
            Reject(
                delivery=delivery,
                line=problem.line,
                field=problem.field,
                reason=problem.reason,
                raw=problem.raw.replace("\x00", "␀"),
            )
            for problem in problems
        ),
        batch_size=2000,
    )


def _keep_doubts(delivery: Delivery, doubts: Iterable[Problem]) -> None:
    """Count the rows of each doubt; the delivery's lock keeps other batches from it."""
    by_code: defaultdict[str, list[Problem]] = defaultdict(list)
    for doubt in doubts:
        by_code[doubt.reason].append(doubt)
    for code, found in sorted(by_code.items()):
        first = min(found, key=lambda doubt: doubt.line)
        place = {
            "first_line": first.line,
            "first_field": first.field,
            "first_text": first.raw.replace("\x00", "␀")[:_MOST_TEXT],
        }
        rows = len({doubt.line for doubt in found})
        kept, is_new = Doubt.objects.get_or_create(
            delivery=delivery, code=code, defaults={"rows": rows, **place}
        )
        if not is_new:
            earlier = place if first.line < kept.first_line else {}
            Doubt.objects.filter(pk=kept.pk).update(rows=F("rows") + rows, **earlier)
