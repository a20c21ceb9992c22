"""The pages of flex rules: proposing, signing, the table of a budget, scaling by a click."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from budgets.models import Budget, FlexRule, FlexStep
from ingestion.models import OutcomeDefinition
from org.models import Approval
from tests.budgets.conftest import SignIn
from tests.budgets.views.test_revisions import words
from tests.factories.budgets import granted_budget
from tests.factories.flex import NOVEMBER, counted, proposed, signed, used
from tests.factories.outcomes import defined
from tests.org_cast import Cast

PROPOSAL = {
    "do": "ask",
    "definition": "ticket-answered",
    "starts_on": "2026-11-01",
    "fixed_usd": "0",
    "tokens_per_unit": "12000",
    "usd_per_mtok": "35",
    "planned_volumes": "100000 100000",
    "standard_mix": "",
    "unit_cost_room": "1.10",
    "volume_room": "1.50",
    "reason": "Tickets follow the season.",
}


@pytest.fixture
def tickets(cast: Cast, at: datetime) -> OutcomeDefinition:
    return defined(cast, at=at)


@pytest.fixture
def budget(cast: Cast, at: datetime) -> Budget:
    return granted_budget(cast, core="504000.00", at=at)


@pytest.fixture
def december(at: datetime, as_user: SignIn, monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Let the clock stand where the figures of November are final."""
    later = at + timedelta(days=18)
    monkeypatch.setattr(timezone, "now", lambda: later)
    return later


def november(
    cast: Cast, tickets: OutcomeDefinition, at: datetime, *, volume: int = 130_000
) -> None:
    used(cast.claims, NOVEMBER[0], "1", tokens=1)
    used(cast.support, date(2026, 11, 30), str(volume * 11 // 25), tokens=volume * 13_750)
    counted(cast, tickets, NOVEMBER, volume, at=at)


def test_a_rule_is_proposed_by_its_form_and_signed_from_the_inbox(
    cast: Cast, as_user: SignIn, budget: Budget, tickets: OutcomeDefinition
) -> None:
    url = f"/budgets/{budget.pk}/flex/"

    empty = words(as_user(cast.grace).get(url).content)
    asked = words(as_user(cast.grace).post(url, PROPOSAL, follow=True).content)
    inbox = as_user(cast.carl).get("/approvals/").content.decode()
    rule = FlexRule.objects.get()
    signed_page = words(
        as_user(cast.carl).post(url, {"do": "approve", "rule": rule.pk}, follow=True).content
    )

    assert "No flex rule yet" in empty
    assert "You asked for this yourself: another person has to decide." in asked or (
        "Only a CFO of Support decides this." in asked
    )
    assert f'href="{url}"' in inbox
    assert "Rule 1, signed by Carl" in signed_page
    assert Approval.objects.get(kind="flex-rule").state == "approved"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"planned_volumes": "100000"}, "it needs 2 volumes; there are 1."),
        ({"planned_volumes": "a b"}, "Volume 1 must be a number of zero or more"),
        ({"standard_mix": "mid 1"}, "Line 1: write a tier, its share and its price"),
        ({"standard_mix": "mid 1 30"}, "they must be the same to the cent"),
        ({"tokens_per_unit": "0"}, "Standard tokens must be above zero"),
        ({"definition": "nothing"}, "Select a valid choice"),
    ],
)
def test_what_does_not_hold_is_said_in_its_field_and_nothing_is_kept(  # noqa: PLR0917 -- fixtures
    cast: Cast,
    as_user: SignIn,
    budget: Budget,
    tickets: OutcomeDefinition,
    changes: dict[str, str],
    says: str,
) -> None:
    answer = as_user(cast.grace).post(f"/budgets/{budget.pk}/flex/", PROPOSAL | changes)

    assert answer.status_code == 422
    assert says in words(answer.content)
    assert not FlexRule.objects.exists()


