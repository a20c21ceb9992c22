"""The front page: what is spent, what it is set against, what needs somebody."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from budgets.lifecycle import BudgetAction
from budgets.models import Budget, Initiative
from budgets.operations.budgets import request_budget, take_budget_step
from ingestion.models import Delivery
from org.models import CashPosition, Company, CompanyProfile, Unit, User
from org.queries.calendar import fiscal_year_containing
from policy.models import Scope
from tests.factories.budgets import drafted, spend
from tests.factories.ingestion import new_delivery
from tests.factories.org import UnitFactory
from tests.factories.policy import drafter_scope
from tests.factories.profile import answered
from tests.org_cast import Cast

AT = datetime(2026, 1, 2, tzinfo=UTC)


def opened(client: Client, user: User, url: str = "/") -> str:
    client.force_login(user)
    answer = client.get(url)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.text)


def tile(text: str, label: str) -> str:
    found = re.search(rf'<p class="tile-label">{label}[^<]*</p>(.*?)</div>', text)
    assert found, label
    return re.sub(r"<[^>]+>", " ", found[1])


def book_days(unit: Unit, until: date, usd: int, *, days: int) -> None:
    """Book the same amount to each of the last days before `until`."""
    for back in range(1, days + 1):
        spend(unit, until - timedelta(days=back), f"{usd}.00")


def grant(cast: Cast, today: date, usd: int, *, unit: Unit | None = None) -> Budget:
    budget = request_budget(
        unit=unit or cast.acme,
        fiscal_year=fiscal_year_containing(today),
        core_usd=Decimal(usd),
        experiment_usd=Decimal(0),
        note="The money of the year for what is proven.",
        by=cast.fiona,
        at=AT,
    )
    return take_budget_step(
        budget_id=budget.pk,
        action=BudgetAction.APPROVE,
        by=cast.carl,
        reason="As planned.",
        version=budget.version,
        at=AT,
    )


def test_a_house_that_is_not_set_up_shows_the_first_steps(cast: Cast, client: Client) -> None:
    Company.objects.all().delete()

    text = opened(client, cast.ada)

    assert "Welcome to TokenOps" in text
    assert "Five steps lead from nothing" in text
    assert 'href="/data/imports/new/"' in text


def test_the_first_steps_ask_what_company_it_is_until_that_is_answered(
    cast_unprofiled: Cast, client: Client
) -> None:
    assert 'href="/settings/profile/"' in opened(client, cast_unprofiled.ada)

    CompanyProfile.objects.create(
        people=12,
        gm_target="0.7",
        starts_on=AT.date(),
        recorded_by=cast_unprofiled.carl,
        recorded_at=AT,
    )

    assert 'href="/settings/profile/"' not in opened(client, cast_unprofiled.ada)


def test_before_the_first_usage_one_sentence_and_one_button_say_what_to_do(
    cast: Cast, client: Client
) -> None:
    text = opened(client, cast.fiona)

    assert "No spend yet" in text
    assert "First steps" in text


def test_the_tiles_name_what_is_spent_unallocated_and_unpriced(
    cast: Cast, client: Client, spending: None
) -> None:
    text = opened(client, cast.carl)

    assert "$7.00" in tile(text, "Spend, FY2026 P")
    assert "57.1%" in tile(text, "Unallocated")
    assert "$4.00 belongs to no unit yet" in tile(text, "Unallocated")
    assert "1 model without a price; their cost is unknown" in tile(text, "Unpriced calls")
    assert "No budget is granted" in tile(text, "Core budget used")


def test_a_granted_budget_is_set_beside_core_spend_and_its_pace(
    cast: Cast, client: Client, spending: None, today: date
) -> None:
    grant(cast, today, 365)

    text = opened(client, cast.carl)

    assert "$3.00 of $365.00" in tile(text, "Core budget used")
    assert f"the plan allows ${today.day - 1}.00 by now" in tile(text, "Spend, FY2026 P")
    assert "Acme: $362.00 left of $365.00; " in text
    assert "– to" not in tile(text, "Core forecast")


def test_the_years_forecast_has_its_range_and_the_day_the_money_is_gone(
    cast: Cast, client: Client, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timezone, "now", lambda: at)
    today = date(2026, 11, 20)
    # Two budgets that stand under no other are forecast as one: 3 dollars a day together.
    for unit, usd in ((cast.support, 1), (cast.claims, 2)):
        book_days(unit, today, usd, days=28)
        grant(cast, today, 60 * usd, unit=unit)

    text = tile(opened(client, cast.carl), "Core forecast")

    # 84 are spent, 42 days at 3 are to come; the 96 that are left last 32 days.
    assert "$210.00" in text
    assert "$203.70 to $216.30, $30.00 over budget;" in text
    assert "runs out on 21 December 2026 (between 20 December and 23 December)" in text


def test_a_unit_counts_everything_beneath_it_and_rows_add_up(
    cast: Cast, client: Client, spending: None
) -> None:
    text = opened(client, cast.carl)

    rows = dict(
        re.findall(
            r'<th scope="row"[^>]*>.{0,120}?<a href="/(?:units|rules)/(\w+)/[^"]*">[^<]*</a></th>'
            r' ?<td[^>]*>[^<]*</td> <td class="num">([^<]*)</td>',
            text,
        )
    )
    assert rows == {
        "acme": "$3.00",
        "operations": "$3.00",
        "support": "$1.00",
        "claims": "$2.00",
        "unallocated": "$4.00",
    }


def test_a_manager_sees_her_units_and_no_more(cast: Cast, client: Client, spending: None) -> None:
    text = opened(client, cast.grace)

    assert "$1.00" in tile(text, "Spend, FY2026 P")
    assert "Claims" not in text
    assert "Unallocated" not in text


def test_a_decision_waits_for_who_may_take_it_and_did_not_ask(
    cast: Cast, client: Client, spending: None, today: date
) -> None:
    budget = request_budget(
        unit=cast.support,
        fiscal_year=fiscal_year_containing(today),
        core_usd=Decimal(100),
        experiment_usd=Decimal(0),
        note="The money of the year for what is proven.",
        by=cast.grace,
        at=AT,
    )

    assert 'aria-label="Needs' not in opened(client, cast.grace)
    assert "Decide</a>" in opened(client, cast.carl)
    assert "Decide</a>" not in opened(client, cast.grace)
    assert budget.state == "requested"


def test_what_is_blocked_and_what_failed_is_named_with_its_reason(
    cast: Cast, client: Client
) -> None:
    Scope.objects.create(
        slug="unit:support",
        name="Support",
        unit=cast.support,
        state="open",
        reason_text="The day's cap of $45.00 is spent.",
    )
    new_delivery(filename="bad.csv", state=Delivery.State.FAILED, reason="There is no header.")

    for_fiona = opened(client, cast.fiona)
    for_grace = opened(client, cast.grace)

    for text in (for_fiona, for_grace):
        assert "Support is blocked." in text
        assert "The day&#x27;s cap of $45.00 is spent." in text
    assert "There is no header." in for_fiona
    assert "There is no header." not in for_grace


@pytest.mark.parametrize(("state", "told"), [("sandbox", 1), ("stopped", 0), ("expired", 0)])
def test_a_blocked_experiment_needs_somebody_only_while_it_runs(
    cast: Cast, client: Client, state: str, told: int
) -> None:
    scope = drafter_scope(cast.support)
    made = drafted(cast, at=AT)
    Initiative.objects.filter(pk=made.pk).update(state=state, cost_object=scope.cost_object)
    Scope.objects.filter(pk=scope.pk).update(state="open", reason_text="It loops.")

    assert opened(client, cast.fiona).count("Support drafter is blocked.") == told


def test_five_needs_are_shown_and_the_rest_is_a_link_to_all(cast: Cast, client: Client) -> None:
    Scope.objects.create(slug="org", name="Acme", state="open", reason_text="Spent.")
    for number in range(7):
        new_delivery(filename=f"bad-{number}.csv", state=Delivery.State.FAILED)

    text = opened(client, cast.fiona)

    assert "Acme is blocked." in text
    assert text.count("was not loaded") == 4
    assert '<a href="/data/imports/">and 3 more not loaded</a>' in text


def test_a_failed_file_that_was_loaded_later_needs_nobody(cast: Cast, client: Client) -> None:
    new_delivery(filename="bad.csv", state=Delivery.State.FAILED, sha256="a" * 64)
    new_delivery(filename="good.csv", state=Delivery.State.DONE, sha256="a" * 64)

    assert "bad.csv was not loaded" not in opened(client, cast.fiona)


def told_cash(cast: Cast, *, at: datetime) -> None:
    CashPosition.objects.create(
        as_of=at.date(),
        cash_usd=1_800_000,
        net_burn_usd_per_month=150_000,
        source="Books",
        recorded_by=cast.carl,
        recorded_at=at,
    )


def test_a_startup_sees_how_long_its_cash_lasts_and_what_ai_takes_of_it(
    cast: Cast, client: Client, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timezone, "now", lambda: at)
    answered(cast.carl, at=at, people=40)
    grant(cast, at.date(), 28_000)
    book_days(cast.support, at.date(), 1_000, days=28)
    assert "Tell what the company holds" in tile(opened(client, cast.carl), "Cash lasts to")
    told_cash(cast, at=at)

    text = tile(opened(client, cast.carl), "Cash lasts to")

    # 28 days of $1,000 are spent of $28,000; 42 more follow: $42,000 of $150,000 a month.
    assert "Nov 2027" in text
    assert "8.5 days of it by the year's end" in text
    assert "Cash lasts to" not in opened(client, cast.grace)


def test_a_larger_company_does_not_speak_of_its_cash(cast: Cast, client: Client) -> None:
    told_cash(cast, at=AT)

    assert "Cash lasts to" not in opened(client, cast.carl)


@pytest.mark.parametrize("units", [1, 3])
def test_three_more_units_cost_no_more_queries_than_one(
    cast: Cast,
    client: Client,
    spending: None,
    units: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(units):
        UnitFactory.create(name=f"Team {number}", parent=cast.support)
    client.force_login(cast.carl)

    with django_assert_num_queries(43):
        client.get("/")


@pytest.mark.parametrize("period", ["FY26", "FY26-P01", "last30"])
def test_every_window_has_a_page(cast: Cast, client: Client, spending: None, period: str) -> None:
    assert opened(client, cast.carl, f"/?period={period}").count("<h1") == 1


def test_the_chart_is_of_the_same_window_and_is_not_sent_twice(
    cast: Cast, client: Client, spending: None
) -> None:
    client.force_login(cast.carl)

    first = client.get("/charts/overview.json")
    again = client.get("/charts/overview.json", headers={"If-None-Match": first.headers["ETag"]})

    bars: list[dict[str, Any]] = first.json()["data"]
    assert {bar["name"]: sum(bar["y"]) for bar in bars} == {
        "Claims": 2.0,
        "Support": 1.0,
        "Unallocated": 4.0,
    }
    assert again.status_code == 304


def test_a_budgets_burn_down_is_drawn_for_those_who_may_see_it(
    cast: Cast, client: Client, spending: None, today: date
) -> None:
    budget = grant(cast, today, 365)
    client.force_login(cast.carl)
    drawn = client.get(f"/charts/budgets/{budget.pk}.json").json()
    client.force_login(cast.grace)
    hidden = client.get(f"/charts/budgets/{budget.pk}.json")

    assert "Plan" in [trace.get("name") for trace in drawn["data"]]
    assert hidden.status_code == 404


def test_a_period_is_set_beside_the_one_before_by_the_day(
    cast: Cast, client: Client, today: date
) -> None:
    first = today.replace(day=1)
    for back in range(1, 62):
        spend(cast.support, today - timedelta(days=back), "10.00")
    days = (today - first).days

    text = opened(client, cast.carl)

    if days:  # on the first of a month none of its days is over
        assert "as much as FY2026 P" in tile(text, "Spend, FY2026 P")
        assert f"{days} day" in tile(text, "Spend, FY2026 P")
