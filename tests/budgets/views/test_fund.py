"""The fund's page: what is left of it, asking for a plan, deciding on one."""

from datetime import datetime

from budgets.queries.fund import fund_standing
from org.models import Approval
from tests.budgets.conftest import SignIn
from tests.budgets.views.test_revisions import words
from tests.factories.budgets import granted_budget
from tests.org_cast import Cast

URL = "/budgets/fund/2026/"
ASKED = {"do": "ask", "planned_usd": "5000.00", "reason": "The board's frame."}


def test_a_plan_is_asked_for_decided_in_the_inbox_and_told_above_the_budgets(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    granted_budget(cast, at=at)
    before = words(as_user(cast.carl).get("/budgets/").content)

    as_user(cast.fiona).post(URL, ASKED)
    asked = Approval.objects.get(kind="fund")
    waits = words(as_user(cast.carl).get(asked.url).content)
    as_user(cast.carl).post(URL, {"do": "approve", "approval": asked.pk})
    after = words(as_user(cast.carl).get("/budgets/").content)

    assert "$1,500.00 handed out; nobody has planned how much it holds." in before
    assert "to plan $5,000.00" in waits
    assert "$5,000.00 planned, $1,500.00 handed out, $3,500.00 left." in after


def test_what_cannot_be_planned_is_said_in_its_field(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    granted_budget(cast, at=at)

    answer = as_user(cast.fiona).post(URL, ASKED | {"planned_usd": "900.00"})

    assert answer.status_code == 422
    assert "$1,500.00 is handed out already: plan that or more." in words(answer.content)


def test_a_rejection_needs_a_reason(cast: Cast, at: datetime, as_user: SignIn) -> None:
    as_user(cast.fiona).post(URL, ASKED)
    asked = Approval.objects.get(kind="fund")

    answer = as_user(cast.carl).post(URL, {"do": "reject", "approval": asked.pk, "reason": ""})

    assert answer.status_code == 422
    assert Approval.objects.get(kind="fund").state == "pending"


def test_who_sees_a_part_of_the_company_sees_no_fund(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    granted_budget(cast, at=at)

    assert as_user(cast.grace).get(URL).status_code == 404
    assert as_user(cast.carl).get("/budgets/fund/1999/").status_code == 404
    assert "Company AI fund" not in as_user(cast.grace).get("/budgets/").content.decode()
    assert as_user(cast.aud).get(URL).status_code == 200
    assert as_user(cast.aud).post(URL, ASKED).status_code == 403
    assert fund_standing(2026).plan is None
