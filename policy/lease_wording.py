"""The sentences that say why no money is leased."""

from decimal import Decimal

from policy.models import Scope
from policy.queries.lease_room import Room
from policy.wording import cap_name, dollars, instant


def nothing_left(room: Room, *, least_usd: Decimal) -> str:
    """Return why a cap leaves nothing to lease, or less than the call at hand may cost."""
    limit = f"the {cap_name(room.cap)} of {dollars(room.limit_usd)} of {room.cap.scope}"
    taken = f"{dollars(room.spent_usd)} spent and {dollars(room.held_usd)} held by routers"
    if room.remaining_usd <= 0:
        return f"Nothing is left of {limit}: {taken}."
    if least_usd > room.remaining_usd:
        left, needs = _precise(room.remaining_usd), _precise(least_usd)
        return f"{left} is left of {limit}, and the call may cost {needs}: {taken}."
    return f"Too little is left of {limit} to be leased: {taken}."


def starts_anew(room: Room) -> str:
    """Return why nothing is leased in the last seconds of a cap's window."""
    name = cap_name(room.cap)
    if room.resets_at is None:
        raise ValueError(f"The {name} never starts anew.")
    return f"The {name} of {room.cap.scope} starts anew at {instant(room.resets_at)}: ask then."


def blocked(scope: Scope) -> str:
    return f"{scope.name} is blocked: {scope.reason_text}"


def _precise(usd: Decimal) -> str:
    """Return dollars with as many decimals as a single call's cost needs, and no fewer than two."""
    text = f"{usd.quantize(Decimal('0.000001')):f}".rstrip("0")
    whole, _, decimals = text.partition(".")
    return f"${whole}.{decimals.ljust(2, '0')}"
