"""The pages of units: the tree with its money, one unit by itself."""

from datetime import date, datetime

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from ingestion.operations.rules import RuleDraft, publish_rules
from tests.dashboard.views.test_overview import book_days, grant
from tests.factories.org import UnitFactory
from tests.org_cast import Cast


def opened(client: Client, cast: Cast, name: str, url: str) -> str:
    client.force_login(getattr(cast, name))
    return client.get(url).text


def test_the_tree_offers_changes_to_those_who_may_make_them(
    cast: Cast, client: Client, spending: None
) -> None:
    for_fiona = opened(client, cast, "fiona", "/units/")
    for_grace = opened(client, cast, "grace", "/units/")

    assert 'href="/units/new/"' in for_fiona
    assert 'href="/units/claims/edit/"' in for_fiona
    assert "Claims" not in for_grace
    assert 'href="/units/new/"' not in for_grace
    assert "42.9% of the spend" in for_fiona


def test_a_unit_shows_models_rules_and_where_its_money_goes(
    cast: Cast, client: Client, spending: None, at: object
) -> None:
    publish_rules(
        drafts=[RuleDraft("Replies", {"workflow": "reply"}, cast.support.pk)],
        reason="First",
        by=cast.fiona,
        at=at,  # type: ignore[arg-type]
    )

    text = opened(client, cast, "grace", "/units/support/")

    assert '<th scope="row">openai · gpt-5</th><td class="num">$1.00' in text
    assert '<th scope="row">openai · gpt-x</th><td class="num">unpriced' in text
    assert "workflow is reply" in text
    assert "Why slice" in text
    assert "their cost is unknown" in text


def test_a_unit_with_a_budget_says_what_is_left_and_when_it_runs_out(
    cast: Cast, client: Client, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timezone, "now", lambda: at)
    today = date(2026, 11, 20)
    grant(cast, today, 1_000, unit=cast.support)
    book_days(cast.support, today, 5, days=5)

    text = opened(client, cast, "grace", "/units/support/")

    assert "$975.00 left of $1,000.00; too little history to say when it runs out: 5 days." in text


def test_a_unit_of_somebody_else_is_not_there(cast: Cast, client: Client) -> None:
    client.force_login(cast.grace)

    assert client.get("/units/claims/").status_code == 404


@pytest.mark.parametrize("units", [1, 3])
def test_the_tree_takes_as_many_queries_for_three_more_units_as_for_one(
    cast: Cast,
    client: Client,
    spending: None,
    units: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(units):
        UnitFactory.create(name=f"Team {number}", parent=cast.support)
    client.force_login(cast.carl)

    with django_assert_num_queries(19):
        client.get("/units/")
