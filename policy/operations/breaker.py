"""The breaker: the one door through which the state of a scope moves.

Locks are always taken in this order, so that no two transactions wait for each other:
the audit chain, the scopes by id, the publication. Whoever stored spend before calling
`judge` holds its unit days already, which nothing here locks.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Q

from org import audit
from org.models import CostObject, Unit, User
from org.refusals import FieldError, Invalid, NotAllowed, NotThere
from policy.lifecycle import NotPossible, ScopeEvent, ScopeState, state_after
from policy.models import Cap, Scope, ScopeStep
from policy.operations.publish import publish
from policy.permissions import can_stop_scope
from policy.queries.meters import Reading, Today, binding, read_meters, today_at
from policy.wording import blocked_by_hand, cap_code, cap_reached

ORG = "org"
CAP_CODES = "cap_"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a scope moves; the fields of its reason in the policy document."""

    code: str
    text: str
    until: datetime | None = None
    by: User | None = None
    cap: Cap | None = None
    spent_usd: Decimal | None = None


@transaction.atomic
def judge(
    *, unit_ids: Iterable[int], cost_object_ids: Iterable[int], at: datetime
) -> list[ScopeStep]:
    """Judge every scope that this spend falls under, in the transaction that stored it.

    The scopes are locked before their meters are read: of two transactions that pass a
    cap only together, the second to get the lock reads the spend of the first.
    """
    touched = _touched_by(unit_ids=set(unit_ids), cost_object_ids=set(cost_object_ids))
    return judge_scopes(touched, at=at)


@transaction.atomic
def judge_scopes(which: Q, *, at: datetime) -> list[ScopeStep]:
    """Lock the live scopes that `which` selects and bring their states up to their caps."""
    scopes = list(_locked(which))
    if not scopes:
        return []
    today = today_at(at)
    steps = [_judge_one(scope, today=today, at=at) for scope in scopes]
    return [step for step in steps if step is not None]


@transaction.atomic
def block(
    *,
    scope: Scope,
    code: str,
    text: str,
    by: User | None,
    at: datetime,
    until: datetime | None = None,
) -> ScopeStep:
    """Block a scope at once, whatever its caps say, and publish it.

    It stays blocked until somebody lifts it, or until `until`. Without a person it is
    the product's own doing, such as an experiment that came to its end.
    """
    _check_may_stop(by, scope)
    _check_block(code=code, text=text, until=until, at=at)
    audit.record(
        actor=by,
        action="policy.blocked",
        subject=scope.slug,
        at=at,
        detail={"code": code, "text": text, "until": until},
    )
    locked = _lock_one(scope)
    locked.held_by = by
    reason = Reason(code=code, text=blocked_by_hand(text=text.strip(), by=by), until=until, by=by)
    step = _move(locked, ScopeEvent.BLOCK, reason=reason, at=at)
    publish(cause=f"{locked.name} blocked: {text.strip()}", by=by, at=at)
    return step


@transaction.atomic
def unblock(*, scope: Scope, by: User | None, at: datetime, reason: str = "") -> list[ScopeStep]:
    """Lift the block of a person and publish it; caps that are reached block again at once."""
    _check_may_stop(by, scope)
    audit.record(
        actor=by, action="policy.unblocked", subject=scope.slug, at=at, detail={"reason": reason}
    )
    locked = _lock_one(scope)
    if is_held_by_cap(locked):
        raise NotPossible(
            f"{locked.name} is blocked by its cap, not by a person:"
            " it runs again when the cap is raised or its time has come."
        )
    words = reason.strip() or "Block lifted."
    lifted = _move(locked, ScopeEvent.UNBLOCK, reason=Reason("unblocked", words, by=by), at=at)
    again = judge_scopes(Q(pk=locked.pk), at=at)
    publish(cause=f"{locked.name} unblocked: {words}", by=by, at=at)
    return [lifted, *again]


@transaction.atomic
def sweep_scopes(*, at: datetime) -> list[ScopeStep]:
    """Let blocked scopes run again whose time has come or whose cap is no longer reached."""
    return judge_scopes(Q(state=ScopeState.OPEN), at=at)


def is_held_by_cap(scope: Scope) -> bool:
    """Test whether a cap blocks the scope, and not a person or the end of an experiment."""
    return scope.state == ScopeState.OPEN and scope.reason_code.startswith(CAP_CODES)


