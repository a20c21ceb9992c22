"""REST: trip, override and trip test of a breaker, for whom, and what is answered."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from org.models import User
from policy.models import Cap, ForcedBlock, Override, PolicyRevision, Scope, TripTest
from policy.operations.publish import publish
from policy.queries.revisions import current_number
from tests.factories.org import new_token
from tests.factories.overrides import WHY
from tests.factories.policy import cap, drafter_scope
from tests.factories.trip_tests import trip_tested
from tests.org_cast import Cast

ROOT = "/api/v1/breakers/initiative:support-drafter"


@pytest.fixture(autouse=True)
def _clock(at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: at)


@pytest.fixture
def daily(cast: Cast, at: datetime) -> Cap:
    scope = drafter_scope(cast.support)
    cap(scope, "900.00", window="total")
    made = cap(scope, "45.00", by=cast.carl)
    publish(cause="", by=None, at=at)
    return made


def caller(user: User, *scopes: str) -> Client:
    secret = f"tok_{user.username}_{'_'.join(scopes)}"
    new_token(
        secret=secret,
        user=user,
        scopes=list(scopes or ("breakers:write", "policy:read")),
        created_at=timezone.now(),
    )
    return Client(headers={"Authorization": f"Bearer {secret}"})


def post(client: Client, path: str, **body: Any) -> Any:
    return client.post(path, body, content_type="application/json")


def asked(daily: Cap, **changes: Any) -> dict[str, Any]:
    return {
        "cap": daily.public_id,
        "limit_usd": "60.00",
        "reason": WHY,
        "ticket": "OPS-7",
        "expires_at": "2026-11-20T18:00:00Z",
        **changes,
    }


def test_an_override_in_force_is_answered_with_what_it_lets_pass(cast: Cast, daily: Cap) -> None:
    answer = post(caller(cast.carl), f"{ROOT}/override", **asked(daily))

    assert answer.status_code == 201
    assert answer.json() == {
        "id": Override.objects.get().pk,
        "scope": "initiative:support-drafter",
        "cap": daily.public_id,
        "currency": "USD",
        "cap_usd": "45.00",
        "limit_usd": "60.00",
        "beyond_usd": "15.00",
        "budget_usd": "900.00",
        "reason": WHY,
        "ticket": "OPS-7",
        "state": "in_force",
        "waits_for": "",
        "requested_by": "Carl",
        "requested_at": "2026-11-20T12:00:00Z",
        "expires_at": "2026-11-20T18:00:00Z",
        "started_at": "2026-11-20T12:00:00Z",
        "ended_at": None,
        "ended_by": "",
        "decided_by": None,
    }


def test_an_override_that_waits_says_for_whom_and_is_decided_by_another(
    cast: Cast, daily: Cap
) -> None:
    answer = post(caller(cast.ed), f"{ROOT}/override", **asked(daily)).json()
    assert (answer["state"], answer["waits_for"]) == ("waiting", "1 CFO")
    step = f"/api/v1/breakers/overrides/{answer['id']}/actions"

    assert post(caller(cast.grace), f"{step}/approve").status_code == 403
    assert post(caller(cast.carl), f"{step}/dance").status_code == 404
    decided = post(caller(cast.carl, "breakers:write"), f"{step}/approve").json()
    assert (decided["state"], decided["decided_by"]) == ("in_force", "Carl")

    ended = post(caller(cast.greta), f"{step}/revoke", reason="Enough of it.")
    assert ended.status_code == 404
    revoked = post(caller(cast.grace, "breakers:write"), f"{step}/revoke", reason="Enough.").json()
    assert (revoked["state"], revoked["ended_by"]) == ("ended", "revoked")
    listed = caller(cast.aud, "policy:read").get(f"{ROOT}/override").json()
    assert [each["state"] for each in listed["results"]] == ["ended"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"limit_usd": "unlimited"}, "/limit_usd"),
        ({"limit_usd": "Infinity"}, "/limit_usd"),
        ({"limit_usd": "10"}, "/limit_usd"),
        ({"cap": "cap:1000000"}, "/cap"),
        ({"cap": "everything"}, "/cap"),
        ({"reason": "Because."}, "/reason"),
        ({"expires_at": "2027-01-01T00:00:00Z"}, "/expires_at"),
    ],
)
def test_what_does_not_hold_is_a_problem_that_names_its_field(
    cast: Cast, daily: Cap, changes: dict[str, str], pointer: str
) -> None:
    answer = post(caller(cast.carl), f"{ROOT}/override", **asked(daily, **changes))

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_a_trip_without_a_body_stands_at_once_and_owes_a_reason(cast: Cast, daily: Cap) -> None:
    answer = caller(cast.ed).post(f"{ROOT}/trip")

    forced = ForcedBlock.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {
        "scope": "initiative:support-drafter",
        "state": "open",
        "code": "kill_switch",
        "reason": "Stopped by hand; the reason will follow. (blocked by Ed)",
        "since": "2026-11-20T12:00:00Z",
        "until": None,
        "protected": False,
        "revision": current_number(),
        "block": forced.pk,
        "reason_owed": True,
    }
    why = f"/api/v1/breakers/blocks/{forced.pk}/reason"
    assert post(caller(cast.greta), why, reason="Mine.").status_code == 404
    told = post(caller(cast.grace), why, reason="It loops.").json()
    assert (told["reason_owed"], told["reason"]) == (False, "It loops. (blocked by Ed)")


def test_a_trip_takes_a_reason_and_a_code_and_reaches_the_whole_company(cast: Cast) -> None:
    answer = post(
        caller(cast.carl), "/api/v1/breakers/org/trip", reason="Keys leaked.", code="security"
    )

    assert answer.status_code == 201
    assert (answer.json()["code"], answer.json()["reason_owed"]) == ("security", False)
    assert Scope.objects.get(slug="org").state == "open"
    refused = post(caller(cast.ed), "/api/v1/breakers/org/trip", code="cap_day")
    assert refused.json()["errors"][0]["pointer"] == "/code"


def test_a_trip_that_is_sent_again_with_its_key_blocks_once(cast: Cast, daily: Cap) -> None:
    client = caller(cast.ed)

    for _ in range(2):
        answer = client.post(f"{ROOT}/trip", headers={"Idempotency-Key": "one"})
        assert answer.status_code == 201

    assert ForcedBlock.objects.count() == 1


def test_a_cfo_protects_a_scope(cast: Cast, daily: Cap) -> None:
    body = {"protected": True, "reason": "Emergency calls."}

    assert post(caller(cast.ed), f"{ROOT}/protect", **body).status_code == 403
    assert post(caller(cast.carl), f"{ROOT}/protect", **body).json()["protected"] is True


def test_a_trip_test_is_queued_and_told_of_when_it_is_done(
    cast: Cast, at: datetime, daily: Cap
) -> None:
    client = caller(cast.ed)

    answer = post(client, f"{ROOT}/trip-test", call_usd="0.60")
    assert answer.status_code == 202
    assert (answer.json()["state"], answer.json()["stopped_usd"]) == ("queued", None)
    assert post(client, f"{ROOT}/trip-test").status_code == 409

    TripTest.objects.update(state="failed", failure="Taken by hand.", finished_at=at)
    trip_tested(daily.scope, by=cast.ed, at=at)
    newest = client.get(f"{ROOT}/trip-test").json()["results"][0]
    assert newest["state"] == "done"
    assert Decimal(newest["stopped_usd"]) == Decimal("45.60")
    assert round(Decimal(newest["overshoot_share"]), 4) == Decimal("0.0133")
    assert (newest["calls"], newest["late_calls"], newest["seen"]) == (75, 1, [])


@pytest.mark.parametrize("what", ["trip", "override", "protect", "trip-test"])
def test_strangers_find_nothing_members_are_told_and_tokens_need_the_scope(
    cast: Cast, daily: Cap, what: str
) -> None:
    body = asked(daily) | {"protected": True}

    assert post(caller(cast.greta), f"{ROOT}/{what}", **body).status_code == 404
    assert post(caller(cast.ed, "policy:read"), f"{ROOT}/{what}", **body).status_code == 403
    browser = Client()
    browser.force_login(cast.aud)
    assert post(browser, f"{ROOT}/{what}", **body).status_code == 403


def test_an_engineer_gives_routers_an_allowance_without_the_server(cast: Cast, daily: Cap) -> None:
    body = {"mode": "bucket", "usd": "5.00", "reason": "The line is weak."}

    answer = post(caller(cast.ed), f"{ROOT}/when-stale", **body)

    assert answer.status_code == 200
    assert answer.json()["revision"] == PolicyRevision.objects.latest("number").number
    assert Scope.objects.get(pk=daily.scope_id).stale_usd == Decimal("5.00")
    refused = post(caller(cast.carl), f"{ROOT}/when-stale", **(body | {"usd": "0"}))
    assert refused.status_code == 422
    assert [each["pointer"] for each in refused.json()["errors"]] == ["/usd"]
