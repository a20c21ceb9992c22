"""An experiment with a cap of 45 dollars a day, and the calls that carry it past: for pages."""

import csv
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from ingestion.operations.rules import RuleDraft, publish_rules
from org.models import User
from policy.models import Scope
from policy.operations.publish import publish
from policy.operations.usage import take_usage
from tests.factories.policy import cap, drafter_scope, unit_scope
from tests.org_cast import Cast

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MORNING = NOON - timedelta(hours=4)
LIST = "/breakers/"
PAGE = "/breakers/initiative:support-drafter/"


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    set_now(monkeypatch, NOON)


def set_now(monkeypatch: pytest.MonkeyPatch, at: datetime) -> None:
    monkeypatch.setattr(timezone, "now", lambda: at)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def answer(user: User, path: str, **headers: str) -> HttpResponse:
    got = signed_in(user).get(path, headers=headers)
    assert isinstance(got, HttpResponse)
    assert got.status_code == 200
    return got


def text(user: User, path: str = LIST, **headers: str) -> str:
    return " ".join(answer(user, path, **headers).content.decode().split())


def file_of(user: User, query: str = "") -> list[dict[str, str]]:
    """Return the list as its file tells it, a row for each breaker."""
    got: Any = signed_in(user).get(f"{LIST}?format=csv&{query}")
    text_of = b"".join(got.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(text_of.splitlines()))


def rows_of(user: User, query: str = "") -> list[str]:
    """Return the slugs of the breakers in the order of the list."""
    return [row["scope"] for row in file_of(user, query)]


@pytest.fixture
def drafter(cast: Cast) -> Scope:
    """Cap an experiment at 45 dollars a day, and Claims at 10; both run."""
    scope = drafter_scope(cast.support)
    cap(scope, "45.00", by=cast.carl, at=MORNING)
    cap(unit_scope(cast.claims), "10.00", at=MORNING)
    publish(cause="Caps were set.", by=cast.carl, at=MORNING)
    return scope


def call(name: str, usd: str, *, at: datetime, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "started_at": at.isoformat(),
        "provider": "openai",
        "model": "gpt-5",
        "workflow": "support-drafter",
        "key": "svc-drafter",
        "user": "ana@example.org",
        "tokens": {"in_text": 1000, "out_text": 100},
        "cost_usd": usd,
        **more,
    }


@pytest.fixture
def tripped(cast: Cast, drafter: Scope) -> Scope:
    """Push calls of 46.10 dollars in all by two keys; the last one passes the cap at 10:31."""
    rule = RuleDraft(
        "Drafter", {"workflow": "support-drafter"}, cast.support.pk, drafter.cost_object_id
    )
    publish_rules(drafts=[rule], reason="As agreed.", by=cast.fiona, at=MORNING)
    publish(cause="Rules.", by=cast.fiona, at=MORNING)
    morning = datetime(2026, 11, 20, 9, 15, tzinfo=UTC)
    late = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)
    calls = [
        call("one", "30.00", at=morning),
        call("two", "6.10", at=morning + timedelta(minutes=5), key="laptop"),
        call("three", "10.00", at=late),
    ]
    take_usage(records=calls, by=cast.ed, at=late + timedelta(minutes=1))
    drafter.refresh_from_db()
    return drafter