def _judge_one(scope: Scope, *, today: Today, at: datetime) -> ScopeStep | None:
    is_open = scope.state == ScopeState.OPEN
    time_is_up = is_open and scope.until is not None and scope.until <= at
    if is_open and not is_held_by_cap(scope) and not time_is_up:
        return None  # A block by hand outlasts any cap.
    reached = binding(read_meters(scope, today=today))
    if reached is not None:
        return _trip(scope, reached, today=today, at=at)
    if time_is_up:
        reason = Reason("time_up", "The time of the block has passed.")
        return _move(scope, ScopeEvent.TIME_UP, reason=reason, at=at)
    if is_open:
        reason = Reason("below_cap", "Spend is below every hard cap again.")
        return _move(scope, ScopeEvent.BELOW_CAP, reason=reason, at=at)
    return None


def _trip(scope: Scope, reached: Reading, *, today: Today, at: datetime) -> ScopeStep | None:
    if _is_tripped_by(scope, reached):
        return None  # Further spend over the same cap changes nothing that a router must do.
    scope.held_by = None
    reason = Reason(
        code=cap_code(reached.cap),
        text=cap_reached(reached, today=today),
        until=reached.resets_at,
        cap=reached.cap,
        spent_usd=reached.verdict.spent_usd,
    )
    return _move(scope, ScopeEvent.TRIP, reason=reason, at=at)


def _is_tripped_by(scope: Scope, reached: Reading) -> bool:
    if not is_held_by_cap(scope) or scope.until != reached.resets_at:
        return False
    last = scope.steps.order_by("-pk").first()
    return last is not None and last.cap_id == reached.cap.pk


def _move(scope: Scope, event: ScopeEvent, *, reason: Reason, at: datetime) -> ScopeStep:
    """Move a locked scope, and remember the move."""
    before = ScopeState(scope.state)
    after = state_after(before, event)
    is_open = after == ScopeState.OPEN
    scope.state, scope.epoch, scope.since = after, scope.epoch + 1, at
    scope.reason_code = reason.code if is_open else ""
    scope.reason_text = reason.text if is_open else ""
    scope.until = reason.until if is_open else None
    scope.held_by = scope.held_by if is_open else None
    scope.save(
        update_fields=[
            "state",
            "epoch",
            "since",
            "reason_code",
            "reason_text",
            "until",
            "held_by",
        ]
    )
    return ScopeStep.objects.create(
        scope=scope,
        from_state=before,
        to_state=after,
        epoch=scope.epoch,
        code=reason.code,
        text=reason.text,
        at=at,
        by=reason.by,
        cap=reason.cap,
        spent_usd=reason.spent_usd,
    )


def _touched_by(*, unit_ids: set[int], cost_object_ids: set[int]) -> Q:
    owners = CostObject.objects.filter(pk__in=cost_object_ids).values_list("unit_id", flat=True)
    paths = Unit.objects.filter(pk__in=unit_ids | set(owners)).values_list("path", flat=True)
    above = {int(pk) for path in paths for pk in path.strip("/").split("/")}
    return Q(slug=ORG) | Q(unit__in=above) | Q(cost_object__in=cost_object_ids)


def _locked(which: Q) -> Iterable[Scope]:
    live = Scope.objects.filter(which, retired_at__isnull=True)
    related = live.select_related("unit", "cost_object__unit")
    return related.order_by("pk").select_for_update(of=("self",))


def _lock_one(scope: Scope) -> Scope:
    locked = next(iter(_locked(Q(pk=scope.pk))), None)
    if locked is None:
        raise NotThere(f"{scope.name} is no longer a scope of the policy.")
    return locked


def _check_block(*, code: str, text: str, until: datetime | None, at: datetime) -> None:
    if code.startswith(CAP_CODES):
        raise Invalid(f"The code {code} is kept for caps: a block by hand needs another one.")
    if not text.strip():
        problem = FieldError("/reason", "Say in a few words why: routers show it to callers.")
        raise Invalid("A block needs a reason.", errors=[problem])
    if until is not None and until <= at:
        raise Invalid("A block must end after it starts.")


def _check_may_stop(by: User | None, scope: Scope) -> None:
    if by is not None and not can_stop_scope(by, scope=scope):
        raise NotAllowed(f"Stopping {scope.name} needs the role engineer, GM or CFO there.")
