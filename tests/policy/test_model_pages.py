"""The models' pages and REST: the hierarchy read, a model ranked, a change decided."""

from datetime import datetime

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from policy.models import ModelTier, Tier
from policy.operations.hierarchy import Ranking, rank_models
from policy.queries.hierarchy import hierarchy_on
from tests.org_cast import Cast

FIELDS = {"provider": "acme", "model": "mini-1", "tier": "mid", "reason": "By price."}
PAGE = "/models/hierarchy/"


@pytest.fixture
def ed(cast: Cast, client: Client, at: datetime, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(timezone, "now", lambda: at)
    client.force_login(cast.ed)
    return client


def rank(cast: Cast, at: datetime, count: int = 1) -> None:
    named = [Ranking(provider="acme", model=f"mini-{n + 1}", tier="mid") for n in range(count)]
    rank_models(rankings=named, reason="By price.", by=cast.ed, at=at)


def test_an_engineer_ranks_a_model_and_reads_it_in_the_table(ed: Client) -> None:
    answer = ed.post(PAGE, FIELDS, follow=True)

    text = " ".join(answer.content.decode().split())
    assert answer.redirect_chain == [(PAGE, 302)]
    assert "mini-1 is ranked." in text
    [row] = answer.context["rows"]
    assert (row.tier, row.row.by.username, row.row.reason) == (Tier.MID, "ed", "By price.")


def test_a_change_waits_on_the_page_until_finance_agrees(
    ed: Client, cast: Cast, at: datetime
) -> None:
    rank(cast, at)

    asked = ed.post(PAGE, FIELDS | {"tier": "frontier"}, follow=True)

    text = asked.content.decode()
    assert "mini-1 waits for a decision." in text
    assert "Waits for a decision: mini-1: mid to frontier" in text
    assert "Agree" not in text
    row = ModelTier.objects.latest("pk")
    ed.force_login(cast.fiona)
    agreed = ed.post(f"{PAGE}{row.pk}/", {"do": "approve"}, follow=True)
    assert "mini-1: mid to frontier: approved." in agreed.content.decode()
    assert hierarchy_on(at.date()).tier(("acme", "mini-1")) == Tier.FRONTIER


def test_a_refusal_stands_on_the_page_with_its_status(ed: Client, cast: Cast, at: datetime) -> None:
    rank(cast, at)

    again = ed.post(PAGE, FIELDS)
    nothing = ed.post(f"{PAGE}77/", {"do": "approve"})

    assert (again.status_code, nothing.status_code) == (422, 404)
    assert "It stands in mid already." in again.content.decode()
    assert "No decision was ever requested for this model-tier." in nothing.content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_asks_as_many_questions_for_one_model_as_for_three(
    ed: Client, cast: Cast, at: datetime, count: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    rank(cast, at, count)
    ed.get(PAGE)

    with django_assert_num_queries(12):
        ed.get(PAGE)


def test_managers_and_strangers_do_not_see_the_models(ed: Client, cast: Cast) -> None:
    for user in (cast.grace, cast.stan):
        ed.force_login(user)
        assert ed.get(PAGE).status_code == 403
        assert ed.get("/api/v1/models").status_code == 403


def test_rest_tells_the_hierarchy_of_a_day(ed: Client, cast: Cast, at: datetime) -> None:
    rank(cast, at)

    told = ed.get("/api/v1/models?on=2026-11-20").json()

    assert told == {
        "on": "2026-11-20",
        "tiers": ["local", "economy", "mid", "frontier"],
        "results": [
            {
                "provider": "acme", "model": "mini-1", "task_type": "", "tier": "mid",
                "batch": False, "since": None, "reason": "By price.", "by": "Ed",
                "recorded_at": "2026-11-20T12:00:00Z",
            }
        ],
        "next": None,
    }  # fmt: skip
    wrong = ed.get("/api/v1/models?on=friday")
    assert wrong.status_code == 422
    assert wrong.json()["detail"] == "'friday' is no day: write it as YYYY-MM-DD."
