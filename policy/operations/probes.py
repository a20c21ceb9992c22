"""Probes: the calls of a test, handed out to routers and never more of them than allowed."""

from datetime import datetime
from typing import NamedTuple

from django.db import connection

from org.refusals import Invalid
from policy.lifecycle import ScopeState
from policy.models import Probe, Scope
from policy.operations.leases import NothingLeft

PREFIX = "probe:"
# One statement: who comes second waits for the row, and then counts what the first one left.
_TAKE = """
WITH open AS (
  SELECT p.id, least(%(calls)s, p.calls - p.taken) AS granted
  FROM policy_probe p JOIN policy_scope s ON s.id = p.scope_id
  WHERE p.id = %(probe)s AND p.epoch = %(epoch)s AND p.until > %(at)s AND p.taken < p.calls
    AND s.state = %(state)s AND s.epoch = p.epoch AND s.retired_at IS NULL
  FOR UPDATE OF p
)
UPDATE policy_probe SET taken = taken + open.granted FROM open
WHERE policy_probe.id = open.id RETURNING open.granted
"""


def open_probe(*, scope: Scope, calls: int, until: datetime, at: datetime) -> Probe:
    """Set calls apart for the test that begins with the scope's present epoch."""
    return Probe.objects.create(
        scope=scope, epoch=scope.epoch, calls=calls, opened_at=at, until=until
    )


def take_calls(*, probe_id: str, calls: int, at: datetime) -> int:
    """Hand out up to so many calls of the test `probe:<number>:<epoch>`; 0 where none are left.

    None are left after its deadline, or once the scope has moved on.
    """
    if calls < 1:
        raise Invalid.of("calls", f"A lease of a test is of one call or more, not {calls}.")
    number, epoch = _parsed(probe_id)
    with connection.cursor() as cursor:
        cursor.execute(
            _TAKE,
            {
                "probe": number,
                "epoch": epoch,
                "calls": calls,
                "at": at,
                "state": ScopeState.HALF_OPEN,
            },
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0


class GrantedCalls(NamedTuple):
    """Calls of a test for one router, until when, and the epoch that the test belongs to."""

    granted_calls: int
    expires_at: datetime
    epoch: int


def lease_calls(*, probe_id: str, calls: int, at: datetime) -> GrantedCalls:
    """Hand out calls of a test as a lease; raises NothingLeft where none are left of it."""
    granted = take_calls(probe_id=probe_id, calls=calls, at=at)
    number, epoch = _parsed(probe_id)
    if not granted:
        words = "No calls of this test are left: it is judged by those that were made."
        raise NothingLeft(words, extra={"cap": probe_id, "resets_at": None, "code": "half_open"})
    return GrantedCalls(granted, Probe.objects.get(pk=number, epoch=epoch).until, epoch)


def _parsed(probe_id: str) -> tuple[int, int]:
    parts = probe_id.removeprefix(PREFIX).split(":")
    is_known = probe_id.startswith(PREFIX) and len(parts) == len(("number", "epoch"))
    if not is_known or not all(part.isascii() and part.isdecimal() for part in parts):
        raise Invalid.of("cap", f"{probe_id!r} is no test: its id looks like probe:7:3.")
    number, epoch = (int(part[:18]) for part in parts)
    return number, min(epoch, 2**31 - 1)
