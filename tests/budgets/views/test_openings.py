"""Telling on a page, or over REST, what was spent before usage was loaded."""

import re
from datetime import date, datetime
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from budgets.models import Budget, OpeningBalance
from budgets.queries.standing import standing_of
from org.models import Approval
from tests.budgets.conftest import SignIn
from tests.budgets.operations.test_openings import opened
from tests.factories.budgets import granted_budget, spend
from tests.org_cast import Cast


@pytest.fixture
def budget(cast: Cast, at: datetime) -> Budget:
    made = granted_budget(cast, at=at)
    spend(cast.support, date(2026, 10, 11), "100.00")
    return made


def words(content: bytes) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", content.decode())))


def typed(**changes: Any) -> dict[str, Any]:
    version = Budget.objects.get().version
    return {"version": version, "source": "Invoices", "reason": "We began late.", **changes}


def test_it_is_told_by_period_approved_and_shown_as_its_own_line(
    cast: Cast, at: datetime, as_user: SignIn, budget: Budget
) -> None:
    url = f"/budgets/{budget.pk}/opening/"
    form = as_user(cast.grace).get(url).content.decode()
    assert 'name="period_10"' in form
    assert 'name="period_11"' not in form

    asked = as_user(cast.grace).post(url, typed(period_1="200.00"), follow=True)
    assert "An opening balance waits for a decision." in words(asked.content)
    decide = f"/approvals/{Approval.objects.get(kind='opening').pk}/"
    page = words(as_user(cast.carl).get(decide).content)
    assert "Grace asks to count $200.00 that Support spent in FY2026" in page
    assert "$200.00, 1 Jan 2026 to 31 Jan 2026" in page
    assert "No usage is loaded of these days" in page
    version = Budget.objects.get().version
    as_user(cast.carl).post(decide, {"action": "grant_opening", "version": version})

    shown = words(as_user(cast.grace).get(f"/budgets/{budget.pk}/").content)
    assert "Before TokenOps: $200.00 of what is used" in shown
    assert "$700.00 left of $1,000.00" in shown
    assert "1 Jan 2026 until before 1 Feb 2026 $200.00 Invoices We began late. Grace" in shown


def test_a_file_stands_for_the_amounts(
    cast: Cast, at: datetime, as_user: SignIn, budget: Budget
) -> None:
    url = f"/budgets/{budget.pk}/opening/"
    bad = SimpleUploadedFile("before.csv", b"period,amount_usd\n14,1\n")
    good = SimpleUploadedFile("before.csv", b"period,amount_usd\n1,200\n2,80.50\n")

    refused = as_user(cast.grace).post(url, typed(file=bad))
    taken = as_user(cast.grace).post(url, typed(file=good))

    assert refused.status_code == 422
    assert "Line 2: “14” is no period of the year" in words(refused.content)
    assert taken.status_code == 302
    assert Approval.objects.get(kind="opening").amount_usd == Decimal("280.50")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Name what was spent in one period at least."),
        ({"period_1": "-5"}, "greater than or equal to 0"),
        ({"period_1": "5", "source": ""}, "This field is required."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_asked(
    cast: Cast, as_user: SignIn, budget: Budget, given: dict[str, str], said: str
) -> None:
    answer = as_user(cast.grace).post(f"/budgets/{budget.pk}/opening/", typed(**given))

    assert answer.status_code == 422
    assert said in words(answer.content)
    assert not Approval.objects.filter(kind="opening").exists()


@pytest.mark.parametrize(("name", "status"), [("aud", 403), ("ed", 403), ("greta", 404)])
def test_who_may_not_ask_gets_403_and_who_may_not_see_404(
    cast: Cast, as_user: SignIn, budget: Budget, name: str, status: int
) -> None:
    client = as_user(getattr(cast, name))

    answer = client.post(f"/budgets/{budget.pk}/opening/", typed(period_1="5"))

    assert answer.status_code == status
    assert not Approval.objects.filter(kind="opening").exists()


def test_days_counted_twice_are_said_on_the_page(
    cast: Cast, at: datetime, as_user: SignIn, budget: Budget
) -> None:
    opened(cast, budget, {1: "5.00"}, at=at)
    spend(cast.support, date(2026, 1, 20), "3.00")

    page = words(as_user(cast.grace).get(f"/budgets/{budget.pk}/").content)

    assert "Days are counted twice. Usage of Support is loaded from 20 Jan 2026 on" in page


def test_nothing_is_offered_where_usage_begins_with_the_year(
    cast: Cast, at: datetime, as_user: SignIn, budget: Budget
) -> None:
    spend(cast.support, date(2026, 1, 1), "3.00")

    actions = as_user(cast.grace).get(f"/api/v1/budgets/{budget.pk}").json()["actions"]

    assert actions == ["ask_revision"]


def test_rest_tells_and_decides_it(
    cast: Cast, at: datetime, as_user: SignIn, budget: Budget
) -> None:
    url = f"/api/v1/budgets/{budget.pk}/actions"
    body = {
        "version": Budget.objects.get().version,
        "reason": "We began late.",
        "source": "Invoices",
        "periods": [{"period": 1, "amount_usd": "200.00"}],
    }
    asked = as_user(cast.grace).post(f"{url}/ask_opening", body, content_type="application/json")
    assert asked.status_code == 200, asked.content
    decision = {"version": asked.json()["version"], "reason": ""}
    granted = as_user(cast.carl).post(
        f"{url}/grant_opening", decision, content_type="application/json"
    )

    shown = granted.json()
    assert (shown["core"]["opening_usd"], shown["core"]["actual_usd"][:6]) == ("200.00", "300.00")
    assert shown["openings"] == [
        {
            "period": 1,
            "number": 1,
            "starts_on": "2026-01-01",
            "ends_on": "2026-02-01",
            "amount_usd": "200.00",
            "source": "Invoices",
            "reason": "We began late.",
            "requested_by": "grace",
            "decided_by": "carl",
        }
    ]
    assert standing_of(budget=budget, on=at.date()).core.opening_usd == 200
    assert OpeningBalance.objects.count() == 1
    wrong = as_user(cast.grace).post(
        f"{url}/ask_revision",
        body | {"version": shown["version"]},
        content_type="application/json",
    )
    assert wrong.status_code == 422
