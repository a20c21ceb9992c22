"""The breaker: the one door through which the state of a scope moves.

Locks are always taken in this order, so that no two transactions wait for each other:
the audit chain, the scopes by id, the publication. Whoever stored spend before calling
`judge` holds its unit days already, which nothing here locks.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from finops.breaker import step, warnings
from finops.breaker_readings import CAP_CODES
from finops.breaker_states import LOOP
from org import audit
from org.models import CostObject, Unit, User
from org.refusals import FieldError, Invalid, NotAllowed, NotThere
from policy.lifecycle import NotPossible, ScopeEvent, ScopeState
from policy.models import Guard, Scope, ScopeStep
from policy.operations.moves import Reason, keep_watch_of, move_scope, reason_of
from policy.operations.publish import publish
from policy.operations.warnings import tell_of_block, warn
from policy.permissions import can_stop_scope
from policy.queries.readings import Assessor, standing_of
from policy.wording import blocked_by_hand, move_in_words

ORG = "org"


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
    """Lock the live scopes that `which` selects and bring their states up to what is measured."""
    scopes = list(_locked(which))
    if not scopes:
        return []
    assessor = Assessor(scopes, at=at)
    steps = [_judge_one(scope, assessor) for scope in scopes]
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
    reason = Reason(code=code, text=blocked_by_hand(text=text.strip(), by=by), until=until, by=by)
    step = move_scope(locked, ScopeEvent.BLOCK, reason=reason, at=at)
    publish(cause=f"{locked.name} blocked: {text.strip()}", by=by, at=at)
    return step


@transaction.atomic
def unblock(*, scope: Scope, by: User | None, at: datetime, reason: str = "") -> list[ScopeStep]:
    """Lift the block of a person and publish it; caps that are reached block again at once.

    What a loop or a margin blocked can be lifted the same way, before it has cooled down.
    """
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
    lifted = move_scope(locked, ScopeEvent.UNBLOCK, reason=Reason("unblocked", words, by=by), at=at)
    again = judge_scopes(Q(pk=locked.pk), at=at)
    publish(cause=f"{locked.name} unblocked: {words}", by=by, at=at)
    return [lifted, *again]


@transaction.atomic
def report_signal(
    *, scope: Scope, code: str, detail: Mapping[str, Any], sidecar: str, at: datetime
) -> list[ScopeStep]:
    """Trip a scope on a router's word that its calls repeat themselves, and publish it.

    Only a scope whose guard names a loop's signature is tripped so; one that is blocked
    already stays as it is.
    """
    if code != LOOP:
        raise Invalid.of("code", f"Routers report a {LOOP}, not {code!r}.")
    is_guarded = scope.guards.filter(retired_at__isnull=True, loop_calls__isnull=False).exists()
    if not is_guarded or scope.state == ScopeState.OPEN:
        return []
    told = {"code": code, "sidecar": sidecar, **detail}
    audit.record(actor=None, action="policy.signal", subject=scope.slug, at=at, detail=told)
    locked = _lock_one(scope)
    words = f"Router {sidecar} saw calls repeat themselves{_told(detail)}."
    step = _judge_one(locked, Assessor([locked], at=at), loop=words)
    publish(cause="", by=None, at=at)
    return [step] if step is not None else []


@transaction.atomic
def sweep_scopes(*, at: datetime) -> list[ScopeStep]:
    """Move what time moves: blocks that end, tests that are over, readings that lasted.

    Scopes are read first and only those locked that something changes for, so that usage
    which comes in meanwhile does not wait for all the others.
    """
    guarded = Exists(Guard.objects.filter(scope=OuterRef("pk"), retired_at__isnull=True))
    live = Scope.objects.filter(~Q(state=ScopeState.CLOSED) | guarded, retired_at__isnull=True)
    scopes = list(live.select_related("unit", "cost_object__unit").order_by("pk"))
    if not scopes:
        return []
    assessor = Assessor(scopes, at=at)
    restless = [scope.pk for scope in scopes if _would_change(scope, assessor)]
    return judge_scopes(Q(pk__in=restless), at=at) if restless else []


def is_held_by_cap(scope: Scope) -> bool:
    """Test whether a cap blocks the scope, and not a person or the end of an experiment."""
    return standing_of(scope).is_held_by_cap


def _would_change(scope: Scope, assessor: Assessor) -> bool:
    found = assessor.assess(scope)
    case = (found.standing, found.readings, found.terms, assessor.at)
    return (
        found.standing.watch != standing_of(scope).watch
        or step(*case) is not None
        or bool(warnings(*case))
    )


def _judge_one(scope: Scope, assessor: Assessor, *, loop: str = "") -> ScopeStep | None:
    """Move a locked scope where it has to; `loop` is what a router said of one."""
    at, today = assessor.at, assessor.today
    found = assessor.assess(scope, is_loop=bool(loop))
    case = (found.standing, found.readings, found.terms, at)
    warn(scope, warnings(*case), found, today=today, loop=loop)
    keep_watch_of(scope, found.standing.watch)
    move = step(*case)
    if move is None:
        return None
    text = move_in_words(move, found, today=today, loop=loop)
    reached = found.reached if move.cap is not None else None
    reason = reason_of(
        move,
        text,
        cap=reached.cap if reached else None,
        spent_usd=reached.verdict.spent_usd if reached else None,
    )
    event = ScopeEvent(move.event)
    moved = move_scope(scope, event, reason=reason, at=at, guard=found.guard)
    tell_of_block(scope, moved, at=at)
    return moved


def _told(detail: Mapping[str, Any]) -> str:
    """Return what a router said beside its signal, in brackets."""
    parts = [f"{name} {value}" for name, value in sorted(detail.items())]
    return f" ({', '.join(parts)})" if parts else ""


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
