"""The metering source of record: whose usage of a provider account counts, and when."""

from typing import Literal

from django.db import connection

_CLAIM = """
INSERT INTO ingestion_meteringsource (provider, account, source)
SELECT DISTINCT s.provider, s.account, s.source
FROM ingestion_slice s
WHERE s.id IN (SELECT slice_id FROM {table})
  AND NOT EXISTS (SELECT FROM ingestion_meteringsource m
                  WHERE m.provider = s.provider AND m.account = s.account)
ORDER BY 1, 2
ON CONFLICT DO NOTHING
"""


def claim_metering(table: Literal["stage", "delta", "booking"]) -> None:
    """Let the slices of a temporary table claim every account that nobody metered yet."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM.format(table=table))


_RELEASE = """
DELETE FROM ingestion_meteringsource m
USING (SELECT DISTINCT s.provider, s.account, s.source FROM ingestion_slice s
       WHERE s.id IN (SELECT slice_id FROM booking)) gone
WHERE m.provider = gone.provider AND m.account = gone.account AND m.source = gone.source
  AND m.starts_on IS NULL AND m.ends_on IS NULL
  AND NOT EXISTS (
    SELECT FROM ingestion_sliceday d JOIN ingestion_slice s ON s.id = d.slice_id
    WHERE s.provider = m.provider AND s.account = m.account)
"""


def release_metering() -> None:
    """Give back the accounts that a posted booking left without any usage.

    Who loads for one next claims it anew: a file taken for another account by mistake
    must not stay its meter.
    """
    with connection.cursor() as cursor:
        cursor.execute(_RELEASE)
