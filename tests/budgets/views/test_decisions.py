"""The decision page: the ask, the checks, the money before and after, the buttons."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from budgets.models import Budget, Initiative
from org.models import Approval
from tests.budgets.conftest import SignIn
from tests.factories.budgets import (
    asked_budget,
    granted_budget,
    requested,
    stepped,
    take_effect,
)
from tests.org_cast import Cast


def page_of(approval: Approval) -> str:
    return f"/approvals/{approval.pk}/"


def waiting(kind: str) -> Approval:
    return Approval.objects.get(kind=kind, state="pending")


def test_it_says_the_ask_in_one_sentence_with_terms_checks_and_the_pools_effect(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    granted_budget(cast, at=at)
    requested(cast, at=at)

    page = as_user(cast.carl).get(page_of(waiting("initiative"))).content.decode()

    assert (
        "Grace asks for $100.00 from the pool of Support to run “Support drafter” from"
        " 20 Nov 2026 until 20 Dec 2026." in page
    )
    assert "workflow is support-drafter" in page
    assert "The pool has $500.00 left; $100.00 is asked." in page
    assert "$400.00" in page


def test_a_budget_says_what_it_does_to_the_budget_above(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    granted_budget(cast, unit=cast.operations, core="5000.00", pool="900.00", at=at)
    asked_budget(cast, at=at)

    page = as_user(cast.carl).get(page_of(waiting("budget"))).content.decode()

    assert "Fiona asks for $1,500.00 for Support in FY2026." in page
    assert "Core of Operations" in page
    assert "$4,000.00" in page


@pytest.mark.parametrize(
    ("action", "state"), [("approve", "sandbox"), ("reject", "rejected"), ("ask", "draft")]
)
def test_each_button_decides(
    cast: Cast, at: datetime, as_user: SignIn, action: Any, state: Any
) -> None:
    granted_budget(cast, at=at)
    asked = requested(cast, at=at)

    answer = as_user(cast.carl).post(
        page_of(waiting("initiative")),
        {"action": action, "version": asked.version, "reason": "Which tickets?"},
        follow=True,
    )

    take_effect(at=at)
    assert answer.status_code == 200
    assert Initiative.objects.get().state == state


def less(asked: Initiative, **typed: str) -> dict[str, Any]:
    """Return what the form to approve less sends, where only `typed` was touched."""
    form = {"cap_usd": "100.00", "daily_cap_usd": "10.00", "ends_on": "2026-12-20", "reason": ""}
    sent = {f"grant-{name}": value for name, value in (form | typed).items()}
    return {"action": "less", "version": asked.version, **sent}


def test_less_is_approved_by_a_form_that_is_filled_with_what_was_asked(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    granted_budget(cast, at=at)
    asked = requested(cast, at=at)
    url, client = page_of(waiting("initiative")), as_user(cast.carl)

    before = client.get(url).content.decode()
    client.post(url, less(asked, cap_usd="62.50", reason="Start with one team."))
    take_effect(at=at)
    after = client.get(url).content.decode()
    own = client.get("/initiatives/support-drafter/").content.decode()

    assert 'name="grant-cap_usd" value="100.00"' in before
    assert 'name="grant-ends_on" value="2026-12-20"' in before
    assert Initiative.objects.get().cap_usd == Decimal("62.50")
    assert "Grace asks for $100.00" in after
    for page in (after, own):
        assert "Less was granted than asked" in page
        assert '<th scope="row">Cap</th><td class="num">$100.00</td><td class="num">$62.50' in page
        assert "Start with one team." in page
    assert "Cap $100.00 asked, $62.50 granted. Start with one team." in own


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"cap_usd": "100.01"}, "A cap of $100.00 was asked: grant that or less."),
        ({"cap_usd": "much"}, "Enter a number."),
        ({"cap_usd": "50.00", "reason": ""}, "This field is required."),
    ],
)
def test_what_cannot_be_granted_is_said_at_its_field_and_stays_typed(
    cast: Cast, at: datetime, as_user: SignIn, typed: dict[str, str], said: str
) -> None:
    granted_budget(cast, at=at)
    asked = requested(cast, at=at)

    answer = as_user(cast.carl).post(
        page_of(waiting("initiative")), less(asked, **{"reason": "Small first.", **typed})
    )

    page = answer.content.decode()
    assert answer.status_code == 422
    assert said in page
    assert f'value="{typed["cap_usd"]}"' in page
    assert '<details class="disclosure" open>' in page
    assert Initiative.objects.get().state == "requested"


@pytest.mark.parametrize("name", ["grace", "aud"])
def test_who_does_not_decide_has_no_form_to_approve_less(
    cast: Cast, at: datetime, as_user: SignIn, name: str
) -> None:
    granted_budget(cast, at=at)
    asked = requested(cast, at=at)
    url, client = page_of(waiting("initiative")), as_user(getattr(cast, name))

    answer = client.post(url, less(asked, cap_usd="50.00", reason="Small first."))

    assert "Approve less" not in client.get(url).content.decode()
    assert answer.status_code == 403
    assert Initiative.objects.get().state == "requested"


def test_a_budget_is_approved_here_too(cast: Cast, at: datetime, as_user: SignIn) -> None:
    budget = asked_budget(cast, at=at)

    as_user(cast.carl).post(
        page_of(waiting("budget")), {"action": "approve", "version": budget.version}
    )
    take_effect(at=at)

    assert Budget.objects.get().state == "active"


def test_who_asked_sees_the_buttons_off_and_why(cast: Cast, at: datetime, as_user: SignIn) -> None:
    budget = asked_budget(cast, by=cast.carl, at=at)
    client = as_user(cast.carl)

    page = client.get(page_of(waiting("budget"))).content.decode()
    answer = client.post(
        page_of(waiting("budget")), {"action": "approve", "version": budget.version}
    )

    assert "You asked for this yourself: another person has to decide." in page
    assert page.count('disabled aria-describedby="why-not"') == 2
    assert answer.status_code == 403


def test_rejecting_without_a_reason_is_refused_on_the_page(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    budget = asked_budget(cast, at=at)

    answer = as_user(cast.carl).post(
        page_of(waiting("budget")), {"action": "reject", "version": budget.version}
    )

    assert answer.status_code == 422
    assert "A rejection needs a reason." in answer.content.decode()


@pytest.mark.parametrize("action", ["", "close", "ask", "less"])
def test_a_button_that_is_not_there_decides_nothing(
    cast: Cast, at: datetime, as_user: SignIn, action: Any
) -> None:
    budget = asked_budget(cast, at=at)

    answer = as_user(cast.carl).post(
        page_of(waiting("budget")), {"action": action, "version": budget.version}
    )

    assert answer.status_code == 422
    assert Budget.objects.get().state == "requested"


def test_what_is_decided_says_by_whom_and_offers_nothing(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    granted_budget(cast, at=at)
    approval = Approval.objects.get()

    page = as_user(cast.aud).get(page_of(approval)).content.decode()

    assert "Approved by Carl on 20 Nov 2026, 12:00 UTC." in page
    assert "<button" not in page[page.index('id="main"') : page.index("</main>")]


def test_a_request_that_was_withdrawn_meanwhile_cannot_be_approved(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    granted_budget(cast, at=at)
    asked = requested(cast, at=at)
    approval = waiting("initiative")
    stepped(asked, "withdraw", by=cast.grace, at=at)

    answer = as_user(cast.carl).post(
        page_of(approval), {"action": "approve", "version": asked.version}
    )

    assert answer.status_code == 409


def test_a_decision_of_another_unit_does_not_exist(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    asked_budget(cast, at=at)

    assert as_user(cast.greta).get(page_of(waiting("budget"))).status_code == 404


def test_an_approval_of_another_floor_is_not_shown_here(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    asked_budget(cast, at=at)
    Approval.objects.update(kind="rule")

    assert as_user(cast.carl).get(page_of(Approval.objects.get())).status_code == 404
