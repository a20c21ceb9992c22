"""The policy pages: what stands there in words, for whom, and who stops what."""

from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ingestion.operations.rules import RuleDraft, publish_rules
from org.models import Unit, User
from policy.models import Scope, Sidecar
from policy.operations.breaker import block
from policy.operations.publish import publish
from tests.factories.policy import AT, cap, drafter_scope, spend, unit_scope
from tests.org_cast import Cast


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(user: User, path: str = "/policy/") -> str:
    answer = signed_in(user).get(path)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def today() -> date:
    return timezone.now().date()


@pytest.fixture
def drafter(cast: Cast) -> Scope:
    scope = drafter_scope(cast.support)
    cap(scope, "45.00", by=cast.carl)
    cap(unit_scope(cast.claims), "10.00")
    publish(cause="Caps were set.", by=cast.carl, at=timezone.now())
    return scope


def test_the_head_says_which_revision_holds_why_and_how_much_is_blocked(
    cast: Cast, drafter: Scope
) -> None:
    block(scope=drafter, code="stopped", text="It loops.", by=cast.grace, at=timezone.now())

    text = page(cast.ed)

    assert "Revision 2, published just now: Support drafter blocked: It loops. " in text
    assert "1 of 4 scopes are blocked." in text


def test_a_blocked_scope_tells_its_reason_and_whom_to_ask(cast: Cast, drafter: Scope) -> None:
    block(scope=drafter, code="stopped", text="It loops.", by=cast.grace, at=timezone.now())

    text = page(cast.ed)

    assert "It loops. (blocked by Grace)" in text
    assert "until somebody changes it" in text
    assert "Ask Grace (grace@example.org)." in text
    assert "Blocked" in text


def test_a_cap_stands_beside_its_meter_of_today(cast: Cast, drafter: Scope) -> None:
    spend("40.00", unit=cast.support, cost_object=drafter.cost_object, on=today())

    text = page(cast.aud)

    assert "$40.00 of $45.00" in text
    assert "bar-warn" in text


def test_scopes_that_run_without_a_cap_are_folded_into_one_line(cast: Cast, drafter: Scope) -> None:
    text = page(cast.aud)

    table, folded = text.split("2 more scopes run without a cap of their own")
    assert 'id="initiative:support-drafter"' in table
    assert 'id="unit:claims"' in table
    assert 'id="unit:support"' in folded
    assert 'id="org"' in folded


def test_many_changes_of_a_revision_are_folded_and_two_are_not(cast: Cast, drafter: Scope) -> None:
    for window in ("period", "total"):
        cap(drafter, "60.00", window=window)
    publish(cause="Two caps.", by=cast.carl, at=timezone.now())
    two = page(cast.aud)
    for window in ("day", "period", "total"):
        cap(drafter, "70.00" if window != "day" else "44.00", window=window)
    publish(cause="Three caps.", by=cast.carl, at=timezone.now())

    assert "cap of the fiscal period (hard) of $60.00 was set." in two
    assert "2 changes" not in two
    assert "3 changes" in page(cast.aud)


def test_a_manager_sees_her_own_unit_and_nothing_of_others(cast: Cast, drafter: Scope) -> None:
    publish_rules(
        drafts=[RuleDraft("Claims rule", {"key": "secret-key"}, unit_id=cast.claims.pk)],
        reason="Test.",
        by=cast.fiona,
        at=AT,
    )
    publish(cause="Claims got a rule for secret-key.", by=cast.fiona, at=timezone.now())

    grace, greta = page(cast.grace), page(cast.greta)

    assert "Support drafter" in grace
    assert "secret-key" not in grace
    assert "unit:claims" not in grace
    assert "Something changed outside your units." in grace
    assert "secret-key" in greta
    assert "Support drafter" not in greta


def test_a_stranger_is_turned_away(cast: Cast, drafter: Scope) -> None:
    assert signed_in(cast.stan).get("/policy/").status_code == 403
    assert Client().get("/policy/").status_code == 302


def test_nobody_but_who_may_stop_finds_the_form(cast: Cast, drafter: Scope) -> None:
    assert "Stop something at once" in page(cast.ed)
    assert "Stop something at once" in page(cast.grace)
    assert "Stop something at once" not in page(cast.aud)


