"""The company's AI fund: planned by two people, bounding all budgets that lie in no other."""

from datetime import datetime
from decimal import Decimal

import pytest
from django.db import ProgrammingError, transaction

from budgets.models import FundPlan
from budgets.operations.fund import ask_fund_plan, decide_fund_plan
from budgets.queries.fund import FundStanding, fund_standing
from org.models import Approval, Notice, Role, User
from org.refusals import Invalid, NotAllowed, Refusal, Stale
from tests.budgets.operations.test_news import told
from tests.factories.budgets import budget_step, granted_budget, revision_asked
from tests.factories.org import new_user
from tests.org_cast import Cast


def ask(usd: str, *, by: User, at: datetime) -> Approval:
    return ask_fund_plan(
        fiscal_year=2026, planned_usd=Decimal(usd), reason="The board's frame.", by=by, at=at
    )


def decide(asked: Approval, *, by: User, at: datetime, approve: bool = True) -> FundStanding:
    return decide_fund_plan(
        fiscal_year=2026, approval_id=asked.pk, approve=approve, by=by, reason="Seen.", at=at
    )


def planned(cast: Cast, usd: str, *, at: datetime) -> FundStanding:
    return decide(ask(usd, by=cast.fiona, at=at), by=cast.carl, at=at)


def test_without_a_plan_what_is_left_is_not_known(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at)

    standing = fund_standing(2026)

    assert standing.handed_out_usd == Decimal("1500.00")
    assert (standing.planned_usd, standing.left_usd) == (None, None)


def test_planned_is_handed_out_and_left(cast: Cast, at: datetime) -> None:
    planned(cast, "5000.00", at=at)

    granted_budget(cast, reserve="200.00", at=at)

    standing = fund_standing(2026)
    assert standing.planned_usd == Decimal("5000.00")
    assert standing.handed_out_usd == Decimal("1700.00")
    assert standing.left_usd == Decimal("3300.00")


def test_a_budget_beyond_what_is_left_is_refused_with_the_figure(cast: Cast, at: datetime) -> None:
    planned(cast, "2000.00", at=at)
    budget = granted_budget(cast, at=at)

    with pytest.raises(Invalid, match=r"fund has \$500.00 left of its plan: \$1,000.00 less"):
        granted_budget(cast, unit=cast.claims, at=at)
    with pytest.raises(Invalid, match=r"fund has \$500.00 left of its plan: \$0.01 less"):
        revision_asked(budget, by=cast.grace, core="1500.01", at=at)
    revision_asked(budget, by=cast.grace, core="1500.00", at=at)
    budget_step(budget, "grant_revision", by=cast.carl, at=at)
    assert fund_standing(2026).left_usd == 0


def test_a_budget_beneath_another_asks_the_fund_for_nothing(cast: Cast, at: datetime) -> None:
    granted_budget(cast, unit=cast.operations, core="5000.00", at=at)
    planned(cast, "5500.00", at=at)

    assert granted_budget(cast, at=at).state == "active"


def test_less_than_what_is_handed_out_cannot_be_planned(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at)

    with pytest.raises(Invalid, match=r"\$1,500.00 is handed out already: plan that or more"):
        ask("1499.99", by=cast.fiona, at=at)


@pytest.mark.parametrize("usd", ["-1", "0.001", "NaN"])
def test_a_plan_is_a_plain_amount(cast: Cast, at: datetime, usd: str) -> None:
    with pytest.raises(Invalid, match="plain amount of whole cents"):
        ask(usd, by=cast.fiona, at=at)


@pytest.mark.parametrize("name", ["grace", "ed", "aud", "ada", "stan"])
def test_finance_and_the_cfo_of_the_company_ask(cast: Cast, at: datetime, name: str) -> None:
    with pytest.raises(NotAllowed):
        ask("5000.00", by=getattr(cast, name), at=at)


def test_who_asked_does_not_decide_and_neither_does_the_cfo_of_a_part(
    cast: Cast, at: datetime
) -> None:
    asked = ask("5000.00", by=cast.carl, at=at)
    of_a_part = new_user(username="cora", roles=[(Role.CFO, cast.acme)])

    for nobody in (cast.carl, of_a_part, cast.fiona):
        with pytest.raises(NotAllowed):
            decide(asked, by=nobody, at=at)

    assert fund_standing(2026).plan is None


def test_a_rejected_plan_bounds_nothing_and_another_may_be_asked_for(
    cast: Cast, at: datetime
) -> None:
    decide(ask("5000.00", by=cast.fiona, at=at), by=cast.carl, at=at, approve=False)

    assert planned(cast, "6000.00", at=at).planned_usd == Decimal("6000.00")
    with pytest.raises(Refusal, match="No plan of the company's fund of FY2026 waits"):
        decide(Approval.objects.latest("pk"), by=cast.carl, at=at)


def test_a_decision_on_what_was_not_read_is_refused(cast: Cast, at: datetime) -> None:
    read = ask("5000.00", by=cast.fiona, at=at)
    decide(read, by=cast.carl, at=at, approve=False)
    ask("9000.00", by=cast.fiona, at=at)

    with pytest.raises(Stale, match="read it first"):
        decide(read, by=cast.carl, at=at)


def test_plans_are_kept_one_after_another(cast: Cast, at: datetime) -> None:
    planned(cast, "5000.00", at=at)
    planned(cast, "6000.00", at=at)

    rows = FundPlan.objects.order_by("number").values_list("number", "planned_usd", "by__username")
    assert list(rows) == [(1, Decimal("5000.00"), "carl"), (2, Decimal("6000.00"), "carl")]
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        FundPlan.objects.update(planned_usd=1)


def test_the_cfos_of_the_company_hear_of_a_request_and_who_asked_of_its_end(
    cast: Cast, at: datetime
) -> None:
    new_user(username="cora", roles=[(Role.CFO, cast.acme)])  # of a part: decides nothing here
    asked = ask("5000.00", by=cast.fiona, at=at)

    assert told() == ("request", f"{asked.title} waits for a decision", asked.url, {"carl"})
    decide(asked, by=cast.carl, at=at, approve=False)

    assert told() == ("decision", f"{asked.title} was rejected", asked.url, {"fiona"})
    assert Notice.objects.latest("pk").text == "Seen."
