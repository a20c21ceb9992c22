"""More time for an experiment on its pages: asked for, in the inbox, decided."""

from datetime import date, datetime

import pytest

from budgets.models import Initiative
from org.models import Approval
from tests.budgets.conftest import SignIn
from tests.factories.budgets import extended, granted_budget, running, spend, stepped, take_effect
from tests.org_cast import Cast


def page_of_the_decision() -> str:
    return f"/approvals/{Approval.objects.get(kind='extension').pk}/"


def test_more_time_is_asked_for_by_its_date_and_reason(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    granted_budget(cast, at=at)
    made = running(cast, at=at)
    client = as_user(cast.grace)
    body = {"version": made.version, "ends_on": "2027-01-20", "reason": "Two teams joined."}

    before = client.get("/initiatives/support-drafter/").content.decode()
    after = client.post("/initiatives/support-drafter/extend/", body, follow=True).content.decode()

    assert 'name="ends_on" required max="2027-03-20"' in before
    assert "<b>More time is asked for.</b> Until 20 Jan 2027 instead of 20 Dec 2026." in after
    assert f'href="/approvals/{Approval.objects.get(kind="extension").pk}/"' in after
    assert 'name="ends_on"' not in after


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("2027-03-21", "The latest end is 20 Mar 2027;"),
        ("soon", "“soon” is no date such as 2026-12-31."),
        ("", "Name the end that is asked for."),
    ],
)
def test_a_wrong_end_is_said_and_all_that_was_typed_stays(
    cast: Cast, at: datetime, as_user: SignIn, typed: str, said: str
) -> None:
    granted_budget(cast, at=at)
    made = running(cast, at=at)

    answer = as_user(cast.grace).post(
        "/initiatives/support-drafter/extend/",
        {"version": made.version, "ends_on": typed, "reason": "Two teams joined."},
    )

    page = answer.content.decode()
    assert answer.status_code == 422
    assert said in page
    assert f'value="{typed}" aria-describedby="hint-ends_on"' in page
    assert page.count(">Two teams joined.</textarea>") == 1  # not in the form to stop it
    assert page.count('<details class="disclosure" open>') == 1


def test_what_was_extended_says_that_this_is_granted_once(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    granted_budget(cast, at=at)
    made = running(cast, at=at)
    extended(made, by=cast.grace, at=at, ends_on=date(2027, 1, 20))
    stepped(made, "grant_extension", by=cast.carl, at=at)

    page = as_user(cast.grace).get("/initiatives/support-drafter/").content.decode()

    assert "It was given more time already: that is granted once." in page
    assert "It ends on 20 Jan 2027 now." in page
    assert 'name="ends_on"' not in page


def test_more_time_is_decided_on_its_own_page_with_what_it_changes(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    granted_budget(cast, at=at)
    made = running(cast, at=at)
    spend(cast.support, at.date(), "12.50", cost_object=made.cost_object)
    asked = extended(made, by=cast.grace, at=at, ends_on=date(2027, 1, 20))
    url, client = page_of_the_decision(), as_user(cast.carl)

    page = client.get(url).content.decode()
    client.post(url, {"action": "grant_extension", "version": asked.version})
    take_effect(at=at)
    answer = client.get(url).content.decode()

    assert (
        "Grace asks to let “Support drafter” run until 20 Jan 2027 instead of 20 Dec 2026,"
        " without more money." in page
    )
    assert "Two teams joined late." in page
    assert "$87.50 left of $100.00; " in page  # what the experiment's page says, too
    assert "<dt>New end date</dt><dd>20 Jan 2027</dd>" in page
    assert "<dt>Left of the cap</dt><dd>$87.50</dd>" in page
    assert "<dt>Days added</dt><dd>31</dd>" in page
    assert "The latest end is 20 Mar 2027;" in page
    assert "What approving does to the money" not in page
    assert "Approve less" not in page
    assert "Approved by Carl" in answer
    assert "instead of 20 Dec 2026" in answer  # what was asked stays readable
    assert Initiative.objects.get().ends_on == date(2027, 1, 20)


def test_more_time_is_refused_with_a_reason(cast: Cast, at: datetime, as_user: SignIn) -> None:
    granted_budget(cast, at=at)
    made = running(cast, at=at)
    asked = extended(made, by=cast.grace, at=at, ends_on=date(2027, 1, 20))
    url, client = page_of_the_decision(), as_user(cast.carl)
    body = {"action": "reject_extension", "version": asked.version}

    without = client.post(url, body)
    client.post(url, body | {"reason": "It shows too little."})
    take_effect(at=at)
    answer = client.get(url)

    assert without.status_code == 422
    assert "A rejection needs a reason." in without.content.decode()
    assert "It shows too little." in answer.content.decode()
    assert Initiative.objects.get().ends_on == date(2026, 12, 20)


def test_more_time_waits_in_the_inbox_by_what_it_changes(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    granted_budget(cast, at=at)
    extended(running(cast, at=at), by=cast.grace, at=at, ends_on=date(2027, 1, 20))

    inbox = as_user(cast.carl).get("/approvals/").content.decode()

    assert "Support drafter until 20 Jan 2027 instead of 20 Dec 2026" in inbox
