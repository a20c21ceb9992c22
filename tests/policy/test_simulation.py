"""The simulator answers as routers do: held against the sidecar's own vectors and by hand."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.rules import Rule
from policy.document import (
    CapEntry,
    Content,
    ModelEntry,
    ProbeEntry,
    RatesEntry,
    ReasonEntry,
    ScopeEntry,
    compile_content,
)
from policy.listed_models import Size
from policy.refusal_body import refusal_body
from policy.simulation import Asked, Simulation, simulate

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)
VECTORS = json.loads(
    (Path(__file__).resolve().parents[2] / "sidecar/vectors/decisions.json").read_text()
)
SPOKEN = {"user": "person"}
SIZES = {"in_tokens", "max_out_tokens"}
NAMED = {"account", "key", "user", "project", "workflow", "task_type", "environment"}
# Of a call nothing but these is known to the simulator: other members are of a router's own counts.
KNOWN = {"provider", "model", "tags", *NAMED, *SIZES}


def asked_of(call: Mapping[str, Any]) -> Asked:
    attributes = {SPOKEN.get(name, name): call[name] for name in NAMED & call.keys()}
    attributes |= {f"tag.{name}": value for name, value in call.get("tags", {}).items()}
    size = Size(call.get("in_tokens"), call.get("max_out_tokens"))
    return Asked(call["provider"], call["model"], attributes, size)


def applies(case: Mapping[str, Any]) -> bool:
    """Test whether a vector asks what the simulator knows: a router in touch, nothing counted."""
    counters, policy = case["counters"], VECTORS["policies"].get(case["policy"])
    if policy is None or policy.get("routes") or not counters.get("can_record", True):
        return False
    counted = counters.keys() - {"confirmed_at", "can_record", "purses"}
    if counted or case["call"].keys() - KNOWN:
        return False
    confirmed = counters.get("confirmed_at")
    if confirmed is None:
        return False
    age = datetime.fromisoformat(case["now"]) - datetime.fromisoformat(confirmed)
    return age.total_seconds() <= policy["stale_after_s"] and is_of_the_document(case)


def is_of_the_document(case: Mapping[str, Any]) -> bool:
    """Test whether the answer follows from the document, and not from what is on lease."""
    denied = any(purse.get("refusal") for purse in case["counters"].get("purses", {}).values())
    return not denied and case["decision"]["code"] != "lease"


CASES = [case for case in VECTORS["cases"] if applies(case)]


def test_most_of_the_vectors_ask_what_the_simulator_knows() -> None:
    assert len(CASES) >= 25


@pytest.mark.parametrize("case", CASES, ids=[case["why"] for case in CASES])
def test_the_simulator_decides_as_a_router_does(case: Mapping[str, Any]) -> None:
    document, at = VECTORS["policies"][case["policy"]], datetime.fromisoformat(case["now"])
    expected = case["decision"]

    found = simulate(asked_of(case["call"]), document, spent_usd={}, at=at)

    if found.outcome == "queue":  # some such calls pass: a router says so only of the others
        assert expected["outcome"] in {"allow", "queue"}
        return
    assert (found.outcome, found.model) == (expected["outcome"], expected["model"])
    if found.refused is not None:
        until = found.refused.until
        assert found.refused.code == expected["code"]
        assert (found.refused.scope or None) == expected["scope"]
        assert until == (expected["until"] and datetime.fromisoformat(expected["until"]))


MODELS = [
    ModelEntry(
        "openai",
        "gpt-5",
        "frontier",
        batch=False,
        usd_per_mtok={
            "in_text": Decimal(2),
            "in_cache_read": Decimal("0.2"),
            "out_text": Decimal(10),
        },
    ),
    ModelEntry(
        "openai", "gpt-5-mini", "economy", batch=False, usd_per_mtok={"out_text": Decimal(2)}
    ),
    ModelEntry("home", "llama", "local", batch=False, usd_per_mtok={"in_text": Decimal(0)}),
]
DAILY = CapEntry("cap:17", "day", Decimal(45), MIDNIGHT, "hard")
PAUSED = ReasonEntry("rate_usd_minute", "Too fast.", since=AT, until=MIDNIGHT)
GPT = Asked("openai", "gpt-5", {"workflow": "drafter"}, Size(100_000, 10_000))


def answer(
    asked: Asked = GPT, *, spent: str = "0", at: datetime = AT, **drafter: Any
) -> Simulation:
    """Ask about a document in which the drafter stands under Support and Acme."""
    plain = {"id": "initiative:drafter", "name": "Drafter", "parent": "unit:support"}
    content = Content(
        currency="USD",
        tiers=["local", "economy", "mid", "frontier"],
        models=MODELS,
        assign=[Rule({"workflow": "other"}, "org"), Rule({"workflow": "drafter"}, plain["id"])],
        scopes=[
            ScopeEntry(**(plain | {"owner": "Grace", "caps": [DAILY]} | drafter)),
            ScopeEntry("unit:support", "Support", "org", state="open", reason=PAUSED)
            if drafter.get("protected")
            else ScopeEntry("unit:support", "Support", "org"),
            ScopeEntry("org", "Acme", None),
        ],
    )
    document = {**compile_content(content), "revision": 42}
    return simulate(asked, document, spent_usd={"cap:17": Decimal(spent)}, at=at)


def test_a_call_that_passes_tells_its_line_its_path_and_what_it_can_cost() -> None:
    found = answer()

    assert (found.outcome, found.model, found.place) == ("allow", "gpt-5", 1)
    assert [verdict.entry["id"] for verdict in found.path] == [
        "initiative:drafter",
        "unit:support",
        "org",
    ]
    # 100,000 in at the dearest 2 USD a million, 10,000 out at 10 USD.
    assert found.reserve_usd == Decimal("0.30")
    assert found.path[0].words == "Allows it. Spent: $0.00 of $45.00 (daily cap)."


def test_a_call_that_no_line_catches_is_refused() -> None:
    found = answer(Asked("openai", "gpt-5"))

    assert (found.outcome, found.place, found.path) == ("refuse", None, [])
    assert found.refused is not None
    assert found.refused.code == "no_scope"


def test_a_call_that_would_pass_the_cap_is_refused_with_the_cap_and_its_end() -> None:
    found = answer(spent="44.71")

    assert found.refused is not None
    assert refusal_body(found.refused, at=AT) == {
        "error": {
            "message": "Drafter has spent $44.71 and has a daily cap of $45.00;"
            " the call can cost $0.30.",
            "type": "tokenops_budget",
            "code": "cap_day",
            "scope": "initiative:drafter",
            "scope_name": "Drafter",
            "cap": "cap:17",
            "owner": "Grace",
            "contact": None,
            "resets_at": "2026-11-21T00:00:00Z",
            "retry_after_s": 43_200,
            "revision": 42,
        }
    }
    assert answer(spent="44.70").outcome == "allow"


def test_what_costs_nothing_passes_a_cap_that_is_reached() -> None:
    free = Asked("home", "llama", {"workflow": "drafter"})
    reason = ReasonEntry("cap_day", "Spent.", since=AT, until=MIDNIGHT)

    assert answer(free, spent="45", state="open", reason=reason).outcome == "allow"
    assert answer(spent="45", state="open", reason=reason).outcome == "refuse"


def test_a_block_says_which_cap_it_came_of() -> None:
    found = answer(state="open", reason=ReasonEntry("cap_day", "Spent.", AT, MIDNIGHT))

    assert found.refused is not None
    assert (found.refused.cap, found.refused.text) == ("cap:17", "Spent.")


def test_a_dear_model_is_replaced_where_one_fits() -> None:
    found = answer(max_tier="mid", state="downgraded", reason=PAUSED)

    assert (found.outcome, found.model) == ("downgrade", "gpt-5-mini")
    assert found.text == "Drafter goes up to tier mid: call gpt-5-mini instead."


def test_without_a_model_that_fits_a_downgraded_scope_keeps_a_share_and_others_refuse() -> None:
    half: dict[str, Any] = {"max_tier": "local", "keep_fraction": Decimal("0.5"), "reason": PAUSED}

    kept, refused = answer(state="downgraded", **half), answer(max_tier="local")

    assert kept.outcome == "queue"
    assert kept.text == "Drafter lets 50 % of its calls through for now. Too fast."
    assert refused.refused is not None
    assert refused.refused.code == "tier"


def test_a_slowed_scope_lets_some_pass() -> None:
    found = answer(state="throttled", keep_fraction=Decimal("0.25"), reason=PAUSED)

    assert (found.outcome, found.path[0].result) == ("queue", "perhaps")
    assert found.refused is not None
    assert (found.refused.code, found.refused.until) == ("throttled", MIDNIGHT)


def test_a_tested_scope_lets_calls_pass_until_the_test_is_over() -> None:
    probe = ProbeEntry("probe:7:3", calls=5, until=MIDNIGHT)
    testing: dict[str, Any] = {"state": "half_open", "probe": probe, "reason": PAUSED}

    assert answer(**testing).outcome == "queue"
    assert answer(at=MIDNIGHT, **testing).outcome == "refuse"


def test_a_protected_scope_answers_for_itself_alone() -> None:
    found = answer(protected=True)

    assert [verdict.result for verdict in found.path] == ["yes", "skip", "skip"]
    assert found.outcome == "allow"


def test_limits_that_routers_count_are_named_and_not_judged() -> None:
    found = answer(rates=RatesEntry(requests_per_minute=600))

    assert found.path[0].words.endswith("Each router counts by itself: 600 calls a minute.")


def test_of_unknown_size_a_call_counts_four_thousand_tokens_each_way() -> None:
    found = answer(Asked("openai", "gpt-5", {"workflow": "drafter"}))

    assert found.reserve_usd == Decimal("0.049152")  # 4,096 · (2 + 10) USD a million


def test_an_unknown_model_counts_at_the_dearest_price() -> None:
    found = answer(Asked("openai", "gpt-9", {"workflow": "drafter"}, Size(1_000_000, 0)))

    assert found.reserve_usd == Decimal(10)
