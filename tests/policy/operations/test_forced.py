"""The kill switch: the block stands at once, the reason may follow; and who protects what."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from org.models import AuditEntry
from org.refusals import Invalid, NotAllowed, NotThere, Refusal
from policy.models import ForcedBlock, PolicyRevision, Scope
from policy.operations.breaker import unblock
from policy.operations.forced import force_block, give_reason, scope_to_stop
from policy.operations.protection import set_protected
from policy.operations.publish import publish
from policy.permissions import scopes_visible_to
from policy.queries.content import gather as gather_content
from policy.queries.forced import reasons_owed
from tests.factories.policy import drafter_scope, unit_scope
from tests.org_cast import Cast


@pytest.fixture
def drafter(cast: Cast, at: datetime) -> Scope:
    scope = drafter_scope(cast.support)
    publish(cause="", by=None, at=at)
    return scope


def test_without_a_reason_the_block_stands_at_once_and_one_is_owed(
    cast: Cast, at: datetime, drafter: Scope
) -> None:
    forced = force_block(scope=drafter, by=cast.ed, at=at)

    drafter.refresh_from_db()
    assert (drafter.state, drafter.reason_code, drafter.held_by) == (
        "open",
        "kill_switch",
        cast.ed,
    )
    assert drafter.reason_text == "Stopped by hand; the reason will follow. (blocked by Ed)"
    assert list(reasons_owed(scopes_visible_to(cast.ed))) == [forced]
    assert list(reasons_owed(scopes_visible_to(cast.greta))) == []
    assert PolicyRevision.objects.latest("pk").author == cast.ed


def test_the_reason_afterwards_reaches_routers_and_the_audit_log(
    cast: Cast, at: datetime, drafter: Scope
) -> None:
    forced = force_block(scope=drafter, by=cast.ed, at=at)

    give_reason(forced_id=forced.pk, reason="It answers in loops.", by=cast.grace, at=at)

    drafter.refresh_from_db()
    assert drafter.reason_text == "It answers in loops. (blocked by Ed)"
    assert drafter.epoch == 1
    assert list(reasons_owed(scopes_visible_to(cast.ed))) == []
    entry = AuditEntry.objects.latest("pk")
    assert (entry.actor, entry.action) == (cast.grace, "policy.block_explained")
    assert entry.detail["reason"] == "It answers in loops."
    assert b"It answers in loops. (blocked by Ed)" in bytes(
        PolicyRevision.objects.latest("pk").body
    )
    with pytest.raises(Refusal, match="Grace gave the reason already"):
        give_reason(forced_id=forced.pk, reason="Again.", by=cast.ed, at=at)


def test_a_reason_that_comes_after_the_lifting_is_kept_and_published_nowhere(
    cast: Cast, at: datetime, drafter: Scope
) -> None:
    forced = force_block(scope=drafter, by=cast.ed, at=at)
    unblock(scope=drafter, by=cast.ed, at=at)
    newest = PolicyRevision.objects.latest("pk").pk

    given = give_reason(forced_id=forced.pk, reason="A false alarm.", by=cast.ed, at=at)

    drafter.refresh_from_db()
    assert (given.reason, drafter.reason_text) == ("A false alarm.", "")
    assert PolicyRevision.objects.latest("pk").pk == newest


def test_given_at_once_nothing_is_owed(cast: Cast, at: datetime, drafter: Scope) -> None:
    forced = force_block(scope=drafter, reason="It loops.", by=cast.ed, at=at)

    assert (forced.reason_by, forced.reason_at) == (cast.ed, at)
    assert list(reasons_owed(scopes_visible_to(cast.ed))) == []


@pytest.mark.parametrize("code", ["cap_day", "loop", "margin_negative", "rate_x", "No", "x" * 41])
def test_nobody_speaks_in_the_breakers_own_words(
    cast: Cast, at: datetime, drafter: Scope, code: str
) -> None:
    with pytest.raises(Invalid):
        force_block(scope=drafter, code=code, by=cast.ed, at=at)


def test_a_unit_or_company_without_guardrails_can_be_stopped_too(cast: Cast, at: datetime) -> None:
    claims = scope_to_stop("unit:claims", by=cast.greta, at=at)
    everything = scope_to_stop("org", by=cast.ed, at=at)

    assert (claims.unit, claims.parent and claims.parent.slug) == (cast.claims, "unit:operations")
    assert (everything.name, everything.unit) == ("Acme", None)
    force_block(scope=everything, by=cast.ed, at=at)
    states = {each.id: each.state for each in gather_content(at=at).scopes}
    assert states["org"] == "open"


def test_a_stranger_finds_nothing_and_a_member_without_the_right_is_told(
    cast: Cast, at: datetime, drafter: Scope
) -> None:
    for slug in ("initiative:support-drafter", "unit:support", "org", "unit:nowhere", "support"):
        with pytest.raises(NotThere):
            scope_to_stop(slug, by=cast.stan, at=at)
    with pytest.raises(NotThere):
        scope_to_stop("org", by=cast.grace, at=at)
    with pytest.raises(NotAllowed):
        scope_to_stop("unit:claims", by=cast.aud, at=at)
    assert not Scope.objects.filter(slug="unit:claims").exists()
    forced = force_block(scope=drafter, by=cast.ed, at=at)
    with pytest.raises(NotAllowed):
        give_reason(forced_id=forced.pk, reason="Mine.", by=cast.greta, at=at)


def test_the_database_wants_to_know_who_gave_a_reason(
    cast: Cast, at: datetime, drafter: Scope
) -> None:
    forced = force_block(scope=drafter, by=cast.ed, at=at)

    with pytest.raises(IntegrityError, match="says_who_gave"), transaction.atomic():
        ForcedBlock.objects.filter(pk=forced.pk).update(reason="Just so.")


def test_a_cfo_protects_a_scope_with_a_reason(cast: Cast, at: datetime) -> None:
    support = unit_scope(cast.support)
    later = at + timedelta(minutes=1)

    set_protected(scope=support, protected=True, reason="Emergency calls.", by=cast.carl, at=at)

    entry = next(each for each in gather_content(at=at).scopes if each.id == "unit:support")
    assert entry.protected is True
    log = AuditEntry.objects.latest("pk")
    assert (log.action, log.detail) == (
        "policy.protected",
        {"protected": True, "reason": "Emergency calls."},
    )
    with pytest.raises(Refusal, match="protected already"):
        set_protected(scope=support, protected=True, reason="Again.", by=cast.carl, at=later)
    with pytest.raises(Invalid):
        set_protected(scope=support, protected=False, reason=" ", by=cast.carl, at=later)
    for person in (cast.ed, cast.grace, cast.fiona, cast.ada):
        with pytest.raises(NotAllowed):
            set_protected(scope=support, protected=False, reason="No.", by=person, at=later)
