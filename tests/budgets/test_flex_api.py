"""REST of flex rules, under the rights of the pages."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from budgets.models import Budget, FlexStep
from ingestion.models import OutcomeDefinition
from tests.budgets.conftest import SignIn
from tests.factories.budgets import granted_budget
from tests.factories.flex import NOVEMBER, counted, used
from tests.factories.outcomes import defined
from tests.org_cast import Cast

RULE: dict[str, Any] = {
    "definition": "ticket-answered",
    "starts_on": "2026-11-01",
    "fixed_usd": "0.00",
    "tokens_per_unit": "12000",
    "usd_per_mtok": "35",
    "planned_volumes": ["100000", "100000"],
    "reason": "Tickets follow the season.",
}


@pytest.fixture
def budget(cast: Cast, at: datetime) -> Budget:
    return granted_budget(cast, core="504000.00", at=at)


@pytest.fixture
def tickets(cast: Cast, at: datetime) -> OutcomeDefinition:
    return defined(cast, at=at)


def post(client: Client, path: str, **body: Any) -> Any:
    return client.post(f"/api/v1/{path}", body, content_type="application/json")


def test_a_rule_is_proposed_signed_and_scales_the_budget(  # noqa: PLR0917 -- fixtures
    cast: Cast,
    at: datetime,
    as_user: SignIn,
    budget: Budget,
    tickets: OutcomeDefinition,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = f"budgets/{budget.pk}/flex"
    proposed = post(as_user(cast.grace), path, **RULE)
    signed = post(as_user(cast.carl), f"{path}/rules/1/actions/approve")
    used(cast.claims, NOVEMBER[0], "1", tokens=1)
    used(cast.support, date(2026, 11, 30), "70400", tokens=160_000 * 13_750)
    counted(cast, tickets, NOVEMBER, 160_000, at=at)
    monkeypatch.setattr(timezone, "now", lambda: at + timedelta(days=18))

    scaled = post(as_user(cast.grace), f"{path}/scale").json()
    step = FlexStep.objects.get()
    done = post(as_user(cast.carl), f"{path}/steps/{step.pk}/actions/approve").json()

    assert (proposed.status_code, signed.status_code) == (201, 200)
    assert signed.json()["rules"][0]["decided_by"] == "carl"
    period = scaled["periods"][0]
    assert {name: period[name] for name in ("known", "volume", "flex_usd", "spent_usd")} == {
        "known": "known",
        "volume": 160_000,
        "flex_usd": "67200.00",
        "spent_usd": "70400.000000000000",
    }
    assert period["volume_variance_usd"] == "25200.00"
    assert period["step"]["state"] == "waiting"
    assert (period["step"]["granted_usd"], period["step"]["waiting_usd"]) == ("21000.00", "4200.00")
    assert done["periods"][0]["step"]["state"] == "signed"
    assert as_user(cast.aud).get(f"/api/v1/{path}").status_code == 200


@pytest.mark.parametrize(
    ("name", "path", "body", "status"),
    [
        ("grace", "", RULE | {"planned_volumes": ["1"]}, 422),
        ("grace", "", RULE | {"cap_usd": "1"}, 422),
        ("grace", "", RULE | {"definition": "nothing"}, 422),
        ("aud", "", RULE, 403),
        ("greta", "", RULE, 404),
        ("grace", "/scale", {}, 409),
        ("carl", "/rules/9/actions/approve", {}, 404),
        ("carl", "/rules/1/actions/dance", {}, 404),
        ("carl", "/steps/9/actions/approve", {}, 404),
    ],
)
def test_what_is_refused_says_so(  # noqa: PLR0917 -- fixtures
    cast: Cast,
    as_user: SignIn,
    budget: Budget,
    tickets: OutcomeDefinition,
    name: str,
    path: str,
    body: dict[str, Any],
    status: int,
) -> None:
    answer = post(as_user(getattr(cast, name)), f"budgets/{budget.pk}/flex{path}", **body)

    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
