"""Decisions have properties beside their vectors: the strictest wins, and nothing else counts."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from samples import AT, TIERS, blocked, cap, document, model, scope

from tokenops_sidecar.call import Call, read_call
from tokenops_sidecar.decide import Counters, Decision, Purse, decide
from tokenops_sidecar.document import parse
from tokenops_sidecar.policy import Policy
from tokenops_sidecar.tally import Tally

MODELS = [
    model("gpt-5", "frontier", in_text="2", out_text="10"),
    model("gpt-5-mini", "economy", in_text="0.2", out_text="1"),
    model("gpt-new", "mid"),
    model("llama", "local", in_text="0", out_text="0"),
]
STATES = st.sampled_from(["closed", "throttled", "half_open", "open", "by_cap"])
AMOUNTS = st.sampled_from(["0.00", "0.50", "1.00", "2.00"])


@st.composite
def limits(draw: st.DrawFn, scope_id: str) -> dict[str, Any]:
    """Draw some of the limits that routers count themselves, each tight enough to bind."""
    few = st.integers(0, 3)
    quota = {"id": f"quota:{scope_id}", "metric": "calls", "window": "1m", "mode": "hard"}
    every = {
        "rates": {"requests_per_minute": draw(few), "concurrency": draw(few)},
        "task_limits": {"steps": draw(few), "usd": draw(AMOUNTS)},
        "loop": {"calls": draw(st.integers(1, 3)), "window_s": 60},
        "quotas": [quota | {"limit": str(draw(few)), "per": draw(st.sampled_from([None, "task"]))}],
        "keep_fraction": draw(st.sampled_from(["0", "0.5", "1"])),
    }
    kept = draw(st.sets(st.sampled_from(sorted(every))))
    return {name: every[name] for name in kept}


@st.composite
def scopes(draw: st.DrawFn, scope_id: str, parent: str | None) -> dict[str, Any]:
    state = draw(STATES)
    changes: dict[str, Any] = {"state": state}
    if state == "open":
        changes = blocked()
    if state == "by_cap":
        changes = {"state": "open", "reason": {"code": "cap_day", "text": "Reached."}}
    stale = draw(st.sampled_from(["closed", "open", "bucket"]))
    return scope(
        scope_id,
        parent,
        **changes,
        **draw(limits(scope_id)),
        caps=[cap(f"cap:{scope_id}", draw(AMOUNTS), mode=draw(st.sampled_from(["hard", "soft"])))],
        max_tier=draw(st.sampled_from([None, *TIERS])),
        when_stale={"mode": stale, "usd": draw(AMOUNTS)},
    )


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    names = ["org", "unit", "initiative"]
    chain = [draw(scopes(name, above)) for name, above in zip(names, [None, *names], strict=False)]
    found = document(
        models=MODELS, scopes=chain, assign=[{"when": {}, "scope": draw(st.sampled_from(names))}]
    )
    return parse(json.dumps(found).encode())


@st.composite
def known(draw: st.DrawFn) -> Counters:
    names = ("org", "unit", "initiative")
    return Counters(
        purses={name: Purse(Decimal(draw(AMOUNTS))) for name in names},
        blind_usd={name: Decimal(draw(AMOUNTS)) for name in names},
        confirmed_at=draw(st.sampled_from([None, AT, AT - timedelta(hours=1)])),
        can_record=draw(st.booleans()),
    )


@st.composite
def calls(draw: st.DrawFn) -> Call:
    names = [one["model"] for one in MODELS]
    found = {"provider": "openai", "model": draw(st.sampled_from([*names, "unlisted"]))}
    most = draw(st.none() | AMOUNTS)
    found |= draw(st.sampled_from([{}, {"task": "t", "prompt_hash": "p"}]))
    return read_call(found | ({"most_usd": most} if most else {}))


@given(policies(), calls(), known())
def test_nothing_is_allowed_that_a_scope_of_the_path_refuses_alone(
    policy: Policy, call: Call, counters: Counters
) -> None:
    decision = decide(call, policy, counters, AT)

    chosen = replace(call, model=decision.model)
    alone = [
        decide(chosen, only(policy, one.id), counters, AT).outcome
        for one in policy.path(call.attributes)
    ]
    if decision.is_go:
        # Money is leased for one scope of the path alone, so another may have to ask for it.
        assert "refuse" not in alone
    else:
        assert decision.text


@given(policies(), calls(), known())
def test_a_call_that_every_scope_allows_alone_is_allowed(
    policy: Policy, call: Call, counters: Counters
) -> None:
    alone = {
        decide(call, only(policy, one.id), counters, AT).outcome
        for one in policy.path(call.attributes)
    }

    if alone == {"allow"}:
        assert decide(call, policy, counters, AT).outcome == "allow"


@given(policies(), st.lists(calls(), min_size=1, max_size=6), known())
def test_counting_a_call_never_lets_one_pass_that_did_not_before(
    policy: Policy, made: list[Call], counters: Counters
) -> None:
    *before, last = made
    path, tally = policy.path(last.attributes), Tally()
    unused = decide(last, policy, replace(counters, tally=Tally()), AT)
    for call in before:
        # However it came to be made: by force, or before the limits were as they are.
        tally.take(Decision("allow", call.model), call, path, AT)

    after = decide(last, policy, replace(counters, tally=tally), AT)

    if not unused.is_go:
        assert not after.is_go


@given(policies(), calls(), known())
def test_the_same_is_decided_alike(policy: Policy, call: Call, counters: Counters) -> None:
    first = decide(call, policy, counters, AT)

    assert decide(call, policy, counters, AT) == first


@given(policies(), calls(), known(), AMOUNTS)
def test_less_money_never_turns_a_call_that_is_not_made_into_one_that_is(
    policy: Policy, call: Call, counters: Counters, less: str
) -> None:
    before = decide(call, policy, counters, AT)
    poorer = {
        home: Purse(max(purse.free_usd - Decimal(less), Decimal(0)))
        for home, purse in counters.purses.items()
    }

    after = decide(call, policy, replace(counters, purses=poorer), AT)

    if not before.is_go:
        assert not after.is_go


def only(policy: Policy, scope_id: str) -> Policy:
    """Return the policy as if a call fell under this scope and nothing above."""
    alone = policy.paths[scope_id][:1]
    return replace(policy, paths=dict.fromkeys(policy.paths, alone))
