"""What people, keys or a whole scope used of a quota's metric, by the ledger of spend.

Days of the calendar only: the ledger sums days. It knows who called by person and key;
what single tasks, agent steps and windows that roll used stands with the routers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection

from finops.periods import ONE_DAY, Period, reporting_day
from finops.quotas import Metric, days_of, reached
from finops.tokens import TOKEN_CLASSES
from policy.models import Quota
from policy.queries.quotas import Standing

MOST_SHOWN = 10
# Those exempt and those raised are among them: more are read than are shown.
MOST_READ = 50
_TOKENS = " + ".join(f"d.{name}" for name in TOKEN_CLASSES)
_SUMS = {
    Metric.CALLS.value: "sum(d.calls)",
    Metric.TOKENS.value: f"sum({_TOKENS})",
    Metric.USD.value: "sum(d.cost_usd)",
}
_SUBJECTS = {"": "''", "person": "s.person", "key": "s.key"}
_USED = """
(SELECT {quota}, {subject} AS subject, {amount} AS used
 FROM ingestion_sliceday d
 JOIN ingestion_slice s ON s.id = d.slice_id
 LEFT JOIN ingestion_assignment a ON a.slice_id = d.slice_id
   AND a.starts_on <= d.reporting_day AND d.reporting_day < a.ends_on
 LEFT JOIN org_unit u ON u.id = a.unit_id
 WHERE d.metered AND d.reporting_day >= %s AND d.reporting_day < %s
   AND (%s::bigint IS NULL OR a.cost_object_id = %s)
   AND (%s::text IS NULL OR starts_with(u.path, %s))
   AND (%s::text IS NULL OR {subject} = %s)
   AND ({shared} OR {subject} <> '')
 GROUP BY 2
 ORDER BY used DESC, subject
 LIMIT {most})
"""


class _Asked(NamedTuple):
    """A question of the ledger: what was used of a quota in some days, by one subject or all."""

    quota: Quota
    days: Period
    subject: str | None
    most: int


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
    rows = _read([_Asked(quota, on_days, subject, 1)])[quota.pk]
    return rows[0][1] if rows else Decimal(0)


def nearest(
    standings: Iterable[Standing], *, at: datetime, zone: ZoneInfo
) -> dict[int, list[Used]]:
    """Return who is nearest to the limit of each quota in its present window, in one query.

    At most ten of each; none where the ledger cannot tell.
    """
    known = {each.quota.pk: each for each in standings if is_known(each.quota)}
    on = reporting_day(at, zone)
    asked = [
        _Asked(each.quota, days_of(each.quota.kind, on), None, MOST_READ) for each in known.values()
    ]
    return {pk: _used(known[pk], rows) for pk, rows in _read(asked).items()}


def _used(standing: Standing, rows: Sequence[tuple[str, Decimal]]) -> list[Used]:
    terms = standing.terms
    found = []
    for subject, used in rows:
        if subject not in terms.exempt:
            limit = standing.limit_of(subject) + terms.burst
            level = reached(terms.thresholds, used=used, limit=limit)
            found.append(Used(subject, used, limit, level))
    return sorted(found, key=lambda each: (-each.share, each.subject))[:MOST_SHOWN]


def days_before(days: Period, quota: Quota) -> Period:
    """Return the calendar window just before another."""
    return days_of(quota.kind, days.start - ONE_DAY)


def _read(asked: Sequence[_Asked]) -> dict[int, list[tuple[str, Decimal]]]:
    """Return what was used of each quota, the most first."""
    found: dict[int, list[tuple[str, Decimal]]] = {each.quota.pk: [] for each in asked}
    if not asked:
        return found
    values = [value for each in asked for value in _values(each)]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(_statement(each) for each in asked), values)
        for quota, subject, used in cursor.fetchall():
            found[quota].append((subject, Decimal(used)))
    return found


def _statement(asked: _Asked) -> str:
    quota = asked.quota
    return _USED.format(
        quota=int(quota.pk),
        subject=_SUBJECTS[quota.per],
        amount=_SUMS[quota.metric],
        shared="FALSE" if quota.per else "TRUE",
        most=int(asked.most),
    )


def _values(asked: _Asked) -> list[date | int | str | None]:
    scope = asked.quota.scope
    path = scope.unit.path if scope.unit else None
    twice: list[int | str | None] = [scope.cost_object_id, path, asked.subject]
    return [asked.days.start, asked.days.end, *(each for each in twice for _ in range(2))]
