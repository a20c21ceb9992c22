"""What was booked of reports by day, before bookings named their bucket, is booked by bucket."""

from decimal import Decimal
from importlib import import_module

import pytest
from django.db import connection
from django.db.models import Sum

from ingestion.models import Adjustment, SliceDay
from tests.ingestion.conftest import Deliver
from tests.ingestion.proofs import faults
from tests.ingestion.report_source import line, report
from tests.org_cast import Cast

pytestmark = pytest.mark.usefixtures("report_sources")

BOOK_BY_BUCKET = import_module("ingestion.migrations.0060_repriced_reports").BOOK_BY_BUCKET
# Beside each booking one that takes it back, and one that knows its delivery alone.
_MEASURES = "calls, requests, cost_usd, list_usd, in_text, out_text"
FORGET_BUCKETS = f"""
INSERT INTO ingestion_adjustment (delivery_id, bucket_id, kind, cause, recorded_at, reporting_day,
  utc_day, slice_id, status, {_MEASURES}, {{others}})
SELECT delivery_id, CASE WHEN sign < 0 THEN bucket_id END, kind, cause, recorded_at, reporting_day,
  utc_day, slice_id, status, {", ".join(f"sign * {n}" for n in _MEASURES.split(", "))}, {{zeros}}
FROM ingestion_adjustment, (VALUES (-1), (1)) AS both_ways (sign)
"""  # noqa: S608 -- only names of this file
OTHERS = (
    "in_cache_read", "in_cache_write_5m", "in_cache_write_1h", "in_cache_write_other", "in_audio",
    "in_audio_cached", "in_image", "in_video", "out_reasoning", "out_audio", "out_image",
)  # fmt: skip


def forget_buckets() -> None:
    with connection.cursor() as cursor:
        zeros = ", ".join("0" for _ in OTHERS)
        cursor.execute(FORGET_BUCKETS.format(others=", ".join(OTHERS), zeros=zeros))


def test_the_sums_stay_and_a_bucket_can_be_taken_back_by_itself(
    cast: Cast, deliver: Deliver
) -> None:
    hours = [line(2, usd=usd, hours=(hour, hour + 1)) for usd, hour in (("1", 3), ("2", 4))]
    deliver(report(*hours), source="acme-usage")
    forget_buckets()
    assert len(faults()) == 1

    with connection.cursor() as cursor:
        cursor.execute(BOOK_BY_BUCKET)

    assert faults() == []
    by_bucket = Adjustment.objects.order_by("bucket").values_list("bucket").annotate(
        Sum("cost_usd")
    )  # fmt: skip
    assert [usd for _, usd in by_bucket] == [Decimal(1), Decimal(2), Decimal(0)]

    deliver(report(line(2, usd="5", hours=(3, 4))), source="acme-usage")

    assert SliceDay.objects.get().cost_usd == 7
    assert faults() == []
