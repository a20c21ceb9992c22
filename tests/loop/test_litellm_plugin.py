"""The callback inside LiteLLM's proxy, against a server that a test can bend as it likes."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from agents import SIGNER
from fake_server import FakeServer
from samples import cap, model, scope

from tests.live import until
from tests.loop.proxy import Proxy, environment_of, needs_litellm

pytestmark = [pytest.mark.loop, needs_litellm]

CAP = "cap:1"
MODELS: dict[str, dict[str, Any]] = {
    "gpt-5": {"mock_response": "A long and thoughtful answer."},
    "gpt-5-nano": {"mock_response": "Short."},
    "gpt-slow": {"mock_response": "Word. " * 50, "mock_delay": 3},
    "gpt-broken": {"mock_response": "litellm.InternalServerError"},
}
PRICED = [
    model("gpt-5", "frontier", in_text="1000", out_text="2000"),
    model("gpt-5-nano", "economy", in_text="100", out_text="200"),
    model("gpt-slow", "frontier", in_text="1000", out_text="2000"),
    model("gpt-broken", "frontier", in_text="1000", out_text="2000"),
]
# Dollars a token, in and out.
PRICES = {
    "gpt-5": (Decimal("0.001"), Decimal("0.002")),
    "gpt-5-nano": (Decimal("0.0001"), Decimal("0.0002")),
    "gpt-slow": (Decimal("0.001"), Decimal("0.002")),
}
SIMPLE = {"metadata": {"workflow": "answers", "task_type": "qa", "complexity": "simple"}}
HARD = {"metadata": {"workflow": "answers", "task_type": "qa", "complexity": "complex"}}
_revisions = iter(range(2, 1_000))


@pytest.fixture(scope="module")
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        running.keys = {SIGNER.key.id: SIGNER.key}
        yield running


@pytest.fixture(scope="module")
def proxy(server: FakeServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    publish(server)
    folder = tmp_path_factory.mktemp("litellm")
    callback = environment_of(server.url, folder / "sidecar", token="tok_x")
    with Proxy(folder, models=MODELS, callback=callback) as running:
        assert running.chat("Are you there?", model="gpt-5-nano", max_tokens=5).is_success
        until(lambda: len(server.usage) == 1)
        yield running


def publish(server: FakeServer, **support: Any) -> None:
    """Publish another revision, in which simple questions go to the cheap tier."""
    scopes = [
        scope("org", None),
        scope("unit:support", **{"caps": [cap(CAP, "50.00")], "owner": "Grace", **support}),
    ]
    route = {"task_type": "*", "complexity": "simple", "risk": "*", "tier": "economy"}
    server.bank.money.setdefault(CAP, Decimal(50))
    server.document = SIGNER.received(
        revision=next(_revisions),
        issued_at="2026-01-01T00:00:00Z",
        models=PRICED,
        scopes=scopes,
        routes=[{**route, "models": ["gpt-5-nano"], "queue": "sync"}],
    )


def obeyed(server: FakeServer) -> None:
    """Wait until the proxy said that it obeys what was published."""
    assert server.document is not None
    announced = server.document.announced
    until(lambda: bool(server.reports) and server.reports[-1]["revision"] == announced)


def kept(server: FakeServer, before: int) -> dict[str, Any]:
    until(lambda: len(server.usage) == before + 1)
    return dict(list(server.usage.values())[-1])


def price_of(model_name: str, usage: dict[str, int]) -> Decimal:
    in_usd, out_usd = PRICES[model_name]
    return usage["prompt_tokens"] * in_usd + usage["completion_tokens"] * out_usd


def test_simple_questions_land_on_the_cheap_tier_and_what_they_cost_is_told_to_the_cent(
    server: FakeServer, proxy: Proxy
) -> None:
    before, told_before = len(server.usage), server.bank.used_usd()

    simple = proxy.chat("What is two and two?", model="gpt-5", max_tokens=50, **SIMPLE)
    hard = proxy.chat("Prove it.", model="gpt-5", max_tokens=50, **HARD)

    until(lambda: len(server.usage) == before + 2)
    first, second = list(server.usage.values())[-2:]
    assert (first["model"], second["model"]) == ("gpt-5-nano", "gpt-5")
    assert first["tokens"] == {
        "in_text": simple.json()["usage"]["prompt_tokens"],
        "out_text": simple.json()["usage"]["completion_tokens"],
    }
    spent = price_of("gpt-5-nano", simple.json()["usage"]) + price_of("gpt-5", hard.json()["usage"])
    until(lambda: server.bank.used_usd() - told_before == spent)
    assert {first["lease"], second["lease"]} <= set(server.bank.leases)


def test_a_stream_is_settled_when_it_ends(server: FakeServer, proxy: Proxy) -> None:
    before = len(server.usage)

    answer = proxy.chat("Tell me.", model="gpt-5", max_tokens=50, stream=True, **HARD)

    assert "[DONE]" in answer.text
    assert kept(server, before)["tokens"]["out_text"] > 0


def test_a_client_that_goes_in_the_middle_of_a_stream_pays_for_what_came(
    server: FakeServer, proxy: Proxy
) -> None:
    before = len(server.usage)
    body = {"model": "gpt-slow", "messages": [{"role": "user", "content": "Tell me."}]}
    more = {"stream": True, "max_tokens": 400, **HARD}

    with proxy.client.stream("POST", "/chat/completions", json=body | more) as answer:
        next(answer.iter_lines())

    record = kept(server, before)
    assert record["model"] == "gpt-slow"
    assert record["tokens"]["in_text"] > 0


def test_a_call_that_fails_upstream_gives_its_money_back(server: FakeServer, proxy: Proxy) -> None:
    before = len(server.usage)

    assert proxy.chat("Hello", model="gpt-broken", max_tokens=5, **HARD).status_code >= 500

    until(lambda: server.bank.used_usd() == told_usd(server))
    assert len(server.usage) == before


def told_usd(server: FakeServer) -> Decimal:
    """Return what all usage on leases comes to."""
    found = Decimal(0)
    for record in server.usage.values():
        if "lease" not in record:
            continue
        in_usd, out_usd = PRICES[record["model"]]
        tokens = record["tokens"]
        found += tokens.get("in_text", 0) * in_usd + tokens.get("out_text", 0) * out_usd
    return found


def test_a_budget_that_is_spent_answers_with_its_name(server: FakeServer, proxy: Proxy) -> None:
    money, server.bank.money[CAP] = server.bank.money[CAP], Decimal(0)
    publish(server, caps=[cap(CAP, "49.00")])
    obeyed(server)

    answer = proxy.chat("Write a book.", model="gpt-5", max_tokens=24_000, **HARD)

    assert answer.status_code == 429
    error = answer.json()["error"]
    assert (error["type"], error["code"], error["cap"]) == ("tokenops_budget", "cap_day", CAP)
    assert (error["scope"], error["scope_name"], error["owner"]) == (
        "unit:support",
        "unit:support",
        "Grace",
    )
    assert error["resets_at"] is not None
    assert int(answer.headers["Retry-After"]) >= 1
    server.bank.money[CAP] = money


def test_a_loop_trips_and_closes_again_over_a_test(server: FakeServer, proxy: Proxy) -> None:
    publish(server, loop={"calls": 4, "window_s": 600})
    obeyed(server)

    codes = [ask_again(proxy).status_code for _ in range(5)]

    assert codes == [200, 200, 200, 429, 429]
    until(lambda: any(report["signals"] for report in server.reports))
    tripped = {"code": "loop", "text": "The same prompt came four times.", "owner": "Grace"}
    publish(server, state="open", reason=tripped)
    obeyed(server)
    refused = proxy.chat("Something else.", model="gpt-5", max_tokens=5, **HARD)
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "loop")

    server.bank.calls["probe:7:3"] = 2
    probe = {"id": "probe:7:3", "calls": 2, "until": "2099-01-01T00:00:00Z"}
    publish(server, state="half_open", reason=tripped, probe=probe)
    obeyed(server)
    tested = [
        proxy.chat(f"Question {number}", model="gpt-5", max_tokens=5, **HARD).status_code
        for number in range(3)
    ]
    assert tested == [200, 200, 429]

    publish(server)
    obeyed(server)
    assert proxy.chat("And now?", model="gpt-5", max_tokens=5, **HARD).is_success


def ask_again(proxy: Proxy) -> httpx.Response:
    return proxy.chat("Try again.", model="gpt-5", max_tokens=5, **HARD)


def test_a_body_that_is_no_call_is_the_callers_mistake(proxy: Proxy) -> None:
    answer = proxy.client.post("/chat/completions", content=json.dumps({"model": "gpt-5"}))

    assert 400 <= answer.status_code < 500
