"""Saying which scopes a router serves: by page and by REST, and who may."""

from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from org.models import AuditEntry, User
from org.models.tokens import Scope
from org.refusals import Invalid, NotAllowed, NotThere
from policy.models import Sidecar
from policy.operations.fleet import bind_sidecar, record_status
from policy.operations.publish import publish
from tests.factories.org import new_token
from tests.org_cast import Cast

PAGE = "/policy/routers/"


@pytest.fixture
def house(cast: Cast, at: datetime, monkeypatch: pytest.MonkeyPatch) -> Cast:
    monkeypatch.setattr(timezone, "now", lambda: at)
    publish(cause="First.", by=None, at=at)
    record_status(sidecar="eu", version="1", revision=1, applied_at=at, errors=[], at=at)
    return cast


def bound(by: User, at: datetime, *, name: str = "eu", serves: Any = ("unit:support",)) -> Sidecar:
    return bind_sidecar(name=name, serves=serves, by=by, at=at)


def test_engineers_and_administrators_bind_a_router_and_it_is_audited(
    house: Cast, at: datetime
) -> None:
    bound(house.ada, at)
    bound(house.ed, at, serves=["unit:support", "unit:claims", "unit:claims"])

    assert Sidecar.objects.get().serves == ["unit:claims", "unit:support"]
    assert AuditEntry.objects.filter(action="policy.router_bound").count() == 2
    for other in (house.carl, house.fiona, house.grace, house.aud):
        with pytest.raises(NotAllowed, match="say what a router serves"):
            bound(other, at)


def test_what_is_not_there_is_told(house: Cast, at: datetime) -> None:
    with pytest.raises(NotThere, match="No router called us has reported yet"):
        bound(house.ed, at, name="us")
    with pytest.raises(Invalid, match="The policy has no scope unit:nowhere"):
        bound(house.ed, at, serves=["unit:nowhere"])


def test_the_page_binds_and_shows_it(house: Cast, client: Client) -> None:
    client.force_login(house.ed)

    answer = client.post(PAGE, {"router": "eu", "serves": ["unit:support"]}, follow=True)

    text = answer.content.decode()
    assert "eu is told at once." in text
    assert "<td>Support (unit:support)</td>" in text
    assert client.post(PAGE, {"router": "us"}).status_code == 422


def test_who_may_not_bind_reads_alone(house: Cast, client: Client) -> None:
    client.force_login(house.aud)
    assert "Say what a router serves" not in client.get(PAGE).content.decode()
    assert client.post(PAGE, {"router": "eu", "serves": []}).status_code == 422
    client.force_login(house.grace)
    assert client.get(PAGE).status_code == 403


def test_by_rest_too(house: Cast, client: Client, at: datetime) -> None:
    new_token(secret="tok_ed", user=house.ed, scopes=list(Scope.values), created_at=at)
    headers = {"Authorization": "Bearer tok_ed"}
    path = "/api/v1/policy/sidecars"

    answer = client.post(
        f"{path}/eu/serves",
        {"serves": ["unit:support"]},
        content_type="application/json",
        headers=headers,
    )

    assert (answer.status_code, answer.json()["serves"]) == (200, ["unit:support"])
    assert client.get(path, headers=headers).json()["results"] == [answer.json()]
    own = client.get("/api/v1/policy?sidecar=eu", headers=headers).json()
    assert [scope["id"] for scope in own["scopes"]] == [
        "org",
        "unit:acme",
        "unit:operations",
        "unit:support",
    ]
    missing = client.post(
        f"{path}/us/serves", {"serves": []}, content_type="application/json", headers=headers
    )
    assert missing.status_code == 404
