"""Pages of initiatives: who sees what, forms that lose nothing, steps by POST."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db.models import Q
from django.test import Client

from budgets.models import Initiative
from org.models import Approval
from policy.models import Cap
from policy.operations.breaker import judge_scopes
from tests.budgets.conftest import SignIn
from tests.factories.budgets import (
    HYPOTHESIS,
    drafted,
    granted_budget,
    requested,
    running,
    spend,
    stepped,
)
from tests.org_cast import Cast

TYPED = {
    "name": "Support drafter",
    "unit": "support",
    "hypothesis": HYPOTHESIS,
    "owner": "grace",
    "on_call": "",
    "cap_usd": "100.00",
    "daily_cap_usd": "10.00",
    "starts_on": "2026-11-20",
    "ends_on": "2026-12-20",
    "match": "workflow=support-drafter, environment=prod|stage\nkey=support-*",
    "allowed_models": "gpt-5\ngpt-5-mini",
}


def test_the_list_invites_to_propose_where_there_is_nothing(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    page = as_user(cast.grace).get("/initiatives/").content.decode()

    assert "No experiment yet" in page
    assert "/initiatives/new/" in page


def test_who_may_not_ask_is_offered_no_form(cast: Cast, at: datetime, as_user: SignIn) -> None:
    assert "/initiatives/new/" not in as_user(cast.aud).get("/initiatives/").content.decode()
    assert as_user(cast.aud).get("/initiatives/new/").status_code == 403


@pytest.mark.parametrize("view", ["board", "table"])
def test_the_list_shows_experiments_in_both_forms(
    cast: Cast, at: datetime, as_user: SignIn, view: str
) -> None:
    granted_budget(cast, at=at)
    running(cast, at=at)

    page = as_user(cast.grace).get(f"/initiatives/?view={view}").content.decode()

    assert 'href="/initiatives/support-drafter/"' in page
    assert "Running" in page


def test_a_day_over_its_cap_says_by_how_much_and_the_trip_is_in_the_history(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    granted_budget(cast, at=at)
    made = running(cast, at=at)
    spend(cast.support, at.date(), "10.60", cost_object=made.cost_object)
    judge_scopes(Q(cost_object=made.cost_object), at=at)

    page = as_user(cast.grace).get("/initiatives/support-drafter/").content.decode()

    assert "106.0%" in page
    assert "bar-danger" in page
    assert "<b>Calls blocked</b>" in page


def test_an_experiment_of_another_unit_does_not_exist_for_its_neighbours(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    drafted(cast, at=at)

    assert as_user(cast.greta).get("/initiatives/support-drafter/").status_code == 404
    assert as_user(cast.stan).get("/initiatives/support-drafter/").status_code == 404
    assert as_user(cast.grace).get("/initiatives/support-drafter/").status_code == 200


def test_a_stranger_is_sent_to_sign_in(cast: Cast, at: datetime, client: Client) -> None:
    assert client.get("/initiatives/").headers["Location"].startswith("/signin/")


def test_a_draft_is_saved_as_typed(cast: Cast, at: datetime, as_user: SignIn) -> None:
    answer = as_user(cast.grace).post("/initiatives/new/", TYPED | {"save": "1"})

    made = Initiative.objects.get()
    assert answer.headers["Location"] == "/initiatives/support-drafter/"
    assert (made.state, made.cap_usd, made.owner) == ("draft", Decimal("100.00"), cast.grace)
    assert made.match == [
        {"workflow": "support-drafter", "environment": ["prod", "stage"]},
        {"key": "support-*"},
    ]
    assert made.allowed_models == ["gpt-5", "gpt-5-mini"]


def test_saving_and_asking_opens_the_approval(cast: Cast, at: datetime, as_user: SignIn) -> None:
    granted_budget(cast, at=at)

    as_user(cast.grace).post("/initiatives/new/", TYPED | {"submit": "1"})

    assert Initiative.objects.get().state == "requested"
    assert Approval.objects.get(kind="initiative").requested_by == cast.grace


def test_asking_for_what_the_checks_refuse_saves_nothing_and_loses_nothing(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    answer = as_user(cast.grace).post(
        "/initiatives/new/", TYPED | {"submit": "1", "hypothesis": "Too short <b>"}
    )

    page = answer.content.decode()
    assert answer.status_code == 422
    assert Initiative.objects.count() == 0
    assert "Too short &lt;b&gt;</textarea>" in page
    assert "environment=prod|stage" in page
    assert "The unit&#x27;s experimentation pool can give the cap" in page
    assert page.count('aria-invalid="true"') == 3  # hypothesis, unit, cap


def test_errors_of_the_form_are_shown_all_at_once(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    answer = as_user(cast.grace).post(
        "/initiatives/new/",
        TYPED | {"save": "1", "cap_usd": "much", "starts_on": "soon", "match": "workflow"},
    )

    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count('aria-invalid="true"') == 3
    assert "Line 1: write attribute=value" in page


def test_checking_shows_each_rule_and_saves_nothing(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    granted_budget(cast, pool="60.00", at=at)

    answer = as_user(cast.grace).post("/initiatives/new/", TYPED | {"check": "1"})

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "The pool has $60.00 left; $100.00 is asked." in page
    assert Initiative.objects.count() == 0


def test_htmx_gets_the_checks_alone_from_the_same_address(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    answer = as_user(cast.grace).post(
        "/initiatives/new/", TYPED | {"check": "1"}, headers={"HX-Request": "true"}
    )

    page = answer.content.decode()
    assert page.lstrip().startswith('<div id="checks"')
    assert "<html" not in page


def test_a_unit_one_may_not_ask_for_is_no_choice(cast: Cast, at: datetime, as_user: SignIn) -> None:
    answer = as_user(cast.greta).post("/initiatives/new/", TYPED | {"save": "1"})

    assert answer.status_code == 422
    assert Initiative.objects.count() == 0


def test_a_draft_is_revised_on_its_own_page(cast: Cast, at: datetime, as_user: SignIn) -> None:
    drafted(cast, at=at)
    client = as_user(cast.grace)

    shown = client.get("/initiatives/support-drafter/edit/").content.decode()
    client.post(
        "/initiatives/support-drafter/edit/",
        TYPED | {"save": "1", "version": "1", "cap_usd": "80.00"},
    )

    assert "workflow=support-drafter" in shown
    assert Initiative.objects.get().cap_usd == Decimal("80.00")


def test_a_revision_of_an_old_reading_is_refused_with_409(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    drafted(cast, at=at)
    client = as_user(cast.grace)
    again = TYPED | {"save": "1", "version": "1"}

    client.post("/initiatives/support-drafter/edit/", again)
    answer = client.post("/initiatives/support-drafter/edit/", again)

    assert answer.status_code == 409


def test_its_page_says_where_it_stands_and_offers_what_its_reader_may_do(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    granted_budget(cast, at=at)
    running(cast, at=at)

    of_grace = as_user(cast.grace).get("/initiatives/support-drafter/").content.decode()
    of_aud = as_user(cast.aud).get("/initiatives/support-drafter/").content.decode()

    assert "$100.00 left of $100.00; no day of spending is known yet" in of_grace
    assert 'action="/initiatives/support-drafter/stop/"' in of_grace
    assert 'action="/initiatives/support-drafter/stop/"' not in of_aud
    assert "Only its owner, the general manager, an engineer or the CFO may stop it." in of_aud


def test_its_card_and_its_page_say_when_its_cap_is_spent_and_what_happens_then(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    granted_budget(cast, at=at)
    made = running(cast, starts_on=at.date() - timedelta(days=1), at=at)
    Initiative.objects.filter(pk=made.pk).update(starts_on=at.date() - timedelta(days=20))
    Cap.objects.filter(scope__cost_object=made.cost_object).update(
        starts_on=at.date() - timedelta(days=20)
    )
    for back in range(1, 15):
        spend(
            cast.support,
            at.date() - timedelta(days=back),
            "5.00",
            cost_object=made.cost_object,
        )
    client = as_user(cast.grace)

    card = client.get("/initiatives/").content.decode()
    page = client.get("/initiatives/support-drafter/").content.decode()

    # 30 of 100 are left at 5 a day: six days, of which 20 November is the first.
    for text in (card, page):
        assert "$30.00 left of $100.00; at this pace it runs out on 25 November 2026" in text
        assert "then the breaker blocks new runs." in text
    assert "/charts/initiatives/support-drafter.json?method=seasonal" in page


def test_an_experiments_burn_down_is_drawn_for_those_who_may_see_it(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    granted_budget(cast, at=at)
    running(cast, at=at)

    drawn = as_user(cast.grace).get("/charts/initiatives/support-drafter.json")
    hidden = as_user(cast.greta).get("/charts/initiatives/support-drafter.json")

    assert [trace.get("name") for trace in drawn.json()["data"]] == ["Plan", "Left"]
    assert hidden.status_code == 404


def test_stopping_by_its_form_ends_it(cast: Cast, at: datetime, as_user: SignIn) -> None:
    granted_budget(cast, at=at)
    made = running(cast, at=at)

    answer = as_user(cast.grace).post(
        "/initiatives/support-drafter/stop/",
        {"version": made.version, "reason": "It loops on long tickets."},
        follow=True,
    )

    page = answer.content.decode()
    assert Initiative.objects.get().state == "stopped"
    assert "It loops on long tickets." in page
    assert "$100.00 returned to the pool of Support." in page


def test_a_reason_that_is_too_short_is_kept_in_the_form(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    granted_budget(cast, at=at)
    made = running(cast, at=at)

    answer = as_user(cast.grace).post(
        "/initiatives/support-drafter/stop/", {"version": made.version, "reason": "Loops."}
    )

    assert answer.status_code == 422
    assert "Loops.</textarea>" in answer.content.decode()
    assert Initiative.objects.get().state == "sandbox"


def test_a_member_without_the_right_is_refused_with_403(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    granted_budget(cast, at=at)
    made = running(cast, at=at)

    answer = as_user(cast.aud).post(
        "/initiatives/support-drafter/stop/",
        {"version": made.version, "reason": "It loops on long tickets."},
    )

    assert answer.status_code == 403
    assert Initiative.objects.get().state == "sandbox"


def test_a_step_on_an_old_reading_is_refused_with_409(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    granted_budget(cast, at=at)
    asked = requested(cast, at=at)
    stepped(asked, "withdraw", by=cast.grace, at=at)

    answer = as_user(cast.carl).post(
        "/initiatives/support-drafter/approve/", {"version": asked.version}
    )

    assert answer.status_code == 409
    assert "changed after you opened it" in answer.content.decode()


@pytest.mark.parametrize("path", ["stop", "dance"])
def test_a_step_is_never_taken_by_following_a_link(
    cast: Cast, at: datetime, as_user: SignIn, path: str
) -> None:
    drafted(cast, at=at)

    assert as_user(cast.grace).get(f"/initiatives/support-drafter/{path}/").status_code == 405


def test_an_action_that_does_not_exist_is_not_found(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    drafted(cast, at=at)

    answer = as_user(cast.grace).post("/initiatives/support-drafter/dance/", {"version": "1"})

    assert answer.status_code == 404


@pytest.mark.parametrize("view", ["board", "table"])
def test_the_pipeline_tells_at_first_sight_what_runs_on_what_and_waits_for_whom(
    cast: Cast, at: datetime, as_user: SignIn, view: str
) -> None:
    granted_budget(cast, at=at)
    running(cast, at=at)

    page = as_user(cast.carl).get(f"/initiatives/?view={view}").content.decode()
    stuck = as_user(cast.carl).get(f"/initiatives/?view={view}&show=stuck").content.decode()

    assert "1 experiment runs: $0.00 of $100.00 spent, $0.00 of it in the last 30 days." in page
    assert "Waits for Grace to gather evidence" in page
    assert "Nothing is stuck" in stuck
