"""What people, keys or a whole scope used of a quota's metric, by the ledger of spend.

Days of the calendar only: the ledger sums days. It knows who called by person and key;
what single tasks, agent steps and windows that roll used stands with the routers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import connection

from finops.periods import ONE_DAY, Period, reporting_day
from finops.quotas import Metric, days_of, most, reached
from finops.tokens import TOKEN_CLASSES
from policy.models import Quota, Scope
from policy.queries.quotas import Standing

MOST_SHOWN = 10
_TOKENS = " + ".join(f"d.{name}" for name in TOKEN_CLASSES)
_SUMS = {
    Metric.CALLS.value: "sum(d.calls)",
    Metric.TOKENS.value: f"sum({_TOKENS})",
    Metric.USD.value: "sum(d.cost_usd)",
}
_SUBJECTS = {"": "''", "person": "s.person", "key": "s.key"}
_USED = """
SELECT {subject} AS subject, {amount} AS used
FROM ingestion_sliceday d
JOIN ingestion_slice s ON s.id = d.slice_id
LEFT JOIN ingestion_assignment a ON a.slice_id = d.slice_id
  AND a.starts_on <= d.reporting_day AND d.reporting_day < a.ends_on
LEFT JOIN org_unit u ON u.id = a.unit_id
WHERE d.metered AND d.reporting_day >= %(start)s AND d.reporting_day < %(end)s
  AND (%(cost_object)s::bigint IS NULL OR a.cost_object_id = %(cost_object)s)
  AND (%(path)s::text IS NULL OR starts_with(u.path, %(path)s))
  AND (%(only)s::text IS NULL OR {subject} = %(only)s)
  AND (%(shared)s OR {subject} <> '')
GROUP BY 1
ORDER BY used DESC, subject
LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Used:
    """A subject beside its limit, and the highest threshold it has reached."""

    subject: str
    used: Decimal
    limit: Decimal
    threshold: int

    @property
    def share(self) -> Decimal:
        return self.used / self.limit

    @property
    def tone(self) -> str:
        if self.used >= self.limit:
            return "danger"
        return "warn" if self.threshold else ""


def is_known(quota: Quota) -> bool:
    """Test whether the ledger can tell what was used of a quota."""
    return not quota.rolls and quota.metric in _SUMS and quota.per in _SUBJECTS


def used_by(quota: Quota, *, subject: str, on_days: Period) -> Decimal | None:
    """Return what a subject used in some days; None where the ledger cannot tell."""
    if not is_known(quota):
        return None
    rows = _read(quota, on_days=on_days, only=subject, most=1)
    return rows[0][1] if rows else Decimal(0)


def nearest(standing: Standing, *, at: datetime, zone: ZoneInfo) -> list[Used]:
    """Return who used the most of a quota in its present window, at most ten; none if unknown."""
    quota = standing.quota
    if not is_known(quota):
        return []
    days = days_of(quota.kind, reporting_day(at, zone))
    rows = _read(quota, on_days=days, only=None, most=MOST_SHOWN)
    found = []
    for subject, used in rows:
        if subject in standing.terms.exempt:
            continue
        limit = most(standing.terms.plain) - standing.terms.limit + standing.limit_of(subject)
        level = reached(standing.terms.thresholds, used=used, limit=limit)
        found.append(Used(subject, used, limit, level))
    return sorted(found, key=lambda each: -each.share)


def days_before(days: Period, quota: Quota) -> Period:
    """Return the calendar window just before another."""
    return days_of(quota.kind, days.start - ONE_DAY)


def _read(
    quota: Quota, *, on_days: Period, only: str | None, most: int
) -> Sequence[tuple[str, Decimal]]:
    statement = _USED.format(subject=_SUBJECTS[quota.per], amount=_SUMS[quota.metric])
    values = {
        "start": on_days.start,
        "end": on_days.end,
        "only": only,
        "shared": not quota.per,
        "most": most,
        **_within(quota.scope),
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [(subject, Decimal(used)) for subject, used in cursor.fetchall()]


def _within(scope: Scope) -> dict[str, int | str | None]:
    return {
        "cost_object": scope.cost_object_id,
        "path": scope.unit.path if scope.unit else None,
    }
