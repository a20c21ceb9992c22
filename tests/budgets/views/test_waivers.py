"""The pages of waivers: the list for the board, asking for one, one with its meters."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from budgets.models import Waiver
from budgets.operations.waivers import end_waivers
from ingestion.models import OutcomeDefinition
from org.models import Approval
from tests.budgets.conftest import SignIn
from tests.budgets.operations.test_waivers import NEW_YEAR, profiled
from tests.budgets.views.test_revisions import words
from tests.factories.flex import asked_waiver, signed_waiver
from tests.factories.ingestion import new_slice
from tests.factories.margins import earned, months
from tests.factories.outcomes import defined
from tests.org_cast import Cast

URL = "/economics/waivers/"
ASKED = {
    "definition": "ticket-answered",
    "waived_floor": "60",
    "target": "5000",
    "starts_on": "2026-11-20",
    "expires_on": "2027-05-20",
    "most_usd": "100000.00",
    "reason": "Customers first.",
}


@pytest.fixture
def helpdesk(cast: Cast) -> OutcomeDefinition:
    profiled(cast)
    return defined(cast, at=NEW_YEAR, kind="customer", product="helpdesk")


def test_a_waiver_is_asked_for_by_its_form_and_signed_on_its_page(
    cast: Cast, as_user: SignIn, helpdesk: OutcomeDefinition
) -> None:
    as_user(cast.grace).post(f"{URL}new/", ASKED)
    waiver, asked = Waiver.objects.get(), Approval.objects.get(kind="waiver")

    waits = words(as_user(cast.carl).get(asked.url).content)
    as_user(cast.carl).post(asked.url, {"do": "approve"})
    runs = words(as_user(cast.aud).get(asked.url).content)

    waiver.refresh_from_db()
    assert waiver.state == "signed"
    assert "asks to let the margin of helpdesk fall to 60.0% instead of 75.0%" in waits
    assert "$0.00 of $100,000.00 is used" in runs


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"waived_floor": "80"}, "The waived floor lies from 0% to below the floor of 75.0%."),
        ({"expires_on": "2027-05-21"}, "it expires on 20 May 2027 at the latest."),
        ({"starts_on": "2026-11-19"}, "it allows nothing that is past."),
        ({"most_usd": "x"}, "Enter a number."),
    ],
)
def test_what_does_not_hold_is_said_in_its_field(
    cast: Cast, as_user: SignIn, helpdesk: OutcomeDefinition, changes: dict[str, str], says: str
) -> None:
    answer = as_user(cast.grace).post(f"{URL}new/", ASKED | changes)

    assert answer.status_code == 422
    assert says in words(answer.content)
    assert not Waiver.objects.exists()


def test_the_list_tells_the_running_from_those_that_ended_and_why(
    cast: Cast, as_user: SignIn, helpdesk: OutcomeDefinition, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_waiver(cast, helpdesk, at=NEW_YEAR)
    work = new_slice(workflow="support-drafter")
    for month in months(4):
        earned(cast, month, at=NEW_YEAR, work=work)
    auditor = as_user(cast.aud)
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 5, 1, 12, tzinfo=UTC))

    running = words(auditor.get(URL).content)
    end_waivers(at=datetime(2026, 9, 1, tzinfo=UTC))
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 9, 1, 12, tzinfo=UTC))
    ended = words(auditor.get(URL).content)
    one = words(auditor.get(f"{URL}{Waiver.objects.get().pk}/").content)

    assert "$88,000.00 of $100,000.00 is used; at this pace the rest lasts 0.5 months." in running
    assert "It ended on 1 Jul 2026: it expired. The full floor of 75.0% holds again." in ended
    assert "1 Jul 2026: expired, with $88,000.00 used" in one


@pytest.mark.parametrize("count", [1, 3])
def test_what_ended_costs_the_list_no_more_questions(  # noqa: PLR0917 -- fixtures
    cast: Cast,
    as_user: SignIn,
    helpdesk: OutcomeDefinition,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
    count: int,
) -> None:
    for number in range(count):
        name = f"product-{number}"
        sold = defined(
            cast, at=NEW_YEAR, name=name, workflows=[name], kind="customer", product=name
        )
        signed_waiver(cast, sold, at=NEW_YEAR)
    end_waivers(at=datetime(2026, 7, 2, tzinfo=UTC))
    auditor = as_user(cast.aud)
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 9, 1, 12, tzinfo=UTC))
    auditor.get(URL)

    with django_assert_num_queries(10):
        page = auditor.get(URL)

    assert words(page.content).count("it expired") == count


def test_days_that_are_not_known_are_said_on_its_page(
    cast: Cast, as_user: SignIn, helpdesk: OutcomeDefinition
) -> None:
    waiver = signed_waiver(cast, helpdesk, at=NEW_YEAR)

    page = words(as_user(cast.aud).get(f"{URL}{waiver.pk}/").content)

    assert "is not known, so they are in no figure: nobody told" in page


def test_a_company_whose_profile_allows_none_says_so(cast: Cast, as_user: SignIn) -> None:
    profiled(cast, target="0.4", floor="38")

    page = words(as_user(cast.carl).get(URL).content)

    assert "waivers of the floor need a target of 60.0% or more." in page
    assert "No waiver was ever asked for" in page


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("grace", {"do": "approve"}, 403),
        ("aud", {"do": "withdraw"}, 403),
        ("grace", {"do": "withdraw"}, 302),
        ("carl", {"do": "reject", "reason": ""}, 422),
        ("carl", {"do": "dance"}, 422),
        ("carl", {"do": "approve"}, 302),
        ("greta", {"do": "approve"}, 404),
    ],
)
def test_everybody_does_what_they_may(  # noqa: PLR0917 -- fixtures
    cast: Cast,
    at: datetime,
    as_user: SignIn,
    helpdesk: OutcomeDefinition,
    name: str,
    body: dict[str, Any],
    status: int,
) -> None:
    waiver = asked_waiver(
        cast, helpdesk, at=at, starts_on=date(2026, 11, 20), expires_on=date(2027, 5, 20)
    )

    answer = as_user(getattr(cast, name)).post(f"{URL}{waiver.pk}/", body)

    assert answer.status_code == status


@pytest.mark.parametrize(("name", "status"), [("aud", 403), ("ed", 403), ("greta", 403)])
def test_asking_is_for_the_units_manager_finance_and_the_cfo(
    cast: Cast, as_user: SignIn, helpdesk: OutcomeDefinition, name: str, status: int
) -> None:
    assert as_user(getattr(cast, name)).get(f"{URL}new/").status_code == status
