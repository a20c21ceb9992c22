"""What a scope has against a call: blocks, throttles, staleness, money. Pure.

Nothing here counts anything: what is counted once the call is made stands in the tally.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from tokenops_sidecar.call import Call
from tokenops_sidecar.counters import Counters, Denial, Purse
from tokenops_sidecar.decision import LEASE, Outcome
from tokenops_sidecar.policy import Model, Policy, Scope, home_of

# Blocks with these codes are about money; what costs nothing is not meant by them.
MONEY = "cap_"
# The server is asked meanwhile, so the wait is short.
LEASE_RETRY_S = 0.2
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Objection:
    """What one scope has against a call, and what then is to be done with it."""

    scope: Scope
    code: str
    text: str
    until: datetime | None = None
    outcome: Outcome = "refuse"
    retry_after_s: float | None = None
    cap: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A call with everything it is judged by; `usd` is what it can cost, None where unknown."""

    call: Call
    model: Model | None
    usd: Decimal | None
    policy: Policy
    counters: Counters
    now: datetime

    @property
    def is_free(self) -> bool:
        return self.model is not None and self.model.is_free


def objections(case: Case, path: Sequence[Scope]) -> list[Objection]:
    """Return what the scopes have against the call, the innermost first; none allows it."""
    found: list[Objection] = []
    is_stale_now = is_stale(case.policy, case.counters, case.now)
    for scope in path:
        if scope.state in {"open", "half_open"}:
            found += _blocked(scope, case)
        if scope.when_stale.mode != "open" and (is_stale_now or not case.counters.can_record):
            found += _blind(scope, case, is_stale_now=is_stale_now)
        if not case.is_free and (scope.hard_caps or scope.when_stale.mode == "bucket"):
            found += _unaffordable(scope, case)
    home = home_of(path)
    if home is not None and case.usd:
        found += _unleased(home, case, path, is_stale_now=is_stale_now)
    return found


def is_stale(policy: Policy, counters: Counters, now: datetime) -> bool:
    """Test whether the policy was confirmed too long ago, or never."""
    if counters.confirmed_at is None:
        return True
    return now - counters.confirmed_at > timedelta(seconds=policy.stale_after_s)


def _blocked(scope: Scope, case: Case) -> Iterator[Objection]:
    reason = scope.reason
    if reason is not None and reason.code.startswith(MONEY) and case.is_free:
        return
    if scope.state == "open" and reason is not None:
        yield Objection(scope, reason.code, reason.text, reason.until)
    elif scope.state == "half_open":
        text = f"{scope.name} is being tested, and no call is set apart for it here."
        yield Objection(scope, "half_open", text)


def _blind(scope: Scope, case: Case, *, is_stale_now: bool) -> Iterator[Objection]:
    """Obey `when_stale` while the policy is not confirmed, or usage cannot be kept."""
    if not case.counters.can_record:
        text = f"Usage cannot be kept on this machine, and {scope.name} does not run uncounted."
        yield Objection(scope, "usage_not_kept", text)
    if not is_stale_now:
        return
    if scope.when_stale.mode == "closed":
        text = (
            f"The policy was not confirmed for more than {case.policy.stale_after_s} s, and"
            f" {scope.name} does not run without."
        )
        yield Objection(scope, "stale", text)
        return
    spent_usd, most_usd = case.counters.blind_usd.get(scope.id, _NOTHING), scope.when_stale.usd
    if spent_usd >= most_usd or spent_usd + (case.usd or 0) > most_usd:
        text = (
            f"Of the {most_usd} USD that {scope.name} may spend while the policy is not confirmed,"
            f" {max(most_usd - spent_usd, _NOTHING)} are left, and the call needs more."
        )
        yield Objection(scope, "stale_allowance_spent", text)


def _unaffordable(scope: Scope, case: Case) -> Iterator[Objection]:
    """Refuse what no lease could ever cover: more than a whole cap, or nobody knows how much."""
    call, usd = case.call, case.usd
    if usd is None:
        text = (
            f"Nothing says what {call.provider}/{call.model} costs, and what {scope.name} spends"
            " is limited: give the model a tier and a price, or say most_usd with the call."
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


def _unleased(
    home: Scope, case: Case, path: Sequence[Scope], *, is_stale_now: bool
) -> Iterator[Objection]:
    """Ask for money on lease; while stale, the allowance of the scope stands in for it."""
    purse = case.counters.purses.get(home.id) or Purse(_NOTHING)
    if case.usd is None or purse.free_usd >= case.usd:
        return
    refusal = purse.refusal
    if refusal is not None and (refusal.until is None or case.now < refusal.until):
        yield _denied(refusal, home, path)
    elif not is_stale_now:
        text = f"The call can cost {case.usd:f} USD, and {home.name} has no more on lease here yet."
        yield Objection(home, LEASE, text, outcome="queue", retry_after_s=LEASE_RETRY_S)


def _denied(refusal: Denial, home: Scope, path: Sequence[Scope]) -> Objection:
    """Tell the server's word as that of the scope whose cap it was."""
    for scope in path:
        for cap in scope.hard_caps:
            if cap.id == refusal.cap:
                code = f"{MONEY}{cap.window}"
                return Objection(scope, code, refusal.text, refusal.until, cap=cap.id)
    return Objection(home, f"{MONEY}reached", refusal.text, refusal.until, cap=refusal.cap)