def test_work_that_is_counted_in_calls_is_not_even_offered(
    cast: Cast, at: datetime, as_user: SignIn, budget: Budget
) -> None:
    defined(cast, at=at, name="Calls made", unit_of_work="call")

    page = words(as_user(cast.grace).get(f"/budgets/{budget.pk}/flex/").content)

    assert "No outcome of Support is defined that a system of the business counts." in page


def test_the_budgets_page_has_the_table_and_the_sentence(  # noqa: PLR0917 -- fixtures
    cast: Cast,
    at: datetime,
    budget: Budget,
    tickets: OutcomeDefinition,
    as_user: SignIn,
    december: datetime,
) -> None:
    signed(cast, budget, tickets, at=at)
    november(cast, tickets, at)

    page = words(as_user(cast.aud).get(f"/budgets/{budget.pk}/").content)

    assert "Spending is $2,600.00 over what the volume allows" in page
    for figure in ("100,000", "130,000", "$54,600.00", "$57,200.00", "$12,600.00"):
        assert figure in page
    assert "−$5,362.50" in page
    assert "$7,962.50" in page


def test_a_click_scales_once_and_what_lies_beyond_waits_on_the_page(  # noqa: PLR0917 -- fixtures
    cast: Cast,
    at: datetime,
    budget: Budget,
    tickets: OutcomeDefinition,
    as_user: SignIn,
    december: datetime,
) -> None:
    signed(cast, budget, tickets, at=at)
    november(cast, tickets, at, volume=160_000)
    url = f"/budgets/{budget.pk}/flex/"

    offered = "Scale the budget now" in words(as_user(cast.grace).get(url).content)
    scaled = words(as_user(cast.grace).post(url, {"do": "scale"}, follow=True).content)
    again = as_user(cast.grace).post(url, {"do": "scale"})
    step = FlexStep.objects.get()
    as_user(cast.carl).post(url, {"do": "approve", "step": step.pk})

    budget.refresh_from_db()
    step.refresh_from_db()
    assert offered
    assert "$4,200.00 of FY2026 P11 wait for a signature" in scaled
    assert "Extra volume needs a signature." in scaled
    assert again.status_code == 409
    assert (step.state, budget.core_usd) == ("signed", Decimal(529_200))


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("aud", {"do": "scale"}, 403),
        ("ed", PROPOSAL, 403),
        ("grace", {"do": "approve", "rule": "RULE"}, 403),
        ("carl", {"do": "approve", "rule": "RULE"}, 302),
        ("carl", {"do": "approve", "rule": "999999"}, 422),
        ("carl", {"do": "dance", "rule": "RULE"}, 422),
        ("carl", {"do": "reject", "rule": "RULE", "reason": ""}, 422),
        ("greta", {"do": "approve", "rule": "RULE"}, 404),
    ],
)
def test_everybody_does_what_they_may(  # noqa: PLR0917 -- fixtures
    cast: Cast,
    at: datetime,
    as_user: SignIn,
    budget: Budget,
    tickets: OutcomeDefinition,
    name: str,
    body: dict[str, Any],
    status: int,
) -> None:
    rule = proposed(cast, budget, tickets, at=at)
    given = {key: str(rule.pk) if value == "RULE" else value for key, value in body.items()}

    answer = as_user(getattr(cast, name)).post(f"/budgets/{budget.pk}/flex/", given)

    assert answer.status_code == status


@pytest.mark.parametrize("rules", [1, 3])
def test_the_page_asks_as_much_of_the_database_for_three_rules_as_for_one(  # noqa: PLR0917 -- fixtures
    cast: Cast,
    at: datetime,
    as_user: SignIn,
    budget: Budget,
    tickets: OutcomeDefinition,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    rules: int,
) -> None:
    for _ in range(rules):
        signed(cast, budget, tickets, at=at)
    client = as_user(cast.aud)
    client.get(f"/budgets/{budget.pk}/flex/")

    with django_assert_max_num_queries(28):
        client.get(f"/budgets/{budget.pk}/flex/")
