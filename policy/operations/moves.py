"""Writing a breaker's move down: the scope as it stands now, and the step that led there.

The scope is locked by the caller. Nothing else assigns its state.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from finops.breaker import Move, Watch
from org.models import User
from policy.lifecycle import ScopeEvent, ScopeState, state_after
from policy.models import Cap, Guard, Scope, ScopeStep
from policy.models.guards import PROBE_CALLS
from policy.operations.probes import open_probe

_WATCH = ("calm_since", "below_since", "loss_since")
_STANDING = (
    "state",
    "epoch",
    "since",
    "reason_code",
    "reason_text",
    "until",
    "held_by",
    "reached_cap",
    "cooling_code",
    "cool_down_s",
    *_WATCH,
)
_ONE_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a scope moves; the fields of its reason in the policy document.

    `cool_down_s` is for how long a block lasts that ends in a test of some calls.
    """

    code: str
    text: str
    until: datetime | None = None
    by: User | None = None
    cap: Cap | None = None
    spent_usd: Decimal | None = None
    cooling_code: str = ""
    cool_down_s: int | None = None


def reason_of(move: Move, text: str, *, cap: Cap | None, spent_usd: Decimal | None) -> Reason:
    """Return the reason of a move that the breaker made by itself."""
    cooling = move.cooling
    return Reason(
        code=move.code,
        text=text,
        until=move.until,
        cap=cap,
        spent_usd=spent_usd,
        cooling_code=cooling.code if cooling else "",
        cool_down_s=cooling.lasts // _ONE_SECOND if cooling else None,
    )


def move_scope(
    scope: Scope, event: ScopeEvent, *, reason: Reason, at: datetime, guard: Guard | None = None
) -> ScopeStep:
    """Move a locked scope, and remember the move; a test of calls is opened with it."""
    before = ScopeState(scope.state)
    after = state_after(before, event)
    _stand(scope, after, reason, at=at)
    if after == ScopeState.HALF_OPEN and reason.until is not None:
        calls = guard.probe_calls if guard else PROBE_CALLS
        open_probe(scope=scope, calls=calls, until=reason.until, at=at)
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


def keep_watch_of(scope: Scope, watch: Watch) -> None:
    """Remember since when readings have been so, where that changed."""
    now = (watch.calm_since, watch.below_since, watch.loss_since)
    if now == tuple(getattr(scope, name) for name in _WATCH):
        return
    scope.calm_since, scope.below_since, scope.loss_since = now
    scope.save(update_fields=_WATCH)


def _stand(scope: Scope, state: ScopeState, reason: Reason, *, at: datetime) -> None:
    runs = state == ScopeState.CLOSED
    scope.state, scope.epoch, scope.since = state, scope.epoch + 1, at
    scope.reason_code = "" if runs else reason.code
    scope.reason_text = "" if runs else reason.text
    scope.until = None if runs else reason.until
    scope.held_by = reason.by if state == ScopeState.OPEN else None
    scope.reached_cap = reason.cap if state == ScopeState.OPEN else None
    scope.cooling_code, scope.cool_down_s = reason.cooling_code, reason.cool_down_s
    if state == ScopeState.OPEN or runs:
        # What was measured before says nothing of the calls that pass after.
        scope.calm_since = scope.below_since = scope.loss_since = None
    scope.save(update_fields=_STANDING)
