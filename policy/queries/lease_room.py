"""Room under hard caps: limits beside what is spent and what is held, of one moment.

Usage moves money from held to spent in one transaction. So both are read by one statement:
by two, a dollar that moves between them would be seen nowhere, and granted again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Q

from finops import cap as caps
from policy.models import Cap, Scope
from policy.permissions import unit_of
from policy.queries.meters import Today, caps_in_force, reset_of, window_name
from policy.queries.overrides import limit_in_force

ORG = "org"
LEASED_WINDOWS = (Cap.Window.DAY, Cap.Window.PERIOD, Cap.Window.TOTAL)

# Whose spend a scope counts, of unit days `d`; whose leases, of leases in scopes `s`.
_SPENT = {
    "all": "TRUE",
    "unit": "EXISTS (SELECT FROM org_unit u WHERE u.id = d.unit_id AND starts_with(u.path, {of}))",
    "object": "d.cost_object_id = {of}",
}
_LEASED = {
    "all": "TRUE",
    "unit": """EXISTS (
      SELECT FROM org_unit u LEFT JOIN org_costobject o ON o.id = s.cost_object_id
      WHERE u.id = coalesce(s.unit_id, o.unit_id) AND starts_with(u.path, {of}))""",
    "object": "s.cost_object_id = {of}",
}
_ROOM = """
SELECT %(cap_{n})s::bigint AS cap, %(limit_{n})s::numeric AS limit_usd, spent.usd AS spent_usd,
       held.usd AS held_usd, held.others
FROM (SELECT coalesce(sum(d.cost_usd), 0) AS usd FROM ingestion_unitday d
      WHERE d.metered AND d.reporting_day >= %(from_{n})s AND d.reporting_day < %(before_{n})s
        AND {spent}) spent,
     (SELECT coalesce(sum(l.held_usd), 0) AS usd,
             count(DISTINCT l.sidecar) FILTER (
               WHERE l.expires_at > %(at)s AND l.sidecar <> %(asker)s) AS others
      FROM policy_lease l JOIN policy_scope s ON s.id = l.scope_id
      WHERE l.held_usd > 0 AND l.granted_on >= %(from_{n})s AND l.granted_on < %(before_{n})s
        AND {leased}) held
"""
_FOREVER = date.max


@dataclass(frozen=True, slots=True)
class Room:
    """A hard cap, and what of it is spent and held by routers in its present window."""

    cap: Cap
    limit_usd: Decimal
    spent_usd: Decimal
    held_usd: Decimal
    others: int  # other routers that hold some of it now
    resets_at: datetime | None

    @property
    def remaining_usd(self) -> Decimal:
        """What may still be leased; below zero where more is spent and held than the limit."""
        return self.limit_usd - self.spent_usd - self.held_usd


def scopes_above(scope: Scope) -> Q:
    """Select the scope itself and every scope that counts what it spends."""
    unit = unit_of(scope)
    above = [] if unit is None else [int(pk) for pk in unit.path.strip("/").split("/")]
    return Q(pk=scope.pk) | Q(slug=ORG) | Q(unit__in=above)


def hard_caps(scopes: Iterable[Scope], *, today: Today) -> list[Cap]:
    """Return the hard caps in force on scopes from which money is leased, shortest window first.

    Caps of a minute and an hour are none of them: a lease would end with each, and stop
    everybody for its skew. The breaker keeps those, by what was spent.
    """
    found = caps_in_force(on=today.on).filter(
        scope__in=list(scopes), mode=Cap.Mode.HARD, window__in=LEASED_WINDOWS
    )
    return list(found.select_related("scope__unit", "scope__cost_object__unit", "set_by__person"))


def room_under(found: Sequence[Cap], *, today: Today, at: datetime, asker: str = "") -> list[Room]:
    """Return how much room each cap leaves, in one statement for all of them."""
    if not found:
        return []
    sql, values = room_sql(found, today=today, at=at, asker=asker)
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows = {row[0]: row[1:] for row in cursor.fetchall()}
    return [_room(cap, rows[cap.pk], today=today) for cap in found]


def _room(cap: Cap, figures: Sequence[Any], *, today: Today) -> Room:
    limit_usd, spent_usd, held_usd, others = figures
    resets_at = reset_of(cap, today=today)
    return Room(cap, limit_usd, spent_usd, held_usd, others, resets_at)


def room_sql(
    found: Sequence[Cap], *, today: Today, at: datetime, asker: str = ""
) -> tuple[str, Mapping[str, Any]]:
    """Return the query that `room_under` asks, for statements that decide by it."""
    parts: list[str] = []
    values: dict[str, Any] = {"at": at, "asker": asker}
    for n, cap in enumerate(found):
        kind, of = _counted_by(cap.scope)
        window = caps.window_of(window_name(cap), today.on, today.period)
        mark = f"%(of_{n})s"
        spent, leased = (each[kind].format(of=mark) for each in (_SPENT, _LEASED))
        parts.append(_ROOM.format(n=n, spent=spent, leased=leased))
        values |= {
            f"cap_{n}": cap.pk,
            f"limit_{n}": limit_in_force(cap, at=today.at),
            f"from_{n}": window.start if window else cap.starts_on,
            f"before_{n}": window.end if window else _FOREVER,
            f"of_{n}": of,
        }
    return " UNION ALL ".join(parts), values


def _counted_by(scope: Scope) -> tuple[str, Any]:
    if scope.cost_object_id is not None:
        return "object", scope.cost_object_id
    if scope.unit is not None:
        return "unit", scope.unit.path
    return "all", None


def tightest(rooms: Iterable[Room]) -> Room:
    """Return the cap that leaves the least; of equal ones the one that holds longest."""

    def leaves(room: Room) -> tuple[Decimal, float]:
        lasts = float("inf") if room.resets_at is None else room.resets_at.timestamp()
        return room.remaining_usd, -lasts

    return min(rooms, key=leaves)