def test_an_engineer_blocks_and_lifts_on_the_page(cast: Cast, drafter: Scope) -> None:
    engineer = signed_in(cast.ed)

    blocked = engineer.post(
        "/policy/block/", {"block-scope": drafter.slug, "block-reason": "It loops."}, follow=True
    )
    assert "Support drafter is blocked." in blocked.content.decode()
    drafter.refresh_from_db()
    assert (drafter.state, drafter.held_by) == ("open", cast.ed)

    engineer.post("/policy/unblock/", {"unblock-scope": drafter.slug, "unblock-reason": "Mended."})
    drafter.refresh_from_db()
    assert drafter.state == "closed"


def test_a_block_without_a_reason_keeps_what_was_typed(cast: Cast, drafter: Scope) -> None:
    answer = signed_in(cast.ed).post(
        "/policy/block/", {"block-scope": drafter.slug, "block-reason": " "}
    )

    assert answer.status_code == 422
    assert f'value="{drafter.slug}" selected' in answer.content.decode()


def test_a_scope_of_another_unit_is_no_choice(cast: Cast, drafter: Scope) -> None:
    answer = signed_in(cast.greta).post(
        "/policy/block/", {"block-scope": drafter.slug, "block-reason": "Not mine."}
    )

    drafter.refresh_from_db()
    assert (answer.status_code, drafter.state) == (422, "closed")


def test_delivery_shows_who_is_behind_and_who_refused(cast: Cast, drafter: Scope) -> None:
    now = timezone.now()
    Sidecar.objects.create(name="eu-1", revision=1, seen_at=now)
    Sidecar.objects.create(name="eu-2", revision=0, seen_at=now)
    Sidecar.objects.create(
        name="us-1", revision=1, seen_at=now, refused_revision=1, refusal="Bad signature."
    )

    text = page(cast.ed)
    said, table = text.split("Routers and the revisions they run", 1)

    assert "2 of 3 on revision 1; eu-2 has applied none yet." in said
    places = [table.index(each) for each in ("eu-1", "Current", "eu-2", "Behind", "us-1")]
    assert places == sorted(places)
    assert "Refused 1" in table
    assert "Bad signature." in table


def test_a_revision_has_its_page(cast: Cast, drafter: Scope) -> None:
    cap(drafter, "60.00")
    publish(cause="", by=cast.carl, at=timezone.now())

    text = page(cast.aud, "/policy/revisions/2/")

    sentence = "Support drafter: daily cap (hard) went from $45.00 to $60.00."
    assert sentence in text
    assert "&quot;schema&quot;: &quot;tokenops.policy/1&quot;" in text
    assert "Revision 1" in text
    assert signed_in(cast.aud).get("/policy/revisions/9/").status_code == 404


def test_the_document_itself_is_for_who_sees_the_company(cast: Cast, drafter: Scope) -> None:
    assert "tokenops.policy/1" not in page(cast.grace, "/policy/revisions/1/")
    assert "tokenops.policy/1" in page(cast.ed, "/policy/revisions/1/")


def test_earlier_revisions_are_a_page_away(cast: Cast, drafter: Scope) -> None:
    for limit in range(50, 62):
        cap(drafter, f"{limit}.00")
        publish(cause=f"Cap {limit}.", by=None, at=timezone.now())

    assert "Cap 51." not in page(cast.ed)
    assert "Cap 51." in page(cast.ed, "/policy/?before=4")


def test_the_page_asks_the_same_of_the_database_for_one_scope_and_for_three(cast: Cast) -> None:
    auditor = signed_in(cast.aud)

    def queries_with(*units: Unit) -> int:
        for unit in units:
            scope = unit_scope(unit)
            cap(scope, "45.00")
            cap(scope, "450.00", window="period")
            cap(scope, "60.00", mode="alert")
        publish(cause="Caps.", by=None, at=timezone.now())
        with CaptureQueriesContext(connection) as queries:
            auditor.get("/policy/")
        return len(queries)

    alone = queries_with(cast.support)

    assert queries_with(cast.claims, cast.operations) == alone
    assert alone < 39


def test_an_empty_installation_says_what_comes_next(cast: Cast) -> None:
    text = page(cast.ed)

    assert "Nothing is published yet" in text
    assert "No caps yet" in text
