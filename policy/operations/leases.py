"""Leases: dollars of hard caps, debited before a router makes the calls that cost them.

A grant locks the scopes that it is debited from, in the breaker's order, and only then reads
what is spent and held: of two that fit only one by one, the second sees the first.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Q

from finops.leases import lease_size
from org.models import User
from org.refusals import Invalid, NotThere, Refusal
from policy.lease_terms import LARGEST_USD, SKEW, TTL
from policy.lease_wording import blocked, nothing_left, starts_anew
from policy.lifecycle import ScopeState
from policy.models import Cap, Lease, Scope
from policy.models.leases import new_public_id
from policy.permissions import scopes_visible_to
from policy.queries.lease_room import (
    Room,
    hard_caps,
    room_sql,
    room_under,
    scopes_above,
    tightest,
)
from policy.queries.meters import Today, cap_code, today_at

PREFIX = "cap:"
# A sum that was there when it was read can be spent, unleased, before the lease is written.
_ATTEMPTS = 5
_INSERT = """
INSERT INTO policy_lease
  (public_id, sidecar, taken_by_id, scope_id, cap_id, epoch, granted_usd, used_usd, metered_usd,
   unmetered_usd, sequence, is_final, granted_on, granted_at, expires_at, written_off_reason,
   written_off_usd)
SELECT %(public_id)s, %(sidecar)s, %(by)s, %(scope)s, %(cap)s, %(epoch)s, %(usd)s, 0, 0, 0, 0,
       FALSE, %(today)s, %(at)s, %(expires_at)s, '', 0
WHERE NOT EXISTS (
  SELECT FROM ({room}) r WHERE r.spent_usd + r.held_usd + %(usd)s > r.limit_usd)
