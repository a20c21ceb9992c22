"""What caps have against a call: no lease could cover it, none is held, the server denies one."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from tokenops_sidecar.blocks import LEASE_RETRY_S
from tokenops_sidecar.case import MONEY, Case, Objection
from tokenops_sidecar.counters import Denial, Purse
from tokenops_sidecar.decision import LEASE
from tokenops_sidecar.policy import Scope

_EMPTY = Purse(Decimal(0))


def is_affordable(scope: Scope, case: Case) -> bool:
    """Test whether a lease could cover the call: no more than a whole cap, and known."""
    usd, smallest_usd = case.usd, scope.smallest_cap_usd
    return usd is not None and (smallest_usd is None or 0 < smallest_usd >= usd)


def unaffordable(scope: Scope, case: Case) -> Iterator[Objection]:
    """Refuse what no lease could ever cover: more than a whole cap, or nobody knows how much."""
    usd = case.usd
    if usd is None:
        text = (
            f"Nothing says what {case.call.provider}/{case.call.model} costs, and what {scope.name}"
            " spends is limited: give the model a tier and a price, or say most_usd with the call."
        )
        yield Objection(scope, "unpriced", text)
        return
    for cap in scope.hard_caps:
        if not cap.limit_usd or usd > cap.limit_usd:
            text = (
                f"The call can cost {usd:f} USD, and the cap of {scope.name} is"
                f" {cap.limit_usd:f} USD ({cap.window})."
            )
            yield Objection(scope, f"{MONEY}{cap.window}", text, cap.resets_at, cap=cap.id)


def unleased(home: Scope, case: Case, path: Sequence[Scope]) -> Iterator[Objection]:
    """Ask for money on lease; while stale, `when_stale` of the scopes stands in for it."""
    purse = case.counters.purses.get(home.id, _EMPTY)
    if case.usd is None or purse.free_usd >= case.usd:
        return
    refusal = purse.refusal
    if refusal is not None and (refusal.until is None or case.now < refusal.until):
        yield _denied(refusal, home, path)
    elif not case.is_stale:
        text = f"The call can cost {case.usd:f} USD, and {home.name} has no more on lease here yet."
        yield Objection(home, LEASE, text, None, "queue", LEASE_RETRY_S)


def _denied(refusal: Denial, home: Scope, path: Sequence[Scope]) -> Objection:
    """Tell the server's word as that of the scope whose cap it was."""
    if refusal.code:
        return Objection(home, refusal.code, refusal.text, refusal.until)
    for scope in path:
        for cap in scope.hard_caps:
            if cap.id == refusal.cap:
                code = f"{MONEY}{cap.window}"
                return Objection(scope, code, refusal.text, refusal.until, cap=cap.id)
    return Objection(home, f"{MONEY}reached", refusal.text, refusal.until, cap=refusal.cap)
