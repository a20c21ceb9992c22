"""A router in small: it decides and counts one call after the other, by a policy of one scope."""

import json
from datetime import datetime
from typing import Any

from samples import AT, document, model, scope

from tokenops_sidecar.call import Call, read_call
from tokenops_sidecar.decide import Counters, decide
from tokenops_sidecar.decision import Decision
from tokenops_sidecar.document import parse
from tokenops_sidecar.policy import Policy
from tokenops_sidecar.tally import Tally


def policy(**changes: Any) -> Policy:
    limited = scope("org", None, **{"when_stale": {"mode": "open"}} | changes)
    at_home = model("llama", "local", in_text="0", out_text="0") | {"provider": "home"}
    priced = model("gpt-5", in_text="2", out_text="10")
    found = document(
        scopes=[limited], assign=[{"when": {}, "scope": "org"}], models=[priced, at_home]
    )
    return parse(json.dumps(found).encode())


def call(**members: Any) -> Call:
    return read_call({"provider": "openai", "model": "gpt-5", **members})


class Router:
    """Decides and counts as a router does, one call after the other."""

    def __init__(self, obeyed: Policy) -> None:
        self.policy, self.tally = obeyed, Tally()

    def decide(self, of: Call, at: datetime = AT) -> Decision:
        return decide(of, self.policy, Counters(tally=self.tally, confirmed_at=at), at)

    def admit(self, of: Call, at: datetime = AT) -> Decision:
        decision = self.decide(of, at)
        self.taken = self.tally.take(decision, of, self.policy.path(of.attributes), at)
        return decision
