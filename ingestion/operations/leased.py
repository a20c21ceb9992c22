"""What the calls that were really stored came to on each lease that they name.

A router holds money on lease before it makes a call, and its usage record names the lease.
Whoever keeps the leases moves the money from held to spent by these sums.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

import pandas as pd

from finops.money import usd_of
from ingestion.operations.event_rows import copy_rows
from ingestion.queries.metering import IS_METERED

_MAKE = """
CREATE TEMPORARY TABLE IF NOT EXISTS leased
  (line bigint, utc_day date, key uuid, slice_id integer, cost_pico bigint, lease text)
  ON COMMIT DELETE ROWS;
TRUNCATE leased;
CREATE TEMPORARY TABLE IF NOT EXISTS added (utc_day date, key uuid) ON COMMIT DELETE ROWS;
TRUNCATE added
"""
_COLUMNS = ("line", "utc_day", "key", "slice_id", "cost_pico", "lease")
# A call that stands twice among those sent was stored once: as it stood on its first line.
_FIRST_STORED = """
SELECT DISTINCT ON (l.utc_day, l.key) l.* FROM leased l JOIN added USING (utc_day, key)
ORDER BY l.utc_day, l.key, l.line
"""
_SUMS = """
SELECT lease, count(*), count(*) FILTER (WHERE cost_pico IS NULL),
       coalesce(sum(cost_pico) FILTER (WHERE metered), 0),
       coalesce(sum(cost_pico) FILTER (WHERE NOT metered), 0)
FROM (SELECT d.lease, d.cost_pico, {metered} AS metered FROM ({calls}) d) told
WHERE lease <> '' GROUP BY lease ORDER BY lease
"""

# Keeps the keys of calls that an INSERT of the expression `new` returns.
KEEP_ADDED = ", kept AS (INSERT INTO added (utc_day, key) SELECT utc_day, key FROM new)"


class Leased(NamedTuple):
    """Stored calls that name one lease; those without a price are counted, and cost nothing yet.

    `usd` is what counts as spent; `unmetered_usd` what another source of usage counts.
    """

    lease: str
    calls: int
    unpriced_calls: int
    usd: Decimal
    unmetered_usd: Decimal


def names_leases(staged: pd.DataFrame) -> bool:
    return bool((staged["lease"] != "").any())


def open_leased(cursor: Any, staged: pd.DataFrame) -> None:
    """Remember which call names which lease, before calls are sorted into new and known."""
    cursor.execute(_MAKE)
    copy_rows(cursor, "leased", staged, _COLUMNS)


def sum_leased(cursor: Any, *, are_all_new: bool) -> tuple[Leased, ...]:
    """Sum the calls that were stored by the lease that they name."""
    calls = "SELECT * FROM leased" if are_all_new else _FIRST_STORED
    cursor.execute(_SUMS.format(metered=IS_METERED, calls=calls))
    return tuple(
        Leased(lease, calls, unpriced, usd_of(int(pico)), usd_of(int(unmetered)))
        for lease, calls, unpriced, pico, unmetered in cursor.fetchall()
    )


def together(parts: Iterable[Leased]) -> tuple[Leased, ...]:
    """Add up sums of several stores."""
    sums: dict[str, Leased] = {}
    for part in parts:
        before = sums.get(part.lease, Leased(part.lease, 0, 0, Decimal(0), Decimal(0)))
        sums[part.lease] = Leased(
            part.lease,
            before.calls + part.calls,
            before.unpriced_calls + part.unpriced_calls,
            before.usd + part.usd,
            before.unmetered_usd + part.unmetered_usd,
        )
    return tuple(sums[lease] for lease in sorted(sums))


def as_json(leased: Iterable[Leased]) -> list[list[Any]]:
    """Return sums as the outbox keeps them, money as texts."""
    return [
        [each.lease, each.calls, each.unpriced_calls, f"{each.usd:f}", f"{each.unmetered_usd:f}"]
        for each in leased
    ]


def leased_of(rows: Iterable[Iterable[Any]]) -> list[Leased]:
    """Return the sums that `as_json` wrote."""
    return [
        Leased(lease, calls, unpriced, Decimal(usd), Decimal(unmetered))
        for lease, calls, unpriced, usd, unmetered in rows
    ]
