"""The kill switch: whoever is on call blocks a scope at once, and says why when there is time."""

import re
from datetime import datetime

from django.db import transaction

from org import audit
from org.models import Unit, User
from org.permissions import can_see_company
from org.refusals import Invalid, NotAllowed, NotThere, Refusal
from policy.lifecycle import ScopeState
from policy.models import ForcedBlock, Scope
from policy.operations.breaker import block
from policy.operations.publish import publish
from policy.operations.unit_scopes import ensure_company_scope, ensure_unit_scope
from policy.permissions import can_stop_scope, scopes_visible_to
from policy.queries.content import ORG, slug_of
from policy.wording import blocked_by_hand

KILL_SWITCH = "kill_switch"
_CODE = re.compile(r"[a-z][a-z0-9_]{1,39}")
# What the product itself says of a block; a person who said it would be taken for a machine.
_OWN_CODES = ("cap_", "rate_", "loop", "margin", "trip_test")
MOST_REASON = 200


@transaction.atomic
def force_block(
    *, scope: Scope, reason: str = "", code: str = KILL_SWITCH, by: User, at: datetime
) -> ForcedBlock:
    """Block the scope until somebody lifts it; without a reason, one is owed from now on."""
    _check_code(code)
    words = _checked(reason)
    text = words or "Stopped by hand; the reason will follow."
    step = block(scope=scope, code=code, text=text, by=by, at=at)
    return ForcedBlock.objects.create(
        scope=scope,
        step=step,
        by=by,
        at=at,
        reason=words,
        reason_by=by if words else None,
        reason_at=at if words else None,
    )


@transaction.atomic
def give_reason(*, forced_id: int, reason: str, by: User, at: datetime) -> ForcedBlock:
    """Say why a scope was blocked; while the block holds, routers tell it to whoever is refused."""
    forced = ForcedBlock.objects.select_for_update(of=("self",)).select_related(
        "scope", "step", "by__person"
    )
    found = forced.filter(pk=forced_id).first()
    if found is None:
        raise NotThere("There is no such block.")
    if not can_stop_scope(by, scope=found.scope):
        raise NotAllowed(f"The reason is given by an engineer, GM or CFO of {found.scope.name}.")
    if found.reason:
        raise Refusal(f"{found.reason_by} gave the reason already: {found.reason}")
    words = _checked(reason)
    if not words:
        raise Invalid.of("reason", "Say in a few words why: routers show it to callers.")
    found.reason, found.reason_by, found.reason_at = words, by, at
    found.save(update_fields=["reason", "reason_by", "reason_at"])
    audit.record(
        actor=by,
        action="policy.block_explained",
        subject=found.scope.slug,
        at=at,
        detail={"block": found.pk, "blocked_at": found.at, "reason": words},
    )
    if _still_holds(found):
        text = blocked_by_hand(text=words, by=found.by)
        Scope.objects.filter(pk=found.scope_id).update(reason_text=text)
        publish(cause=f"Why {found.scope.name} is blocked: {words}", by=by, at=at)
    return found


@transaction.atomic
def scope_to_stop(slug: str, *, by: User, at: datetime) -> Scope:
    """Return the scope of this name; a unit or the company that has none yet gets one.

    Raises NotThere for what is not there or not for this person's eyes, NotAllowed for
    what she may see and not stop.
    """
    found = scopes_visible_to(by).filter(slug=slug).first() or _put(slug, by=by, at=at)
    if not can_stop_scope(by, scope=found):
        raise NotAllowed(f"Stopping {found.name} needs the role engineer, GM or CFO there.")
    return found


def _put(slug: str, *, by: User, at: datetime) -> Scope:
    if slug == ORG and can_see_company(by):
        return ensure_company_scope(at=at)
    seen = Unit.objects.visible_to(by).filter(retired_on__isnull=True)
    unit = next((each for each in seen if slug_of(each) == slug), None)
    if unit is None:
        raise NotThere(f"There is no scope {slug}.")
    return ensure_unit_scope(unit=unit, at=at)


def _still_holds(forced: ForcedBlock) -> bool:
    """Test, under the scope's lock, whether no step followed the one that blocked it."""
    scope = Scope.objects.select_for_update().get(pk=forced.scope_id)
    return scope.state == ScopeState.OPEN and scope.epoch == forced.step.epoch


def _checked(reason: str) -> str:
    words = " ".join(reason.split())
    if len(words) > MOST_REASON:
        raise Invalid.of("reason", f"A reason is {MOST_REASON} characters at most.")
    return words


def _check_code(code: str) -> None:
    if not _CODE.fullmatch(code) or code.startswith(_OWN_CODES):
        raise Invalid.of(
            "code",
            f"{code!r} is no code for a block by hand: write one in small letters, digits and"
            " underscores that does not begin with " + ", ".join(_OWN_CODES) + ".",
        )
