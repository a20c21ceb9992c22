"""Who is told of what happens to budgets and experiments, and of what runs out."""

from datetime import date, datetime, timedelta

import pytest

from budgets.operations.initiatives import expire_due
from budgets.operations.stop_losses import fire_stop_losses
from budgets.operations.watch import watch_thresholds
from org.models import Delivered, Dispatch, Notice, User
from tests.factories.budgets import (
    asked_budget,
    drafted,
    extended,
    granted_budget,
    requested,
    running,
    spend,
    stepped,
)
from tests.org_cast import Cast


def told() -> tuple[str, str, str, set[str]]:
    """Return the kind, title and address of the last notice, and who got it."""
    notice = Notice.objects.latest("pk")
    readers = Delivered.objects.filter(notice=notice)
    return notice.kind, notice.title, notice.url, {each.user.username for each in readers}


def test_whoever_decides_is_told_of_a_request(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at)

    made = requested(cast, at=at)

    kind, title, url, readers = told()
    assert (kind, title, readers) == ("request", f"{made.name} waits for a decision", {"carl"})
    assert url.startswith("/approvals/")


def test_the_requester_and_the_owner_are_told_of_the_decision(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at)
    made = requested(cast, at=at, owner=cast.ed, on_call=cast.fiona)

    stepped(made, "approve", by=cast.carl, at=at)

    title = f"{made.name} was approved"
    assert told() == ("decision", title, f"/initiatives/{made.slug}/", {"grace", "ed", "fiona"})


@pytest.mark.parametrize(
    ("action", "kind", "words"),
    [("reject", "decision", "was rejected"), ("ask", "question", "came back with a question")],
)
def test_a_rejection_and_a_question_come_with_their_words(
    cast: Cast, at: datetime, action: str, kind: str, words: str
) -> None:
    granted_budget(cast, at=at)
    made = requested(cast, at=at)

    stepped(made, action, by=cast.carl, at=at, reason="Which tickets?")

    assert told()[:2] == (kind, f"{made.name} {words}")
    assert Notice.objects.latest("pk").text == "Which tickets?"
    assert told()[3] == {"grace"}


def test_more_time_is_told_to_whoever_decides_and_back(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at)
    made = running(cast, at=at)

    extended(made, by=cast.grace, at=at, ends_on=date(2027, 1, 10))
    assert told()[0:2] == ("request", f"{made.name} asks for more time")
    assert told()[3] == {"carl"}
    stepped(made, "grant_extension", by=cast.carl, at=at)
    assert told()[1] == f"{made.name} got more time"
    assert told()[3] == {"grace"}


def test_a_stop_and_an_end_are_told_to_the_general_manager_too(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at)
    stopped = running(cast, at=at, owner=cast.fiona)
    ends = running(cast, at=at, owner=cast.fiona)

    stepped(stopped, "stop", by=cast.ed, at=at, reason="It loops without end.")
    assert (told()[0], told()[3]) == ("stop", {"fiona", "grace"})
    expire_due(at=at + timedelta(days=30))
    assert told()[:2] == ("expiry", f"{ends.name} has ended")
    assert told()[3] == {"fiona", "grace"}


def test_a_draft_is_nobodys_news(cast: Cast, at: datetime) -> None:
    made = drafted(cast, at=at)
    stepped(made, "withdraw", by=cast.grace, at=at)

    assert not Notice.objects.exists()


def test_a_budget_is_told_from_the_request_to_the_decision(cast: Cast, at: datetime) -> None:
    budget = asked_budget(cast, at=at)
    assert told()[1:] == (
        "The budget of Support FY2026 waits for a decision",
        "/approvals/" + str(Notice.objects.get().url.split("/")[2]) + "/",
        {"carl"},
    )

    granted_budget(cast, at=at, unit=cast.claims)

    assert told()[1] == "The budget of Claims FY2026 was approved"
    assert told()[3] == {"fiona", "greta"}
    assert budget.unit == cast.support


def test_what_a_step_tells_leaves_with_it(cast: Cast, at: datetime) -> None:
    asked_budget(cast, at=at)

    (dispatch,) = Dispatch.objects.all()
    assert dispatch.recipient == cast.carl


def test_each_threshold_of_a_budget_is_told_once(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at, core="1000.00")
    spend(cast.support, date(2026, 11, 19), "899.99")
    watch_thresholds(at=at)
    assert told()[1] == "75% of the core budget of Support FY2026 is spent"
    before = Notice.objects.count()

    spend(cast.support, date(2026, 11, 18), "0.01")
    watch_thresholds(at=at)
    watch_thresholds(at=at)

    assert Notice.objects.count() == before + 1
    assert told()[1] == "90% of the core budget of Support FY2026 is spent"
    assert told()[3] == {"carl", "fiona", "grace"}
    spend(cast.support, date(2026, 11, 17), "100.00")
    watch_thresholds(at=at)
    assert told()[1] == "100% of the core budget of Support FY2026 is spent"


def test_what_a_cap_has_left_is_told_to_the_owner_and_on_call(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at)
    made = running(cast, at=at, on_call=cast.ed)
    spend(cast.support, date(2026, 11, 20), "80.00", cost_object=made.cost_object)

    watch_thresholds(at=at)

    assert told()[1] == f"75% of the cap of {made.name} is spent"
    assert Notice.objects.latest("pk").text == "$80.00 of $100.00."
    assert told()[3] == {"grace", "ed"}


def test_a_stop_loss_is_told_to_the_general_manager_too(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at)
    made = running(cast, at=at, stop_loss_pct=50, owner=cast.fiona)
    spend(cast.support, date(2026, 11, 20), "50.00", cost_object=made.cost_object)

    assert fire_stop_losses(at=at) == [made.slug]

    assert told()[:2] == ("stop", f"{made.name} reached its stop-loss and was stopped")
    assert told()[3] == {"fiona", "grace"}


def test_nobody_without_an_account_that_is_active_is_told(cast: Cast, at: datetime) -> None:
    User.objects.filter(username="carl").update(is_active=False)

    asked_budget(cast, at=at)

    assert told()[3] == set()