RETURNING *
"""


class NothingLeft(Refusal):
    """No money can be leased; the members name the cap, its scope and when it starts anew."""

    title = "Nothing left to lease"


@dataclass(frozen=True, slots=True)
class LeaseAsked:
    """What a router asks for; `least_usd` is what the call at hand may cost."""

    sidecar: str
    cap: str
    usd: Decimal
    least_usd: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Granted:
    """A lease, and what may still be leased under the tightest cap after it."""

    lease: Lease
    remaining_usd: Decimal


@dataclass(frozen=True, slots=True)
class _Counter:
    """Where one grant is made: the locked home scope, and the hard caps over it."""

    home: Scope
    asked: Cap
    caps: list[Cap]
    today: Today


@transaction.atomic
def grant_lease(*, asked: LeaseAsked, by: User, at: datetime) -> Granted:
    """Lease dollars under a hard cap and every hard cap above it, or raise NothingLeft."""
    _check(asked)
    counter = _counter(asked, by=by, at=at)
    for _ in range(_ATTEMPTS):
        rooms = room_under(counter.caps, today=counter.today, at=at, asker=asked.sidecar)
        usd = _size(rooms, asked)
        if not usd:
            break
        expires_at = _expiry(rooms, at=at)
        lease = _write(counter, asked, usd=usd, expires_at=expires_at, by=by, at=at)
        if lease is not None:
            return Granted(lease, tightest(rooms).remaining_usd - usd)
    room = tightest(rooms)
    raise _refusal(room, nothing_left(room, least_usd=asked.least_usd))


def _check(asked: LeaseAsked) -> None:
    if not asked.sidecar.strip():
        raise Invalid.of("sidecar", "Say which sidecar asks: a lease is one router's own.")
    if asked.usd <= 0:
        raise Invalid.of("usd", f"A lease is of more than zero dollars, not {asked.usd:f}.")
    if not 0 <= asked.least_usd <= asked.usd:
        raise Invalid.of(
            "least_usd",
            f"The least that helps lies between 0 and the {asked.usd:f} dollars asked for,"
            f" not at {asked.least_usd:f}.",
        )


def _counter(asked: LeaseAsked, *, by: User, at: datetime) -> _Counter:
    """Lock the scope of the cap and those above, and return it with the caps that bind it."""
    scope, today = _scope_of(asked.cap, by=by), today_at(at)
    # From here on everybody else who leases under the same scopes waits.
    locked = _lock(scopes_above(scope))
    home = next((each for each in locked if each.pk == scope.pk), None)
    # What is protected keeps its own reserve, and does not stop for what is above it.
    binding = [home] if home is not None and home.protected else locked
    found = hard_caps(binding, today=today)
    own = [each for each in found if each.scope_id == scope.pk]
    if home is None or not own:
        raise NotThere(f"{scope.name} has no hard cap in force today, so nothing is leased of it.")
    # A router may not have heard yet that the cap it names was replaced.
    cap = next((each for each in own if each.public_id == asked.cap), own[0])
    _refuse_blocked(binding, cap)
    return _Counter(home, cap, found, today)


def _scope_of(public_id: str, *, by: User) -> Scope:
    number = public_id.removeprefix(PREFIX)
    is_one = public_id.startswith(PREFIX) and number.isascii() and number.isdecimal()
    if not is_one or len(number) > 18:  # noqa: PLR2004 -- fits the column
        raise Invalid.of("cap", f"A cap is named as the policy does, cap:17, not {public_id!r}.")
    scope = scopes_visible_to(by).filter(caps=int(number)).first()
    if scope is None:
        raise NotThere(f"There is no cap {public_id}, or not for you.")
    return scope


def _lock(which: Q) -> list[Scope]:
    live = Scope.objects.filter(which, retired_at__isnull=True)
    related = live.select_related("unit", "cost_object__unit")
    return list(related.order_by("pk").select_for_update(of=("self",)))


def _refuse_blocked(scopes: list[Scope], cap: Cap) -> None:
    for scope in scopes:
        if scope.state == ScopeState.OPEN:
            members = {"cap": cap.public_id, "scope": scope.slug, "code": scope.reason_code}
            until = scope.until.isoformat() if scope.until else None
            raise NothingLeft(blocked(scope), extra={**members, "resets_at": until})


def _size(rooms: list[Room], asked: LeaseAsked) -> Decimal:
    return min(
        lease_size(
            remaining_usd=room.remaining_usd,
            asked_usd=asked.usd,
            least_usd=asked.least_usd,
            routers=room.others + 1,
            largest_usd=LARGEST_USD,
        )
        for room in rooms
    )


def _expiry(rooms: list[Room], *, at: datetime) -> datetime:
    """Return when the lease ends: none outlives the window of a cap that it is debited from."""
    for room in rooms:
        if room.resets_at is not None and room.resets_at - at <= SKEW:
            raise _refusal(room, starts_anew(room))
    return min([at + TTL, *(room.resets_at for room in rooms if room.resets_at is not None)])


def _write(
    counter: _Counter,
    asked: LeaseAsked,
    *,
    usd: Decimal,
    expires_at: datetime,
    by: User,
    at: datetime,
) -> Lease | None:
    """Write the lease if every cap has room for it at this very statement; else None."""
    room, values = room_sql(counter.caps, today=counter.today, at=at, asker=asked.sidecar)
    sql = _INSERT.format(room=room)
    more = {
        "public_id": new_public_id(),
        "sidecar": asked.sidecar,
        "by": by.pk,
        "scope": counter.home.pk,
        "cap": counter.asked.pk,
        "epoch": counter.home.epoch,
        "usd": usd,
        "today": counter.today.on,
        "expires_at": expires_at,
    }
    # Everybody else under these caps waits meanwhile, so what was written is not read again.
    return next(iter(Lease.objects.raw(sql, {**values, **more})), None)


def _refusal(room: Room, words: str) -> NothingLeft:
    return NothingLeft(
        words,
        extra={
            "cap": room.cap.public_id,
            "scope": room.cap.scope.slug,
            "code": cap_code(room.cap),
            "resets_at": room.resets_at.isoformat() if room.resets_at else None,
            "limit_usd": f"{room.limit_usd:f}",
            "spent_usd": f"{room.spent_usd:f}",
            "held_usd": f"{room.held_usd:f}",
        },
    )
