"""Booking reports: what a version's lines say at the prices of now, and taking it back."""

from collections.abc import Iterable, Sequence

from django.db.models import QuerySet

from ingestion.models import Adjustment, ReportBucket
from ingestion.operations.adjust import gather, gather_cells
from ingestion.operations.price_changes import hold_prices_still
from ingestion.queries.detail import DAY_KEY, MEASURES
from ingestion.queries.prices import price_book_version
from ingestion.queries.repricing import lines_moved

# A line without a price counts as one call at least: what has no price must be seen.
_CALLS = "CASE WHEN l.status = 0 THEN greatest(l.requests, 1) ELSE l.requests END"
_PLAIN = [name for name in MEASURES if name != "calls"]
_SUMS = ", ".join(f"coalesce(sum({name}), 0)" for name in (_CALLS, *(f"l.{n}" for n in _PLAIN)))
_KEY = ", ".join(f"l.{name}" for name in DAY_KEY.split(", "))
_USAGE_OF_BUCKETS = f"""
SELECT b.delivery_id, b.id, '{Adjustment.Kind.REPORT}', %(cause)s, {_KEY}, {_SUMS}
FROM ingestion_reportline l JOIN ingestion_reportbucket b ON b.id = l.bucket_id
WHERE b.id = ANY(%(buckets)s) AND l.charge_category = 'usage'
GROUP BY b.delivery_id, b.id, {_KEY}
"""  # noqa: S608 -- only names of this file
_BOOKED_OF_BUCKETS = f"""
SELECT delivery_id, bucket_id, kind, %(cause)s, {DAY_KEY},
       {", ".join(f"-sum({name})" for name in MEASURES)}
FROM ingestion_adjustment WHERE bucket_id = ANY(%(buckets)s)
GROUP BY delivery_id, bucket_id, kind, {DAY_KEY}
HAVING {" OR ".join(f"sum({name}) <> 0" for name in MEASURES)}
"""  # noqa: S608 -- only names of this file


def hold_versions_still(versions: QuerySet[ReportBucket]) -> list[ReportBucket]:
    """Lock versions of reports in the one order in which all do, and return them.

    A version is replaced either before a re-pricing reads it or after it was restated.
    """
    return list(versions.order_by("pk").select_for_update(no_key=True))


def gather_usage(versions: Sequence[ReportBucket], *, cause: str) -> None:
    """Add the usage of versions that begin to count to the booking, at the prices of now.

    Their lines keep the cost they were first rated at. Where the book has changed since,
    the difference is a re-pricing: the one that followed the change passed them by.
    """
    ids = _ids(versions)
    if not ids:
        return
    gather(_USAGE_OF_BUCKETS, {"cause": cause, "buckets": ids})
    hold_prices_still()
    book = price_book_version()
    outdated = [version for version in versions if version.rated_by != book]
    moved = lines_moved(outdated, version=book)
    gather_cells(moved, kind=Adjustment.Kind.REPRICE, cause=f"{cause}, at the prices of now")


def take_back(versions: Iterable[ReportBucket], *, cause: str) -> None:
    """Take all that is booked of versions back in the booking, kind by kind.

    The caller holds them still.
    """
    gather(_BOOKED_OF_BUCKETS, {"cause": cause, "buckets": _ids(versions)})


def _ids(versions: Iterable[ReportBucket]) -> list[int]:
    return [version.pk for version in versions]
