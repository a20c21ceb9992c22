"""The loop closed: TokenOps publishes, LiteLLM obeys, and what it spent is what TokenOps counts.

TokenOps, LiteLLM's proxy and OpenAI's client are real and speak over HTTP; the provider alone is
mocked. What only time does, the sweep is called for. The same by hand stands in docs/sidecar.md.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F, Sum

from ingestion.models import Event, MinuteUse, UnitDay
from ingestion.operations.prices import OwnPrices, set_prices
from ingestion.operations.rules import RuleDraft, publish_rules
from org.operations.tokens import issue_token
from policy.models import Lease, Probe, Scope, ScopeStep, Sidecar
from policy.operations.breaker import block, unblock
from policy.operations.hierarchy import Ranking, rank_models
from policy.operations.publish import publish
from policy.operations.upkeep import keep_up
from policy.queries.revisions import current_number
from tests.factories.policy import cap, guard, unit_scope
from tests.live import Web, until
from tests.loop.customer import Answer, Customer
from tests.loop.proxy import Proxy, environment_of, needs_litellm
from tests.org_cast import Cast, gather

pytestmark = [
    pytest.mark.loop,
    pytest.mark.workers,
    pytest.mark.django_db(transaction=True),
    needs_litellm,
]

# Dollars a million tokens.
USD = {
    "gpt-4o": {"in_text": Decimal(2_500), "out_text": Decimal(10_000)},
    "gpt-4o-mini": {"in_text": Decimal(150), "out_text": Decimal(600)},
}
MODELS: dict[str, dict[str, Any]] = {
    "gpt-4o": {"mock_response": "A long and thoughtful answer."},
    "gpt-4o-mini": {"mock_response": "Short."},
}
BUDGET_USD = Decimal("3.00")
MINE = {"metadata": {"workflow": "answers"}, "max_tokens": 40}
SUPPORT = "unit:support"
LOOP_CALLS, TEST_CALLS = 4, 3
# More than the thirty minutes for which a loop's block cools down.
A_WHILE = timedelta(minutes=31)


def of(complexity: str) -> dict[str, Any]:
    labels = {"task_type": "classification", "complexity": complexity, "risk": "low"}
    return {"metadata": {"workflow": "answers", **labels}, "max_tokens": 40}


SIMPLE, HARD = of("simple"), of("complex")


@pytest.fixture
def scene(transactional_db: None) -> Cast:
    """Give Support the calls of one workflow, two priced models, and a daily budget."""
    cast = gather()
    at = datetime.now(UTC)
    for model, usd in USD.items():
        set_prices(draft=OwnPrices(provider="openai", model=model, usd=usd), by=cast.fiona, at=at)
    tiers = {"gpt-4o": "frontier", "gpt-4o-mini": "economy"}
    ranked = [Ranking(provider="openai", model=model, tier=tier) for model, tier in tiers.items()]
    rank_models(rankings=ranked, reason="By price.", by=cast.ed, at=at)
    scope = unit_scope(cast.support)
    cap(scope, f"{BUDGET_USD}", by=cast.carl, starts_on=at.date(), at=at)
    rule = RuleDraft("Answers", {"workflow": "answers"}, cast.support.pk)
    publish_rules(drafts=[rule], reason="As agreed", by=cast.fiona, at=at)
    publish(cause="", by=None, at=at)
    return cast


@pytest.fixture
def proxy(scene: Cast, tmp_path: Path) -> Iterator[Proxy]:
    with Web(has_pages=False) as web:
        callback = environment_of(web.url, tmp_path / "sidecar", token=token_of(scene))
        with Proxy(tmp_path / "litellm", models=MODELS, callback=callback) as running:
            yield running


def token_of(cast: Cast) -> str:
    at = datetime.now(UTC)
    _, secret = issue_token(
        user=cast.ed,
        name="litellm",
        scopes=["policy:read", "usage:write", "lease:write"],
        expires_at=at + timedelta(days=1),
        by=cast.ed,
        at=at,
    )
    return secret


@pytest.fixture
def customer(guarded: Cast, proxy: Proxy) -> Iterator[Customer]:
    with Customer(proxy) as running:
        yield running


@pytest.fixture
def guarded(scene: Cast) -> Cast:
    """Watch Support for loops; up to its cap nothing slows it down."""
    guard(
        Scope.objects.get(slug=SUPPORT),
        by=scene.carl,
        at=datetime.now(UTC),
        loop_calls=LOOP_CALLS,
        loop_window_s=600,
        probe_calls=TEST_CALLS,
        slow_at="1",
        downgrade_at="1",
    )
    return scene


def test_a_day_of_a_team(customer: Customer) -> None:
    passed: list[tuple[str, Answer]] = []
    passed += simple_questions_land_on_the_cheap_tier(customer)
    passed += a_loop_is_stopped(customer)
    a_while_passes()
    passed += some_calls_test_it_and_it_runs_again(customer)
    passed += the_days_budget_ends(customer)

    spent = sum((cost_usd(model, answer) for model, answer in passed), Decimal(0))
    until(lambda: Event.objects.count() == len(passed))
    assert total(UnitDay, "cost_usd") == spent
    assert spent <= BUDGET_USD
    until(lambda: total(Lease, "used_usd") == spent)
    until(lambda: total(Lease, "metered_usd") == spent)


def simple_questions_land_on_the_cheap_tier(customer: Customer) -> list[tuple[str, Answer]]:
    simple = customer.ask("What is two and two?", model="gpt-4o", **SIMPLE)
    hard = customer.ask("Why is it four?", model="gpt-4o", **HARD)

    until(lambda: Event.objects.count() == 2)
    assert list(Event.objects.order_by("started_at").values_list("slice__model", flat=True)) == [
        "gpt-4o-mini",
        "gpt-4o",
    ]
    return [("gpt-4o-mini", simple), ("gpt-4o", hard)]


def a_loop_is_stopped(customer: Customer) -> list[tuple[str, Answer]]:
    """Ask the same again and again; then the whole scope is blocked, whatever is asked."""
    answers = [customer.ask("Try again.", model="gpt-4o-mini", **HARD) for _ in range(LOOP_CALLS)]

    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert is_refused(answers[-1], "loop")
    until(lambda: state() == "open")
    obeyed()
    other = customer.ask("Something else.", model="gpt-4o-mini", **HARD)
    assert is_refused(other, "loop")
    assert "Router litellm saw calls repeat themselves" in other.error["message"]
    return [("gpt-4o-mini", answer) for answer in answers[:-1]]


def a_while_passes() -> None:
    """Move what was into the past: the block has cooled down, and its calls are long made."""
    until(lambda: Event.objects.count() == 2 + LOOP_CALLS - 1)
    MinuteUse.objects.update(minute=F("minute") - A_WHILE)
    Scope.objects.filter(slug=SUPPORT).update(until=F("until") - A_WHILE)
    keep_up(at=datetime.now(UTC))
    assert state() == "half_open"
    obeyed()


def some_calls_test_it_and_it_runs_again(customer: Customer) -> list[tuple[str, Answer]]:
    tested = [
        customer.ask(f"Test {number}", model="gpt-4o-mini", **HARD) for number in range(TEST_CALLS)
    ]

    assert [answer.status for answer in tested] == [200] * TEST_CALLS
    assert Probe.objects.get().taken == TEST_CALLS
    until(lambda: state() == "closed")
    moves = ScopeStep.objects.filter(scope__slug=SUPPORT).order_by("pk")
    assert list(moves.values_list("to_state", flat=True)) == ["open", "half_open", "closed"]
    obeyed()
    return [("gpt-4o-mini", answer) for answer in tested]


def the_days_budget_ends(customer: Customer) -> list[tuple[str, Answer]]:
    answers: list[Answer] = []
    while not answers or answers[-1].status == 200:
        answers.append(customer.ask(f"Question {len(answers)}", model="gpt-4o", **HARD))

    (*passed, refused) = answers
    assert passed
    assert is_refused(refused, "cap_day")
    cap = Scope.objects.get(slug=SUPPORT).caps.get()
    assert refused.error["cap"] == f"cap:{cap.pk}"
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    resets_at = datetime.fromisoformat(refused.error["resets_at"])
    assert resets_at == midnight + timedelta(days=1)
    assert f"{BUDGET_USD}" in refused.error["message"]
    return [("gpt-4o", answer) for answer in passed]


def is_refused(answer: Answer, code: str) -> bool:
    """Test whether a call was refused by Support, and not tried again by the client."""
    assert (answer.status, answer.error["type"]) == (429, "tokenops_budget")
    assert (answer.error["scope"], answer.error["scope_name"]) == (SUPPORT, "Support")
    assert answer.retries == 0
    return bool(answer.error["code"] == code)


def cost_usd(model: str, answer: Answer) -> Decimal:
    millionths = sum(count * USD[model][kind] for kind, count in answer.tokens.items())
    return Decimal(millionths) / 1_000_000


def total(kind: Any, amount: str) -> Decimal:
    found = kind.objects.aggregate(all=Sum(amount))["all"]
    return Decimal(found or 0)


def state() -> str:
    return Scope.objects.get(slug=SUPPORT).state


def obeyed() -> None:
    number = current_number() or 0
    until(lambda: Sidecar.objects.filter(name="litellm", revision=number).exists())


def test_a_person_stops_a_scope_and_lets_it_go_on(scene: Cast, proxy: Proxy) -> None:
    assert proxy.chat("Hello", model="gpt-4o-mini", **MINE).is_success
    support = Scope.objects.get(slug="unit:support")

    block(scope=support, code="manual", text="Runaway loop.", by=scene.ed, at=datetime.now(UTC))
    obeyed()

    refused = proxy.chat("Hello", model="gpt-4o-mini", **MINE)
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "manual")
    assert refused.json()["error"]["message"].startswith("Runaway loop.")
    others = {**MINE, "metadata": {"workflow": "others"}}
    assert proxy.chat("Hello", model="gpt-4o-mini", **others).is_success

    unblock(scope=support, reason="It was a test.", by=scene.ed, at=datetime.now(UTC))
    obeyed()
    assert proxy.chat("Hello", model="gpt-4o-mini", **MINE).is_success
