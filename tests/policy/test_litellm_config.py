"""The policy as LiteLLM's configuration: its keys, and a word on what it cannot keep."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import yaml
from django.test import Client
from django.utils import timezone

from org.models import User
from policy.litellm_config import litellm_config
from policy.models import PolicyRevision
from policy.operations.breaker import block
from policy.operations.hierarchy import Ranking, rank_models
from policy.operations.publish import publish
from tests.factories.org import new_token
from tests.factories.policy import cap, org_scope, unit_scope
from tests.factories.quotas import quota
from tests.org_cast import Cast

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def model(name: str, tier: str, *, provider: str = "openai", **usd: str) -> dict[str, Any]:
    prices = {"in_text": "1.25", "out_text": "10"} | usd
    return {"provider": provider, "model": name, "tier": tier, "usd_per_mtok": prices}


def scope(id_: str, parent: str | None, *caps: dict[str, Any], **values: Any) -> dict[str, Any]:
    plain = {"state": "closed", "reason": None, "max_tier": None}
    return {"id": id_, "name": id_.title(), "parent": parent, "caps": list(caps)} | plain | values


def limited(limit_usd: str, window: str = "day", mode: str = "hard") -> dict[str, Any]:
    return {"id": f"cap:{limit_usd}", "limit_usd": limit_usd, "window": window, "mode": mode}


def written(*scopes: dict[str, Any], models: tuple[dict[str, Any], ...] = ()) -> str:
    return litellm_config(
        {
            "revision": 7,
            "issued_at": "2026-11-20T12:00:00Z",
            "tiers": ["local", "economy", "mid", "frontier"],
            "models": models,
            "scopes": scopes,
        }
    )


def read(*scopes: dict[str, Any], models: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(written(*scopes, models=models))
    return found


def test_an_empty_policy_is_a_valid_configuration() -> None:
    assert read(scope("org", None)) == {
        "model_list": [],
        "router_settings": {"routing_strategy": "cost-based-routing"},
        "litellm_settings": {},
    }


def test_each_model_stands_by_its_name_and_in_the_group_of_its_tier() -> None:
    entries = read(scope("org", None), models=(model("gpt-5", "frontier", in_cache_read="0.125"),))[
        "model_list"
    ]

    assert [entry["model_name"] for entry in entries] == ["gpt-5", "tier-frontier"]
    assert entries[0]["litellm_params"] == {
        "model": "openai/gpt-5",
        "api_key": "os.environ/OPENAI_API_KEY",
        "input_cost_per_token": 0.00000125,
        "output_cost_per_token": 0.00001,
        "cache_read_input_token_cost": 0.000000125,
    }


def test_costs_are_written_to_the_last_digit() -> None:
    text = written(scope("org", None), models=(model("m", "mid", in_text="0.0375"),))

    assert "input_cost_per_token: 0.0000000375\n" in text


def test_providers_go_by_the_names_of_litellm() -> None:
    models = (
        model("claude", "mid", provider="aws"),
        model("gemini-3", "mid", provider="google"),
        model("grok", "mid", provider="x-ai"),
    )

    params = [
        entry["litellm_params"] for entry in read(scope("org", None), models=models)["model_list"]
    ]

    assert [each["model"] for each in params[:3]] == [
        "bedrock/claude",
        "gemini/gemini-3",
        "xai/grok",
    ]
    assert "api_key" not in params[0]
    assert params[1]["api_key"] == "os.environ/GEMINI_API_KEY"


def test_a_tier_falls_back_to_the_next_cheaper_one_that_has_a_model() -> None:
    models = (model("a", "frontier"), model("b", "economy"), model("c", "local"))

    settings = read(scope("org", None), models=models)["router_settings"]

    assert settings["fallbacks"] == [
        {"tier-frontier": ["tier-economy"]},
        {"tier-economy": ["tier-local"]},
    ]


def test_the_shortest_hard_cap_of_the_company_is_the_budget_of_the_proxy() -> None:
    caps = (limited("9000.00", "period"), limited("450.00"), limited("1.00", mode="soft"))

    config = read(scope("org", None, *caps), models=(model("a", "mid"),))

    assert config["litellm_settings"] == {"max_budget": 450, "budget_duration": "1d"}
    assert config["router_settings"]["provider_budget_config"] == {
        "openai": {"budget_limit": 450, "time_period": "1d"}
    }


def test_a_scope_is_a_tag_with_a_budget_and_a_blocked_one_has_next_to_none() -> None:
    blocked = scope(
        "unit:claims", "org", state="open", reason={"text": "It\nloops: everything burns."}
    )

    config = read(scope("org", None), scope("unit:support", "org", limited("45.50")), blocked)

    assert config["litellm_settings"]["tag_budget_config"] == {
        "unit:support": {"max_budget": 45.5, "budget_duration": "1d"},
        "unit:claims": {"max_budget": 1e-12, "budget_duration": "1d"},
    }


def test_dollars_of_each_person_are_the_budget_of_internal_users() -> None:
    person = {"id": "quota:4", "metric": "usd", "window": "month", "limit": "20", "mode": "hard"}
    company = scope("org", None, quotas=[person | {"per": "person"}])

    assert read(company)["litellm_settings"] == {
        "max_internal_user_budget": 20,
        "internal_user_budget_duration": "1mo",
    }


def test_what_it_cannot_keep_is_said() -> None:
    calls = {"id": "quota:5", "metric": "calls", "window": "day", "limit": "50", "mode": "hard"}
    text = written(
        scope("org", None, limited("450.00"), limited("9000.00", "total")),
        scope("unit:support", "org", max_tier="mid", quotas=[calls | {"per": "person"}]),
    )

    assert "#   * Org: $9000.00 total cap (hard).\n" in text
    assert "#   * Unit:Support: no model above mid.\n" in text
    assert "#   * Unit:Support: quota of 50 calls in day per person.\n" in text


@pytest.fixture
def house(cast: Cast) -> Cast:
    rank_models(
        rankings=[Ranking(provider="openai", model="gpt-5", tier="frontier")],
        reason="By price.",
        by=cast.ed,
        at=AT,
    )
    cap(org_scope(), "450.00")
    block(scope=unit_scope(cast.support), code="stopped", text="Loops.", by=cast.ed, at=AT)
    quota("20", by=cast.ed, metric="usd", window="month", scope="org")
    publish(cause="", by=None, at=AT)
    return cast


def asked(client: Client, user: User, query: str) -> Any:
    secret = f"tok_{user.username}"
    new_token(secret=secret, user=user, scopes=["policy:read"], created_at=timezone.now())
    return client.get(f"/api/v1/policy?{query}", headers={"Authorization": f"Bearer {secret}"})


def test_it_is_served_to_who_reads_the_policy(house: Cast, client: Client) -> None:
    answer = asked(client, house.ed, "format=litellm")

    config = yaml.safe_load(answer.content)
    revision = PolicyRevision.objects.latest("number")
    assert answer["Content-Type"] == "application/yaml"
    assert answer.content.decode() == litellm_config(json.loads(bytes(revision.body)))
    assert config["litellm_settings"]["max_budget"] == Decimal(450)
    assert config["litellm_settings"]["tag_budget_config"]["unit:support"]["max_budget"] == 1e-12
    assert config["litellm_settings"]["max_internal_user_budget"] == 20
    client.force_login(house.aud)
    assert client.get("/api/v1/policy?format=litellm").status_code == 200
    assert client.get("/api/v1/policy?format=json").content == bytes(revision.body)


def test_another_format_and_another_reader_are_refused(house: Cast, client: Client) -> None:
    assert asked(client, house.ed, "format=toml").status_code == 422
    assert asked(client, house.grace, "format=litellm").status_code == 403
