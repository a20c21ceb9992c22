"""What a router knows before a decision, read from the JSON of the vectors."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tokenops_sidecar.call import read_call
from tokenops_sidecar.counters import Block, Counters, Denial, Purse
from tokenops_sidecar.decision import Decision
from tokenops_sidecar.policy import Policy
from tokenops_sidecar.tally import Tally


def counters_of(given: Mapping[str, Any], policy: Policy | None, now: datetime) -> Counters:
    confirmed_at = given["confirmed_at"]
    return Counters(
        purses={home: _purse(found) for home, found in given.get("purses", {}).items()},
        blind_usd={name: Decimal(usd) for name, usd in given.get("blind_usd", {}).items()},
        tally=_tally(given, policy, now) if policy else Tally(),
        confirmed_at=datetime.fromisoformat(confirmed_at) if confirmed_at else None,
        can_record=given.get("can_record", True),
        quotas=_blocks(given["quotas"]) if "quotas" in given else None,
    )


def _blocks(given: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], Block]:
    return {
        (one["quota"], one["subject"]): Block(Decimal(one["free"]), _denial(one.get("refusal")))
        for one in given
    }


def _purse(given: Mapping[str, Any]) -> Purse:
    return Purse(Decimal(given["free_usd"]), _denial(given.get("refusal")))


def _denial(given: Mapping[str, Any] | None) -> Denial | None:
    if given is None:
        return None
    until = datetime.fromisoformat(given["until"]) if given["until"] else None
    return Denial(given["cap"], given["text"], until)


def _tally(given: Mapping[str, Any], policy: Policy, now: datetime) -> Tally:
    """Replay the calls that were made before, the oldest first."""
    tally = Tally()
    for before in sorted(given.get("before", []), key=lambda one: -one["ago_s"]):
        _replay(tally, before, policy, now - timedelta(seconds=before["ago_s"]))
    for scope, met in given.get("throttled", {}).items():
        for _ in range(met):
            tally.take(Decision("queue", "", throttle=scope), read_call(_ANY), (), now)
    for probe, had in given.get("probes", {}).items():
        until = datetime.fromisoformat(had["until"])
        if had.get("denied"):
            tally.deny_probe(probe, had["denied"], until=until)
        else:
            tally.grant_probe(probe, had["calls"], until=until)
    return tally


def _replay(tally: Tally, before: Mapping[str, Any], policy: Policy, at: datetime) -> None:
    call = read_call(before["call"])
    decision = Decision(
        "allow", before.get("got", call.model), reserve_usd=Decimal(before.get("usd", "0"))
    )
    for _ in range(before.get("times", 1)):
        taken = tally.take(decision, call, policy.path(call.attributes), at)
        if taken is not None and not before.get("under_way", False):
            tally.leave(taken, at)


_ANY = {"provider": "any", "model": "any"}
