"""A trip: when a breaker stopped or slowed its calls, by what, and what came of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from finops.periods import reporting_day
from ingestion.queries.calls import KeySpend, Made, Owner, last_calls, spend_by_key
from org.models import AuditEntry, Company
from policy.document import content_of
from policy.lifecycle import ScopeState
from policy.models import Cap, PolicyRevision, Scope, ScopeStep
from policy.refusal_body import Refused, refused_by

SHOWN_CALLS, SHOWN_KEYS = 10, 3
# Of revisions since an instant the first whose bytes hold a text; few are read, for it is near.
_FIRST_WITH = """
SELECT number FROM policy_policyrevision
WHERE issued_at >= %(since)s AND position(%(text)s::bytea IN body) > 0
ORDER BY number LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Trip:
    """`step` stopped or slowed a scope; `ended` let it run again, None while it stands.

    `set_in` is the revision that brought the cap, `told_in` the one that told routers of
    the trip, `entry` what that one says of the scope.
    """

    step: ScopeStep
    ended: ScopeStep | None
    set_in: int | None
    told_in: int | None
    entry: dict[str, Any] | None

    @property
    def refused(self) -> Refused | None:
        """What routers told callers; None where none was told to refuse."""
        if self.entry is None or self.told_in is None:
            return None
        cap = self.step.cap.public_id if self.step.cap else ""
        return refused_by(self.entry, cap=cap, revision=self.told_in)


def trip_of(scope: Scope, *, step_id: int | None = None) -> Trip | None:
    """Return the scope's last trip, or the one that began with a step; None without any."""
    steps = scope.steps.select_related("by__person", "cap__set_by__person", "scope__unit")
    trips = steps.exclude(to_state=ScopeState.CLOSED).order_by("-at", "-pk")
    step = trips.filter(pk=step_id).first() if step_id is not None else trips.first()
    if step is None:
        return None
    later = steps.filter(epoch__gt=step.epoch, to_state=ScopeState.CLOSED).order_by("epoch")
    ended = later.first()
    told_in, entry = _told(scope, step, ended)
    return Trip(step, ended, _set_in(step.cap) if step.cap else None, told_in, entry)


def _told(
    scope: Scope, step: ScopeStep, ended: ScopeStep | None
) -> tuple[int | None, dict[str, Any] | None]:
    """Return the first revision after the trip that does not let the scope run."""
    after = PolicyRevision.objects.filter(issued_at__gte=step.at).order_by("number")
    if ended is not None:
        after = after.filter(issued_at__lt=ended.at)
    revision = after.first()
    if revision is None:
        return None, None
    entries = content_of(bytes(revision.body))["scopes"]
    entry = next((each for each in entries if each["id"] == scope.slug), None)
    tells = entry is not None and entry["state"] != ScopeState.CLOSED
    return (revision.number, entry) if tells else (None, None)


def _set_in(cap: Cap) -> int | None:
    """Return the revision by which routers first heard of a cap."""
    detail = {"window": cap.window, "mode": cap.mode, "limit_usd": str(cap.limit_usd)}
    set_at = (
        AuditEntry.objects.filter(
            action="policy.cap_set", subject=cap.scope.slug, detail__contains=detail
        )
        .order_by("pk")
        .values_list("at", flat=True)
        .first()
    )
    if set_at is None:
        return None
    text = f'"id":"{cap.public_id}"'.encode()
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_WITH, {"since": set_at, "text": text})
        found = cursor.fetchone()
    return found[0] if found else None


@dataclass(frozen=True, slots=True)
class Around:
    """The calls that led to an instant: the last of its day, and the keys they came by."""

    calls: list[Made]
    keys: list[KeySpend]


def calls_before(scope: Scope, *, at: datetime, here: Company) -> Around:
    """Return the last calls of the day up to an instant, and the keys that spent most."""
    owner, on = owner_of(scope), reporting_day(at, here.zone)
    return Around(
        last_calls(owner, on=on, until=at, most=SHOWN_CALLS),
        spend_by_key(owner, on=on, until=at, most=SHOWN_KEYS),
    )


def owner_of(scope: Scope) -> Owner:
    """Return whose calls a scope counts."""
    return Owner(unit=scope.unit, cost_object=scope.cost_object)
