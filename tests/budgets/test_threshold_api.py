"""REST: thresholds to read, set and answer."""

from datetime import date, datetime
from typing import Any

import pytest
from django.test import Client

from budgets.models import ThresholdCrossing
from budgets.operations.watch import watch_thresholds
from tests.budgets.conftest import SignIn
from tests.factories.budgets import granted_budget, running, spend
from tests.org_cast import Cast

ASKS = {"level_pct": 90, "effect": "asks", "told": ["finance"]}


def post(client: Client, url: str, body: dict[str, Any]) -> Any:
    return client.post(url, body, content_type="application/json")


def test_a_table_is_read_set_and_answered(cast: Cast, at: datetime, as_user: SignIn) -> None:
    budget = granted_budget(cast, at=at)
    url = f"/api/v1/budgets/{budget.pk}/thresholds"
    read = as_user(cast.aud).get(url).json()
    assert [each["level_pct"] for each in read["thresholds"]] == [50, 75, 90, 100]
    assert (read["version"], read["crossings"]) == (0, [])

    body = {"version": 0, "reason": "Sooner.", "thresholds": [ASKS]}
    made = post(as_user(cast.fiona), url, body)
    assert made.status_code == 200
    assert (made.json()["version"], made.json()["thresholds"]) == (1, [ASKS])

    spend(cast.support, date(2026, 11, 19), "900.00")
    watch_thresholds(at=at)
    (crossing,) = as_user(cast.aud).get(url).json()["crossings"]
    assert (crossing["level_pct"], crossing["holds"]) == (90, True)
    assert (crossing["spent_usd"], crossing["granted_usd"]) == ("900.000000000000", "1000.00")

    answer = f"{url}/{crossing['id']}/answer"
    assert post(as_user(cast.grace), answer, {"reason": "It pays."}).status_code == 403
    done = post(as_user(cast.carl), answer, {"reason": "It pays."}).json()
    assert done["crossings"][0]["answered_by"] == "carl"
    again = post(as_user(cast.carl), answer, {"reason": "It pays."})
    assert again.status_code == 409
    assert "Carl answered this already" in again.json()["detail"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"version": 3, "reason": "So.", "thresholds": [ASKS]}, 409),
        ({"version": 0, "reason": "So.", "thresholds": []}, 422),
        ({"version": 0, "reason": "So.", "thresholds": [ASKS | {"told": ["owner"]}]}, 422),
        ({"version": 0, "reason": "So.", "thresholds": [ASKS | {"effect": "shouts"}]}, 422),
        ({"version": 0, "reason": "So.", "thresholds": [ASKS], "level": 9}, 422),
    ],
)
def test_what_cannot_be_is_a_problem_and_keeps_nothing(
    cast: Cast, at: datetime, as_user: SignIn, body: dict[str, Any], status: int
) -> None:
    budget = granted_budget(cast, at=at)
    url = f"/api/v1/budgets/{budget.pk}/thresholds"

    answer = post(as_user(cast.fiona), url, body)

    assert answer.status_code == status, answer.content
    assert as_user(cast.fiona).get(url).json()["version"] == 0


def test_an_experiments_are_its_own(cast: Cast, at: datetime, as_user: SignIn) -> None:
    budget = granted_budget(cast, at=at)
    made = running(cast, at=at)
    spend(cast.support, date(2026, 11, 20), "60.00", cost_object=made.cost_object)
    watch_thresholds(at=at)
    url = f"/api/v1/initiatives/{made.slug}/thresholds"

    shown = as_user(cast.fiona).get(url).json()
    body = {"version": 0, "reason": "So.", "thresholds": [ASKS | {"told": ["owner"]}]}
    changed = post(as_user(cast.fiona), url, body)

    assert shown["sentence"].startswith("At 100% its hard cap blocks new runs")
    assert [each["level_pct"] for each in shown["crossings"]] == [50]
    assert changed.json()["version"] == 1
    crossing = ThresholdCrossing.objects.get()
    elsewhere = f"/api/v1/budgets/{budget.pk}/thresholds/{crossing.pk}/answer"
    assert post(as_user(cast.carl), elsewhere, {"reason": "So."}).status_code == 404
