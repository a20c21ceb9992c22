"""The simulator's page: whose call it would be, by which line, and who may ask about whom."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.utils import timezone

from ingestion.operations.rules import RuleDraft, publish_rules
from org.models import User
from policy.models import ModelTier, Scope
from policy.operations.breaker import block
from policy.operations.publish import publish
from tests.factories.policy import cap, drafter_scope, org_scope, spend
from tests.org_cast import Cast

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PAGE = "/policy/simulator/"
CALL = f"{PAGE}?provider=openai&model=gpt-5&workflow=support-drafter"


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOON)


@pytest.fixture
def drafter(cast: Cast) -> Scope:
    scope = drafter_scope(cast.support)
    cap(scope, "45.00", by=cast.carl)
    drafts = [
        RuleDraft("Claims", {"key": "claims-*"}, cast.claims.pk),
        RuleDraft(
            "Drafter", {"workflow": "support-drafter"}, cast.support.pk, scope.cost_object_id
        ),
    ]
    publish_rules(drafts=drafts, reason="As agreed.", by=cast.fiona, at=NOON)
    ModelTier.objects.create(
        provider="openai", model="gpt-5", tier="frontier", reason="First.", recorded_at=NOON
    )
    publish(cause="Rules.", by=cast.fiona, at=NOON)
    return scope


def text(user: User, path: str, *, status: int = 200, is_part: bool = False) -> str:
    client = Client()
    client.force_login(user)
    got = client.get(path, headers={"HX-Request": "true"} if is_part else {})
    assert got.status_code == status
    return " ".join(got.content.decode().split()).replace("&quot;", '"')


@pytest.mark.usefixtures("drafter")
def test_a_call_that_passes_tells_its_line_and_every_scope(cast: Cast) -> None:
    shown = text(cast.ed, f"{CALL}&in_tokens=10&tags=team%3Dcx")

    assert "It is made" in shown
    assert "by line 2 of 3" in shown
    assert "key is claims-* (it is not said)" in shown
    assert "workflow is support-drafter" in shown
    assert "Allows it. Spent: $0.00 of $45.00 (daily cap)." in shown


def test_a_block_is_told_with_the_body_that_clients_get(cast: Cast, drafter: Scope) -> None:
    block(scope=drafter, code="stopped", text="It loops.", by=cast.ed, at=NOON)

    shown = text(cast.ed, CALL)

    assert "It is refused" in shown
    assert '"code": "stopped"' in shown
    assert '"message": "It loops. (blocked by Ed)"' in shown
    assert '"revision": 2' in shown
    assert '{"provider": "openai", "model": "gpt-5", "workflow": "support-drafter"}' in shown


@pytest.mark.usefixtures("drafter")
def test_a_manager_asks_of_her_own_calls_and_not_of_others(cast: Cast) -> None:
    own, others = text(cast.grace, CALL), text(cast.greta, CALL)

    assert "Falls under" in own
    assert "claims-*" not in own
    assert "Not yours to see" in others
    assert "Support drafter" not in others


def test_meters_of_scopes_out_of_sight_are_not_told(cast: Cast, drafter: Scope) -> None:
    cap(org_scope(), "50.00")
    spend("31.00", unit=cast.claims)
    publish(cause="Cap.", by=cast.carl, at=NOON)
    priced = f"{CALL}&max_out_tokens=0"

    assert "31.00" not in text(cast.grace, priced)


@pytest.mark.usefixtures("drafter")
def test_what_cannot_be_read_is_said_at_its_field(cast: Cast) -> None:
    shown = text(cast.ed, f"{CALL}&tags=team&in_tokens=-1", status=422)

    assert "“team” is no tag: write name=value." in shown
    assert "greater than or equal to 0" in shown


@pytest.mark.usefixtures("drafter")
def test_htmx_gets_the_answer_alone(cast: Cast) -> None:
    shown = text(cast.ed, CALL, is_part=True)

    assert shown.startswith('<div id="simulated"')
    assert "<h1" not in shown


def test_without_a_policy_there_is_nothing_to_ask(cast: Cast) -> None:
    assert "Nothing is published yet." in text(cast.ed, CALL)


def test_a_stranger_is_turned_away(cast: Cast) -> None:
    refused = text(cast.stan, PAGE, status=403)

    assert 'name="provider"' not in refused
