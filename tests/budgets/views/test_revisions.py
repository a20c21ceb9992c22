"""Asking for a revision on its page, and what a budget's page says of it."""

import re
from datetime import datetime
from html import unescape

import pytest

from budgets.models import Budget
from org.models import Approval
from tests.budgets.conftest import SignIn
from tests.factories.budgets import granted_budget, revised, revision_asked, spend, take_effect
from tests.org_cast import Cast


def typed(budget: Budget, **changes: str) -> dict[str, str]:
    version = str(Budget.objects.get(pk=budget.pk).version)
    given = {"core_usd": "1600.00", "experiment_usd": "500.00", "reserve_usd": "0.00"}
    return {"version": version, "reason": "More tickets.", **given, **changes}


def words(content: bytes) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", content.decode())))


def test_a_revision_is_asked_for_by_its_form_and_decided_in_the_inbox(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    budget = granted_budget(cast, at=at)
    url = f"/budgets/{budget.pk}/revise/"

    asked = as_user(cast.grace).post(url, typed(budget), follow=True)

    approval = Approval.objects.get(kind="revision")
    page = words(asked.content)
    assert "A revision waits for a decision." in page
    assert "core $1,600.00 instead of $1,000.00" in page

    decide = f"/approvals/{approval.pk}/"
    form = words(as_user(cast.carl).get(decide).content)
    assert "Core of Support $1,000.00 $1,600.00" in form
    assert "No unit above has a budget: the company's fund gives." in form
    version = Budget.objects.get().version
    as_user(cast.carl).post(decide, {"action": "grant_revision", "version": version})
    held = words(as_user(cast.carl).get(decide).content)
    assert "You decided to approve this revision. It takes effect at 12:00:10 UTC" in held
    assert Budget.objects.get().core_usd == 1000
    take_effect(at=at)
    shown = words(as_user(cast.grace).get(f"/budgets/{budget.pk}/").content)

    assert Budget.objects.get().core_usd == 1600
    assert "$1,000.00 → $1,600.00" in shown
    assert "More tickets." in shown


def test_the_plan_is_shown_before_anything_is_asked(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    budget = granted_budget(cast, core="365.00", at=at)
    given = typed(budget, core_usd="396.00", do="preview")

    page = words(as_user(cast.grace).post(f"/budgets/{budget.pk}/revise/", given).content)

    assert "$30.00 $30.00" in page  # November has begun
    assert "$31.00 $62.00" in page  # December takes the difference
    assert not Approval.objects.filter(kind="revision").exists()


def test_what_cannot_be_asked_is_said_in_its_field_and_kept(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    budget = granted_budget(cast, at=at)
    spend(cast.support, at.date(), "700.00")
    given = typed(budget, core_usd="650.00")

    answer = as_user(cast.grace).post(f"/budgets/{budget.pk}/revise/", given)

    assert answer.status_code == 422
    assert "It can be no less than $700.00: $700.00 is spent" in words(answer.content)
    assert 'value="650.00"' in answer.content.decode()


@pytest.mark.parametrize(("name", "status"), [("aud", 403), ("ed", 403), ("greta", 404)])
def test_who_may_not_ask_gets_403_and_who_may_not_see_404(
    cast: Cast, at: datetime, as_user: SignIn, name: str, status: int
) -> None:
    budget = granted_budget(cast, at=at)

    answer = as_user(getattr(cast, name)).get(f"/budgets/{budget.pk}/revise/")

    assert answer.status_code == status


def test_a_form_of_an_older_version_is_refused(cast: Cast, at: datetime, as_user: SignIn) -> None:
    budget = granted_budget(cast, at=at)
    given = typed(budget)
    revised(cast, budget, at=at, core="1200.00")

    assert as_user(cast.grace).post(f"/budgets/{budget.pk}/revise/", given).status_code == 409


def test_a_budget_says_which_of_its_line_binds_first(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    granted_budget(cast, unit=cast.operations, core="1500.00", at=at)
    budget = granted_budget(cast, at=at)
    spend(cast.claims, at.date(), "1200.00")

    of_carl = words(as_user(cast.carl).get(f"/budgets/{budget.pk}/").content)
    of_grace = words(as_user(cast.grace).get(f"/budgets/{budget.pk}/").content)

    # Operations holds 1,500 and Claims, which has no budget of its own, used 1,200 of it.
    assert "Binds first: Operations core, $300.00 left; Support has $1,000.00." in of_carl
    assert "Binds first" not in of_grace


def test_budgets_beneath_that_exceed_their_parent_are_told_with_the_figure(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    parent = granted_budget(cast, unit=cast.operations, core="1500.00", at=at)
    granted_budget(cast, at=at)
    Budget.objects.filter(pk=parent.pk).update(core_usd=900)  # as an older release left it

    client = as_user(cast.carl)

    assert "Budgets beneath exceed this one: core by $100.00." in words(
        client.get(f"/budgets/{parent.pk}/").content
    )
    assert "Children exceed parent by $100.00" in words(client.get("/budgets/").content)


def test_a_waiting_revision_can_be_taken_back_on_the_budgets_page(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    budget = granted_budget(cast, at=at)
    revision_asked(budget, by=cast.grace, at=at, core="1600.00")
    version = Budget.objects.get().version

    as_user(cast.grace).post(f"/budgets/{budget.pk}/withdraw_revision/", {"version": version})

    assert Approval.objects.get(kind="revision").state == "withdrawn"
