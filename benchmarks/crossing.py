"""From the call that crosses a cap to the refusal at a router that waits for word.

A real web process takes the usage, and a real sidecar long-polls it. A hundred times the cap is
raised, a record without a lease crosses it, and time runs from the answer to that push, when
the crossing is committed, until the sidecar refuses the next call.
"""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

ROUNDS, MOST_P99_S = 100, 1.0
PATIENCE_S, LOOKED_EVERY_S = 30.0, 0.001
SIDECAR = Path(__file__).resolve().parent.parent / "sidecar"
CALL = {"provider": "openai", "model": "gpt-4o", "workflow": "answers", "most_usd": "0.01"}
STEP_USD = Decimal(1)


def run(folder: Path) -> dict[str, Any]:
    sys.path.insert(0, str(SIDECAR))
    from tests.live import Web  # noqa: PLC0415 -- Django is set up by the caller
    from tokenops_sidecar.agent import Agent, Settings  # noqa: PLC0415 -- found only now

    cast, token = _company()
    raises = _Raises(cast)
    raises.to(STEP_USD)
    with Web(has_pages=False) as web, httpx.Client(trust_env=False, timeout=PATIENCE_S) as client:
        settings = Settings(
            url=web.url, token=token, sidecar="router", folder=folder / "sidecar", trust_env=False
        )
        client.headers["Authorization"] = f"Bearer {token}"
        with Agent(settings) as agent:
            agent.wait_for_word(within_s=PATIENCE_S)
            rounds = [
                _crossing(agent, client, web.url, raises, number=number)
                for number in range(1, ROUNDS + 1)
            ]
    answered, sent = (sorted(taken) for taken in zip(*rounds, strict=True))
    p99_s = _percentile(answered, 99)
    return {
        "name": "crossing",
        "rounds": ROUNDS,
        "p50_s": round(_percentile(answered, 50), 4),
        "p99_s": round(p99_s, 4),
        "slowest_s": round(answered[-1], 4),
        "from_push_p50_s": round(_percentile(sent, 50), 4),
        "from_push_p99_s": round(_percentile(sent, 99), 4),
        "most_p99_s": MOST_P99_S,
        "passed": p99_s <= MOST_P99_S,
    }


def _percentile(ordered: list[float], percent: int) -> float:
    return ordered[len(ordered) * percent // 100 - 1]


def _crossing(
    agent: Any, client: httpx.Client, url: str, raises: "_Raises", *, number: int
) -> tuple[float, float]:
    """Let one call cross the cap; return the seconds until the next is refused.

    The first are counted from the answer to its push, the second from the push itself.
    """
    _until(lambda: agent.decide(CALL).code != "cap_total")
    record = {
        "id": f"crossing-{number}",
        "started_at": datetime.now(UTC).isoformat(),
        "provider": "openai",
        "model": "gpt-4o",
        "workflow": "answers",
        "tokens": {"in_text": 10},
        "cost_usd": f"{STEP_USD}",
    }
    sent_s = time.perf_counter()
    answer = client.post(f"{url}/api/v1/usage", json=[record])
    if answer.status_code != HTTPStatus.OK or answer.json()["accepted"] != 1:
        raise RuntimeError(f"{answer.status_code}: {answer.text[:300]}")
    answered_s = time.perf_counter()
    _until(lambda: agent.decide(CALL).code == "cap_total")
    refused_s = time.perf_counter()
    raises.to(STEP_USD * (number + 1))
    return refused_s - answered_s, refused_s - sent_s


def _until(is_so: Callable[[], bool]) -> None:
    started_s = time.perf_counter()
    while not is_so():
        if time.perf_counter() - started_s > PATIENCE_S:
            raise RuntimeError(f"The sidecar did not hear of it in {PATIENCE_S:.0f} s.")
        time.sleep(LOOKED_EVERY_S)


def _company() -> tuple[Any, str]:
    """Make a company in which Support has the calls of one workflow; return a router's token."""
    from ingestion.operations.rules import (  # noqa: PLC0415 -- Django is set up by the caller
        RuleDraft,
        publish_rules,
    )
    from org.models.tokens import Scope  # noqa: PLC0415 -- as above
    from org.operations.tokens import issue_token  # noqa: PLC0415 -- as above
    from tests.org_cast import gather  # noqa: PLC0415 -- as above

    at, cast = datetime.now(UTC), gather()
    draft = RuleDraft("Answers", {"workflow": "answers"}, cast.support.pk)
    publish_rules(drafts=[draft], reason="Benchmark.", by=cast.fiona, at=at)
    scopes = [Scope.POLICY_READ, Scope.USAGE_WRITE, Scope.LEASE_WRITE]
    _, secret = issue_token(
        user=cast.ed, name="router", scopes=scopes, expires_at=None, by=cast.ed, at=at
    )
    return cast, secret


class _Raises:
    """Support's cap, raised as a person raises it."""

    def __init__(self, cast: Any) -> None:
        from tests.factories.policy import unit_scope  # noqa: PLC0415 -- as above

        self._scope = unit_scope(cast.support)

    def to(self, usd: Decimal) -> None:
        from policy.operations.publish import publish  # noqa: PLC0415 -- as above
        from tests.factories.policy import cap  # noqa: PLC0415 -- as above

        at = datetime.now(UTC)
        since = at.date() - timedelta(days=1)
        cap(self._scope, f"{usd:.2f}", window="total", starts_on=since, at=at)
        publish(cause="Raised", by=None, at=at)
