"""The loop closed: TokenOps publishes, LiteLLM obeys, and what it spent is what TokenOps counts.

The same by hand stands in docs/sidecar.md.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.urls import Resolver404, resolve

from ingestion.models import Event, UnitDay
from ingestion.operations.prices import OwnPrices, set_prices
from ingestion.operations.rules import RuleDraft, publish_rules
from org.operations.tokens import issue_token
from policy.models import Scope, Sidecar
from policy.operations.breaker import block, unblock
from policy.operations.hierarchy import Ranking, rank_models
from policy.operations.publish import publish
from policy.queries.revisions import current_number
from tests.factories.policy import cap, unit_scope
from tests.live import Web, until
from tests.loop.proxy import Proxy, environment_of, needs_litellm
from tests.org_cast import Cast, gather


def _lends() -> bool:
    try:
        return bool(resolve("/api/v1/leases"))
    except Resolver404:
        return False


pytestmark = [
    pytest.mark.loop,
    pytest.mark.workers,
    pytest.mark.django_db(transaction=True),
    needs_litellm,
    pytest.mark.skipif("not _lends()", reason="This server leases nothing."),
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


def cost_usd(answer: httpx.Response, model: str) -> Decimal:
    usage, usd = answer.json()["usage"], USD[model]
    millionths = int(usage["prompt_tokens"]) * usd["in_text"]
    millionths += int(usage["completion_tokens"]) * usd["out_text"]
    return millionths / 1_000_000


def counted_usd() -> Decimal:
    """Return what TokenOps counts for today, whoever it is of."""
    costs: list[Decimal] = list(UnitDay.objects.values_list("cost_usd", flat=True))
    return sum(costs, Decimal(0))


def obeyed() -> None:
    number = current_number() or 0
    until(lambda: Sidecar.objects.filter(name="litellm", revision=number).exists())


def test_what_was_let_through_is_what_is_counted_and_no_more_than_the_budget(
    scene: Cast, proxy: Proxy
) -> None:
    answers: list[tuple[str, httpx.Response]] = []
    while not answers or answers[-1][1].is_success:
        model = ("gpt-4o", "gpt-4o-mini")[len(answers) % 2]
        answers.append((model, proxy.chat(f"Question {len(answers)}", model=model, **MINE)))

    (*passed, (_, refused)) = answers
    spent = sum((cost_usd(answer, model) for model, answer in passed), Decimal(0))
    until(lambda: Event.objects.count() == len(passed))
    until(lambda: counted_usd() == spent)
    assert len(passed) >= 4
    assert spent <= BUDGET_USD
    error = refused.json()["error"]
    assert (refused.status_code, error["type"]) == (429, "tokenops_budget")
    assert (error["code"], error["scope"], error["scope_name"]) == (
        "cap_day",
        "unit:support",
        "Support",
    )
    assert error["resets_at"] is not None


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
