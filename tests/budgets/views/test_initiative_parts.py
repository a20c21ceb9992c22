"""The parts of an experiment's page beside the overview and the gates."""

from datetime import date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from budgets.models import Initiative
from budgets.views import initiative_parts
from policy.models import PolicyRevision, Sidecar
from tests.budgets.conftest import SignIn
from tests.budgets.views.test_revisions import words
from tests.factories.budgets import drafted, granted_budget, running, spend, stepped
from tests.org_cast import Cast

PAGE = "/initiatives/support-drafter/"
PARTS = ("cost", "policy", "activity")


@pytest.fixture
def drafter(cast: Cast, at: datetime) -> Initiative:
    granted_budget(cast, at=at)
    return running(cast, at=at, starts_on=date(2026, 11, 19))


def spent(made: Initiative, day: int, usd: str) -> None:
    spend(made.unit, date(2026, 11, day), usd, cost_object=made.cost_object)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(
    ("name", "status"), [("grace", 200), ("aud", 200), ("ed", 200), ("greta", 404), ("stan", 404)]
)
def test_who_sees_the_experiment_sees_every_part_of_it(  # noqa: PLR0917 -- fixtures
    cast: Cast,
    at: datetime,
    as_user: SignIn,
    drafter: Initiative,
    part: str,
    name: str,
    status: int,
) -> None:
    assert as_user(getattr(cast, name)).get(f"{PAGE}{part}/").status_code == status


@pytest.mark.parametrize("part", PARTS)
def test_each_part_is_current_among_the_links_to_all(
    cast: Cast, at: datetime, as_user: SignIn, drafter: Initiative, part: str
) -> None:
    page = as_user(cast.aud).get(f"{PAGE}{part}/").content.decode()

    assert f'href="{PAGE}{part}/" aria-current="page"' in page
    for other in ("", "gates/", *(f"{each}/" for each in (*PARTS, "baseline"))):
        assert f'href="{PAGE}{other}"' in page


def test_the_cost_is_a_table_and_a_file(
    cast: Cast, at: datetime, as_user: SignIn, drafter: Initiative
) -> None:
    spent(drafter, 19, "12.50")

    client = as_user(cast.aud)
    page = client.get(f"{PAGE}cost/").content.decode()
    file = client.get(f"{PAGE}cost/?format=csv")
    chart = client.get(f"/charts{PAGE}cost.json").json()

    assert "$12.50 in 2 days. One day passed the cap" in page
    assert "Past its cap" in page
    assert "Not known yet" in page
    assert file.getvalue().decode("utf-8-sig").splitlines() == [
        "day,spent_usd,daily_cap_usd,calls,unpriced_calls",
        "2026-11-19,12.500000000000,10.000000000000,1,0",
        "2026-11-20,,10.000000000000,,",
    ]
    assert [trace["name"] for trace in chart["data"]] == ["Spent", "Daily cap"]
    assert chart["data"][0]["y"] == [12.5, None]


def test_the_policy_says_what_holds_and_which_router_knows_it(
    cast: Cast, at: datetime, as_user: SignIn, drafter: Initiative
) -> None:
    newest = PolicyRevision.objects.latest("number").number
    for name, revision, refused in (("eu", newest, None), ("us", newest - 1, newest), ("jp", 0, 0)):
        Sidecar.objects.create(
            name=name,
            revision=revision,
            seen_at=at,
            applied_at=at,
            refused_revision=refused or None,
            refusal="Its signature is wrong." if refused else "",
        )

    page = words(as_user(cast.aud).get(f"{PAGE}policy/").content)

    assert (
        f"Revision {newest}, published 20 Nov 2026, 12:00 UTC: its calls run, under a hard daily"
        " cap of $10.00 and a hard cap in total of $100.00."
    ) in page
    assert "1 of 3 routers run what it says of this experiment." in page
    assert "workflow is support-drafter" in page
    assert "The newest revision" in page
    assert f"Refused {newest} Its signature is wrong. An older revision that says otherwise" in page
    assert "It has acknowledged nothing yet" in page
    assert "A router without the policy blocks its calls" in page


def test_the_policy_says_since_when_and_why_calls_are_blocked(
    cast: Cast, at: datetime, as_user: SignIn, drafter: Initiative
) -> None:
    stepped(drafter, "stop", by=cast.grace, at=at, reason="It answered in the wrong language.")

    page = words(as_user(cast.aud).get(f"{PAGE}policy/").content)

    assert (
        "its calls are blocked. Since 20 Nov 2026, 12:00 UTC: It answered in the wrong language."
    ) in page
    assert "It stays so until somebody changes it. Ask Grace" in page


def test_the_scopes_above_are_told_to_those_who_see_them(
    cast: Cast, at: datetime, as_user: SignIn, drafter: Initiative
) -> None:
    of_auditor = words(as_user(cast.aud).get(f"{PAGE}policy/").content)
    of_manager = words(as_user(cast.grace).get(f"{PAGE}policy/").content)

    assert "unit:operations" in of_auditor
    assert "unit:support" in of_manager
    assert "unit:operations" not in of_manager


def test_of_a_draft_the_policy_says_nothing(
    cast: Cast, at: datetime, as_user: SignIn, drafter: Initiative
) -> None:
    drafted(cast, at=at, name="Idea")

    page = as_user(cast.aud).get("/initiatives/idea/policy/").content.decode()

    assert "The published policy says nothing of it" in page


def test_the_activity_is_read_page_by_page_by_an_auditor(
    cast: Cast, at: datetime, as_user: SignIn, drafter: Initiative, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(initiative_parts, "PAGE_SIZE", 3)
    client = as_user(cast.aud)

    newest = words(client.get(f"{PAGE}activity/").content)
    last = words(client.get(f"{PAGE}activity/?page=2").content)

    assert "1–3 of 5 entries" in newest
    assert "Policy revision" in newest
    assert "Drafted by Grace" in last
    assert "4–5 of 5 entries" in last


@pytest.mark.parametrize("part", PARTS)
def test_three_days_ask_as_many_questions_as_one(
    cast: Cast, at: datetime, as_user: SignIn, drafter: Initiative, part: str
) -> None:
    client, counts = as_user(cast.aud), []
    client.get(f"{PAGE}{part}/")
    for day in (18, 19, 20):
        spent(drafter, day, "1.00")
        with CaptureQueriesContext(connection) as asked:
            client.get(f"{PAGE}{part}/")
        counts.append(len(asked))

    assert counts[0] == counts[2] <= 40
