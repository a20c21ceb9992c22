"""Deciding a hundred thousand calls by a policy of five hundred scopes, in one thread.

All scopes are capped; every fifth has rates, limits of tasks, a loop's signature and a quota.

A loop that looks each call's workflow up in a dictionary, in the same run, says what the
machine could do at most.
"""

import json
import random
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

CALLS, SCOPES, SEED = 100_000, 500, 5
AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SIDECAR = Path(__file__).resolve().parent.parent / "sidecar"


def run(_: Path) -> dict[str, Any]:
    sys.path.insert(0, str(SIDECAR))
    from tokenops_sidecar.call import read_call  # noqa: PLC0415 -- found only now
    from tokenops_sidecar.decide import Counters, Purse, decide  # noqa: PLC0415 -- as above
    from tokenops_sidecar.document import parse  # noqa: PLC0415 -- as above

    body = json.dumps(_document()).encode()
    started = time.perf_counter()
    policy = parse(body)
    parse_ms = (time.perf_counter() - started) * 1000
    counters = Counters(
        purses={scope: Purse(Decimal(place)) for place, scope in enumerate(policy.paths)},
        confirmed_at=AT,
    )
    calls = _calls()
    known = {f"flow-{place}": place for place in range(SCOPES)}
    taken = _each_s(lambda call: decide(read_call(call), policy, counters, AT), calls)
    lookups = _each_s(lambda call: known.get(call["workflow"]), calls)
    p50_us, lookup_us = _us(taken, 0.5), _us(lookups, 0.5)
    return {
        "name": "decide",
        "scopes": SCOPES,
        "document_bytes": len(body),
        "parse_ms": round(parse_ms, 1),
        "p50_us": round(p50_us, 1),
        "p99_us": round(_us(taken, 0.99), 1),
        "lookup_p50_us": round(lookup_us, 2),
        "ratio": round(p50_us / lookup_us, 1),
        "passed": True,
    }


def _document() -> dict[str, Any]:
    """Return a policy of units beneath the company and experiments beneath units, all capped."""
    units = [_scope(place, parent="org") for place in range(SCOPES // 5)]
    parents = [unit["id"] for unit in units]
    below = range(SCOPES // 5, SCOPES - 1)
    experiments = [_scope(place, parent=parents[place % len(parents)]) for place in below]
    scopes = [_scope(SCOPES - 1, parent=None) | {"id": "org"}, *units, *experiments]
    rules = [{"when": {"workflow": f"flow-{one['id'][2:]}"}, "scope": one["id"]} for one in scopes]
    return {
        "schema": "tokenops.policy/1",
        "revision": 1,
        "issued_at": AT.isoformat(),
        "refresh_after_s": 10,
        "stale_after_s": 120,
        "currency": "USD",
        "tiers": ["local", "economy", "mid", "frontier"],
        "models": [_model(place) for place in range(50)],
        "assign": [
            {"when": {"key": "svc-*-nightly"}, "scope": "org"},
            *rules,
            {"when": {}, "scope": "org"},
        ],
        "scopes": scopes,
    }


def _scope(place: int, *, parent: str | None) -> dict[str, Any]:
    cap = {"id": f"cap:{place}", "window": "day", "limit_usd": f"{place + 10}.00", "mode": "hard"}
    quota = {"id": f"quota:{place}", "metric": "calls", "window": "5h", "limit": "900"}
    limited = {
        "rates": {"requests_per_minute": 600, "usd_per_minute": "9.50"},
        "task_limits": {"steps": 40, "usd": "0.50"},
        "loop": {"calls": 20, "window_s": 600},
        "quotas": [quota | {"mode": "hard", "per": "person"}],
    }
    return {
        "id": f"s-{place}",
        "name": f"Scope {place}",
        "parent": parent,
        "state": "closed",
        "caps": [cap],
        "max_tier": "mid" if place % 7 == 0 else None,
        "when_stale": {"mode": "closed"},
        **(limited if place % 5 == 0 else {}),
    }


def _model(place: int) -> dict[str, Any]:
    return {
        "provider": f"provider-{place % 5}",
        "model": f"model-{place}",
        "tier": ("economy", "mid", "frontier")[place % 3],
        "usd_per_mtok": {"in_text": f"{place}.25", "out_text": f"{place * 4}.5"},
    }


def _calls() -> list[dict[str, Any]]:
    dice = random.Random(SEED)
    return [
        {
            "provider": f"provider-{place % 5}",
            "model": f"model-{place}",
            "workflow": f"flow-{dice.randrange(SCOPES)}",
            "user": f"p{dice.randrange(3000)}@example.org",
            "key": f"k{dice.randrange(400)}",
            "task": f"t{dice.randrange(900)}",
            "prompt_hash": f"h{dice.randrange(900)}",
            "in_tokens": 2_000,
            "max_out_tokens": 900,
        }
        for place in (dice.randrange(50) for _ in range(CALLS))
    ]


def _each_s(do: Callable[[dict[str, Any]], object], calls: list[dict[str, Any]]) -> list[float]:
    taken = []
    for call in calls:
        started = time.perf_counter()
        do(call)
        taken.append(time.perf_counter() - started)
    return sorted(taken)


def _us(taken: list[float], share: float) -> float:
    return taken[int(len(taken) * share)] * 1e6
