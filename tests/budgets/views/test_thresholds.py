"""Pages of thresholds: the table, the sentence, the form, the answer."""

import re
from datetime import date, datetime
from html import unescape
from typing import Any

import pytest

from budgets.models import Budget, ThresholdCrossing
from budgets.operations.watch import watch_thresholds
from budgets.queries.thresholds import Level, Of, Told, thresholds_in_force
from finops.thresholds import Effect
from tests.budgets.conftest import SignIn
from tests.budgets.operations.test_thresholds import led_to_support, leveled
from tests.factories.budgets import granted_budget, running, spend
from tests.org_cast import Cast


def words(content: bytes) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", content.decode())))


def typed(*levels: Level, version: int = 0, reason: str = "So.") -> dict[str, Any]:
    given: dict[str, Any] = {
        "version": version,
        "reason": reason,
        "level-TOTAL_FORMS": len(levels) + 1,
        "level-INITIAL_FORMS": 0,
        f"level-{len(levels)}-effect": "notifies",
    }
    for place, (pct, effect, told) in enumerate(levels):
        given |= {
            f"level-{place}-level_pct": pct,
            f"level-{place}-effect": effect.value,
            f"level-{place}-told": list(told),
        }
    return given


def test_a_budgets_page_has_the_table_and_says_what_happens_at_the_end(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    budget = granted_budget(cast, at=at)
    spend(cast.support, date(2026, 11, 19), "500.00")
    watch_thresholds(at=at)

    page = words(as_user(cast.grace).get(f"/budgets/{budget.pk}/").content)

    assert "At 100% people are told, and nothing is blocked." in page
    assert "50% General manager Notifies only 20 Nov 2026, 12:00 UTC: $500.00 of $1,000.00" in page
    assert "90% General manager, Finance and CFO Notifies only Never" in page
    assert "The preset: nobody has set others." in page
    assert "Change the thresholds" not in page


@pytest.mark.parametrize(
    ("is_led", "sentence"),
    [
        (True, "At 100% new runs of Support and everything beneath it are blocked until a CFO"),
        (False, "At 100% a block would stop nothing: no allocation rule leads calls to Support"),
    ],
)
def test_a_block_that_no_router_could_obey_is_said_to_be_none(
    cast: Cast, at: datetime, as_user: SignIn, *, is_led: bool, sentence: str
) -> None:
    budget = granted_budget(cast, at=at)
    leveled(cast, budget, Effect.BLOCKS, at=at, pct=100)
    if is_led:
        led_to_support(cast, at=at)

    assert sentence in words(as_user(cast.grace).get(f"/budgets/{budget.pk}/").content)


def test_thresholds_are_changed_by_a_form_that_keeps_its_history(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    budget = granted_budget(cast, at=at)
    url = f"/budgets/{budget.pk}/thresholds/"
    client = as_user(cast.fiona)
    assert client.get(url).status_code == 200

    wanted = Level(60, Effect.ASKS, (Told.GM, Told.CFO))
    answer = client.post(url, typed(wanted, reason="Sooner."), follow=True)

    assert thresholds_in_force(budget).levels == (wanted,)
    page = words(answer.content)
    assert "At 100% nothing that runs is blocked. New experiments beneath it wait" in page
    assert "Set by Fiona: Sooner." in page
    assert "60%: Needs approval" in words(client.get(url).content)


def test_what_is_wrong_is_said_and_nothing_is_kept(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    budget = granted_budget(cast, at=at)
    client = as_user(cast.fiona)

    nobody = client.post(f"/budgets/{budget.pk}/thresholds/", typed(Level(60, Effect.ASKS, ())))
    much = client.post(
        f"/budgets/{budget.pk}/thresholds/", typed(Level(300, Effect.ASKS, (Told.GM,)))
    )

    assert (nobody.status_code, much.status_code) == (422, 422)
    assert "Say who is told at 60%: nobody would know." in words(nobody.content)
    assert "less than or equal to 200" in words(much.content)
    assert thresholds_in_force(budget).table is None


def test_those_of_all_are_set_in_the_settings(cast: Cast, at: datetime, as_user: SignIn) -> None:
    budget = granted_budget(cast, at=at)
    client = as_user(cast.carl)
    assert "50% General manager Notifies only" in words(client.get("/settings/thresholds/").content)

    wanted = Level(80, Effect.NOTIFIES, (Told.CFO,))
    answer = client.post("/settings/thresholds/budget/", typed(wanted), follow=True)

    assert "80% CFO Notifies only" in words(answer.content)
    page = words(client.get(f"/budgets/{budget.pk}/").content)
    assert "Set for all budgets by Carl: So." in page
    assert client.get("/settings/thresholds/nothing/").status_code == 404


@pytest.mark.parametrize(("name", "status"), [("grace", 403), ("aud", 403), ("greta", 404)])
def test_who_may_not_set_gets_403_and_who_may_not_see_404(
    cast: Cast, at: datetime, as_user: SignIn, name: str, status: int
) -> None:
    budget = granted_budget(cast, at=at)
    client = as_user(getattr(cast, name))

    wanted = typed(Level(60, Effect.NOTIFIES, (Told.GM,)))

    assert client.get(f"/budgets/{budget.pk}/thresholds/").status_code == status
    assert client.post(f"/budgets/{budget.pk}/thresholds/", wanted).status_code == status
    assert thresholds_in_force(budget).table is None


def test_what_waits_is_answered_on_the_page(cast: Cast, at: datetime, as_user: SignIn) -> None:
    budget = granted_budget(cast, at=at)
    leveled(cast, budget, Effect.ASKS, at=at)
    spend(cast.support, date(2026, 11, 19), "900.00")
    watch_thresholds(at=at)
    crossing = ThresholdCrossing.objects.get()
    url = f"/thresholds/{crossing.pk}/answer/"
    assert "Only a CFO of Support lets it go on." in words(
        as_user(cast.grace).get(f"/budgets/{budget.pk}/").content
    )
    assert as_user(cast.grace).post(url, {"reason": "Please."}).status_code == 403
    assert as_user(cast.greta).post(url, {"reason": "Please."}).status_code == 404

    silent = as_user(cast.carl).post(url, {"reason": ""}, follow=True)
    said = as_user(cast.carl).post(url, {"reason": "It pays."}, follow=True)

    assert "Say why it may go on" in words(silent.content)
    assert "Carl let it go on: It pays." in words(said.content)
    crossing.refresh_from_db()
    assert crossing.answered_by == cast.carl


def test_an_experiments_page_has_its_own(cast: Cast, at: datetime, as_user: SignIn) -> None:
    granted_budget(cast, at=at)
    made = running(cast, at=at)
    client = as_user(cast.fiona)

    page = words(client.get(f"/initiatives/{made.slug}/").content)
    assert "At 100% its hard cap blocks new runs, and no answer lifts that." in page
    assert "100% Owner and on call and General manager Notifies only Never" in page

    wanted = Level(40, Effect.NOTIFIES, (Told.OWNER,))
    client.post(f"/initiatives/{made.slug}/thresholds/", typed(wanted))

    assert thresholds_in_force(made).levels == (wanted,)
    assert thresholds_in_force(Budget.objects.get()).of == Of.BUDGET
