"""REST: a router leases, settles and reports; people see what is held, and write off."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from org.models import User
from policy.models import Cap, Lease, Scope
from policy.operations.probes import open_probe
from tests.factories.leases import call, leased, led_to
from tests.factories.org import new_token
from tests.factories.policy import cap, drafter_scope, unit_scope
from tests.factories.quotas import quota
from tests.org_cast import Cast

LEASES = "/api/v1/leases"


def caller(user: User, *scopes: str) -> Client:
    secret = f"tok_{user.username}_{len(scopes)}"
    held = list(scopes) or ["lease:write", "usage:write", "policy:read"]
    new_token(secret=secret, user=user, scopes=held, created_at=timezone.now())
    return Client(headers={"Authorization": f"Bearer {secret}"})


def post(client: Client, path: str, body: object, **headers: str) -> Any:
    return client.post(path, json.dumps(body), content_type="application/json", headers=headers)


@pytest.fixture
def total(cast: Cast) -> Cap:
    """Cap the experiment at $100 in total, so that no test meets a midnight."""
    at = timezone.now()
    scope = drafter_scope(cast.support)
    led_to(scope, by=cast.fiona, at=at)
    return cap(scope, "100.00", window="total", starts_on=at.date() - timedelta(days=1), at=at)


@pytest.fixture
def router(cast: Cast) -> Client:
    return caller(cast.ed)


def asked(total: Cap, usd: str = "10", **more: str) -> dict[str, str]:
    return {"sidecar": "router-1", "cap": total.public_id, "usd": usd, **more}


def test_money_is_leased_spent_and_settled(router: Client, total: Cap) -> None:
    answer = post(router, LEASES, asked(total))
    lease = answer.json()

    assert answer.status_code == 201
    assert lease == {
        "lease": Lease.objects.get().public_id,
        "cap": total.public_id,
        "granted_usd": "10.000000000000",
        "remaining_usd": "90.000000000000",
        "expires_at": lease["expires_at"],
        "epoch": 0,
    }
    usage = [call("1", "3.00", at=timezone.now(), lease=lease["lease"])]
    assert post(router, "/api/v1/usage", usage).json()["accepted"] == 1
    settled = post(
        router,
        f"{LEASES}/{lease['lease']}/settle",
        {"sequence": 1, "used_usd": "3.50", "final": True},
    )

    assert settled.status_code == 200
    assert settled.json() == {
        "lease": lease["lease"],
        "granted_usd": "10.000000000000",
        "used_usd": "3.500000000000",
        "metered_usd": "3.000000000000",
        "held_usd": "0.500000000000",
        "final": True,
        "expires_at": lease["expires_at"],
    }
    [counter] = router.get("/api/v1/policy/counters").json()["results"]
    assert (counter["spent_usd"], counter["held_usd"], counter["remaining_usd"]) == (
        "3.000000000000",
        "0.500000000000",
        "96.500000000000",
    )


def test_where_nothing_is_left_the_problem_names_the_cap(
    cast: Cast, router: Client, total: Cap
) -> None:
    support = cap(unit_scope(cast.support), "0.00", window="total", starts_on=total.starts_on)

    answer = post(router, LEASES, asked(total))

    assert answer.status_code == 409
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:tokenops:nothing-left",
        "title": "Nothing left to lease",
        "status": 409,
        "detail": "Nothing is left of the cap in total of $0.00 of Support:"
        " $0.00 spent and $0.00 held by routers.",
        "cap": support.public_id,
        "scope": "unit:support",
        "code": "cap_total",
        "resets_at": None,
        "limit_usd": "0.00",
        "spent_usd": "0",
        "held_usd": "0",
    }


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"usd": "0"}, "/usd"),
        ({"usd": "-1"}, "/usd"),
        ({"usd": "much"}, "/usd"),
        ({"least_usd": "11"}, "/least_usd"),
        ({"sidecar": ""}, "/sidecar"),
        ({"cap": "org"}, "/cap"),
        ({"cap": "cap:x"}, "/cap"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_its_field(
    router: Client, total: Cap, change: dict[str, str], pointer: str
) -> None:
    answer = post(router, LEASES, asked(total) | change)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert not Lease.objects.exists()


def test_a_key_sent_twice_leases_once(router: Client, total: Cap) -> None:
    first = post(router, LEASES, asked(total), **{"Idempotency-Key": "k"})
    again = post(router, LEASES, asked(total), **{"Idempotency-Key": "k"})

    assert again.json() == first.json()
    assert Lease.objects.count() == 1


def test_a_lease_takes_its_scope(cast: Cast, total: Cap) -> None:
    answer = post(caller(cast.ed, "policy:read", "usage:write"), LEASES, asked(total))

    assert answer.status_code == 403
    assert "lease:write" in answer.json()["detail"]


def test_settling_what_is_not_there_is_404_and_what_cannot_be_422(
    cast: Cast, router: Client, total: Cap
) -> None:
    lease = post(router, LEASES, asked(total)).json()["lease"]
    told = {"sequence": 1, "used_usd": "1"}

    assert post(router, f"{LEASES}/lease_x/settle", told).status_code == 404
    assert post(caller(cast.ada), f"{LEASES}/{lease}/settle", told).status_code == 404
    assert post(router, f"{LEASES}/{lease}/settle", told | {"sequence": 0}).status_code == 422
    assert post(router, f"{LEASES}/{lease}/settle", told | {"used_usd": "-1"}).status_code == 422


def test_people_of_the_company_see_who_holds_what(cast: Cast, router: Client, total: Cap) -> None:
    names = [post(router, LEASES, asked(total)).json()["lease"] for _ in range(3)]
    post(router, f"{LEASES}/{names[0]}/settle", {"sequence": 1, "used_usd": "0", "final": True})

    listed = router.get(LEASES).json()
    holding = router.get(f"{LEASES}?held=true&limit=1").json()

    assert [row["lease"] for row in listed["results"]] == names[::-1]
    assert [row["lease"] for row in holding["results"]] == [names[2]]
    assert holding["next"] is not None
    assert listed["results"][0]["scope"] == "initiative:support-drafter"
    assert caller(cast.fiona).get(LEASES).status_code == 200
    assert caller(cast.grace).get(LEASES).status_code == 403


def test_finance_writes_off_what_a_lost_lease_holds(cast: Cast, router: Client, total: Cap) -> None:
    before = timezone.now() - timedelta(minutes=2)
    name = leased(total, "10", by=cast.ed, at=before).public_id
    path, why = f"{LEASES}/{name}/write-off", {"reason": "The host is gone."}
    finance = caller(cast.fiona)

    assert post(router, path, why).status_code == 403
    assert post(finance, path, {"reason": ""}).status_code == 422
    off = post(finance, path, why)

    assert off.status_code == 200
    assert (off.json()["held_usd"], off.json()["written_off_reason"]) == (
        "0.000000000000",
        "The host is gone.",
    )
    again = post(finance, path, why)
    assert (again.status_code, again.json()["title"]) == (409, "Nothing held")


def test_calls_of_a_test_are_leased_until_none_are_left(router: Client, cast: Cast) -> None:
    at = timezone.now()
    scope = half_open_scope(cast, at=at)
    probe = open_probe(scope=scope, calls=3, until=at + timedelta(minutes=10), at=at)
    name = f"probe:{probe.pk}:{scope.epoch}"
    body = {"sidecar": "router-1", "cap": name, "calls": 2}

    first, second = post(router, LEASES, body), post(router, LEASES, body)
    refused = post(router, LEASES, body)

    assert (first.status_code, first.json()["granted_calls"]) == (201, 2)
    assert first.json()["epoch"] == scope.epoch
    assert second.json()["granted_calls"] == 1
    assert (refused.status_code, refused.json()["cap"]) == (409, name)


def test_a_block_of_a_quota_is_leased_and_what_is_unused_comes_back(
    router: Client, cast: Cast
) -> None:
    limited = quota("10", by=cast.ed, at=timezone.now(), per="person")
    body = {"sidecar": "r", "cap": limited.public_id, "subject": "ana@x", "amount": "2"}

    block = post(router, LEASES, body).json()
    word = {"sequence": 1, "used": "0.5", "final": True}
    settled = post(router, f"{LEASES}/{block['lease']}/settle", word)

    assert (block["subject"], Decimal(block["granted"])) == ("ana@x", Decimal(2))
    assert Decimal(block["remaining"]) == Decimal(8)
    assert settled.status_code == 200
    assert (Decimal(settled.json()["used"]), settled.json()["final"]) == (Decimal("0.5"), True)
    again = post(router, LEASES, body).json()
    assert Decimal(again["remaining"]) == Decimal("7.5")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"cap": "probe:7:3", "calls": 0}, "/calls"),
        ({"cap": "quota:x", "subject": "", "amount": "1"}, "/cap"),
        ({"cap": "quota:1", "amount": "much"}, "/amount"),
    ],
)
def test_a_lease_that_cannot_be_says_where(
    router: Client, cast: Cast, body: dict[str, Any], pointer: str
) -> None:
    answer = post(router, LEASES, {"sidecar": "router-1", **body})

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_a_block_that_nobody_leased_is_not_there(router: Client, cast: Cast) -> None:
    word = {"sequence": 1, "used": "1", "final": True}

    assert post(router, f"{LEASES}/no-such-block/settle", word).status_code == 404


def test_caps_of_an_hour_are_not_leased_and_hold_nobody_back(
    router: Client, cast: Cast, total: Cap
) -> None:
    at = timezone.now()
    hourly = cap(total.scope, "1.00", window="hour", starts_on=total.starts_on, at=at)

    assert post(router, LEASES, asked(total)).json()["granted_usd"] == "10.000000000000"
    assert post(router, LEASES, asked(hourly)).json()["cap"] == total.public_id


def test_an_override_is_what_may_be_leased(router: Client, cast: Cast, total: Cap) -> None:
    at = timezone.now()
    Cap.objects.filter(pk=total.pk).update(
        raised_to_usd=Decimal("150.00"), raised_until=at + timedelta(hours=1)
    )

    answer = post(router, LEASES, asked(total)).json()

    assert answer["remaining_usd"] == "140.000000000000"


def half_open_scope(cast: Cast, *, at: datetime) -> Scope:
    """Return a scope whose breaker tests whether it may close again."""
    scope = unit_scope(cast.support)
    scope.state, scope.epoch = "half_open", 4
    scope.reason_code, scope.reason_text = "loop", "It looped."
    scope.since, scope.until = at, at + timedelta(minutes=10)
    scope.save()
    return scope
