"""What runs while the server is silent: every state, every `when_stale`, every way of silence."""

import json
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from samples import AT, CALL, cap, document, scope

from tokenops_sidecar.call import read_call
from tokenops_sidecar.decide import Counters, Purse, decide
from tokenops_sidecar.document import parse

UNTIL = "2026-11-20T13:00:00Z"
REASON = {"code": "loop", "text": "The same again and again."}
STATES: Mapping[str, Mapping[str, Any]] = {
    "closed": {},
    "throttled": {"keep_fraction": "1", "reason": REASON},
    "downgraded": {"max_tier": "mid", "reason": REASON},
    "open": {"reason": REASON},
    "half_open": {"reason": REASON, "probe": {"id": "probe:1:1", "calls": 1, "until": UNTIL}},
}
MODES: Mapping[str, Mapping[str, str]] = {
    "closed": {"mode": "closed"},
    "bucket": {"mode": "bucket", "usd": "5.00"},
    "open": {"mode": "open"},
}
# In touch with a purse; silent for longer than two minutes, when leases have long ended; started
# without the server, so that nothing was ever confirmed; in touch, and the disk is full.
SILENCES: Mapping[str, Mapping[str, Any]] = {
    "in touch": {"confirmed_at": AT, "purses": {"org": Purse(Decimal(1))}},
    "stale": {"confirmed_at": AT - timedelta(seconds=121)},
    "spent": {"confirmed_at": AT - timedelta(seconds=121), "blind_usd": {"org": Decimal(5)}},
    "restart": {"confirmed_at": None},
    "cannot record": {
        "confirmed_at": AT,
        "purses": {"org": Purse(Decimal(1))},
        "can_record": False,
    },
}
RUNS = {"closed": "", "throttled": "", "downgraded": "", "open": "loop", "half_open": "lease"}
# What a scope answers that is not blocked; what is blocked stays so, whatever is known.
SAID = {
    ("closed", "in touch"): "",
    ("closed", "stale"): "stale",
    ("closed", "spent"): "stale",
    ("closed", "restart"): "stale",
    ("closed", "cannot record"): "usage_not_kept",
    ("bucket", "in touch"): "",
    ("bucket", "stale"): "",
    ("bucket", "spent"): "stale_allowance_spent",
    ("bucket", "restart"): "",
    ("bucket", "cannot record"): "usage_not_kept",
    ("open", "in touch"): "",
    ("open", "stale"): "",
    ("open", "spent"): "",
    ("open", "restart"): "",
    ("open", "cannot record"): "",
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("silence", SILENCES)
def test_what_runs_in_each_state_in_each_silence(state: str, mode: str, silence: str) -> None:
    limited = scope(
        "org",
        None,
        state=state,
        when_stale=MODES[mode],
        caps=[cap("cap:1", "100.00")],
        **STATES[state],
    )
    policy = parse(
        json.dumps(document(scopes=[limited], assign=[{"when": {}, "scope": "org"}])).encode()
    )

    decision = decide(read_call(CALL), policy, Counters(**SILENCES[silence]), AT)

    said, runs = SAID[mode, silence], RUNS[state]
    # A block outlasts everything; a test needs the server, unless the scope does not run at all.
    assert decision.code == (runs if state == "open" else said or runs)
    assert decision.is_go == (not said and not runs)


def test_the_table_is_whole() -> None:
    assert set(SAID) == {(mode, silence) for mode in MODES for silence in SILENCES}
