"""What the document says of one scope, what routers heard of it, and when it changed."""

from datetime import timedelta
from decimal import Decimal

from policy.models import ModelTier, Scope, Sidecar
from policy.operations.breaker import block
from policy.operations.publish import publish
from policy.queries.revisions import revisions_touching
from policy.queries.scope_policy import policy_of
from tests.factories.policy import AT, cap, drafter_scope, unit_scope
from tests.org_cast import Cast

SLUG = "initiative:support-drafter"


def ranked(cast: Cast, model: str, tier: str) -> None:
    ModelTier.objects.create(
        provider="openai", model=model, tier=tier, by=cast.ed, recorded_at=AT, reason="As it costs."
    )


def test_a_router_on_an_older_revision_that_says_the_same_is_not_behind(cast: Cast) -> None:
    cap(drafter_scope(cast.support), "10.00")
    publish(cause="First.", by=None, at=AT)
    publish(cause="", by=None, at=AT + timedelta(days=1))  # its cap starts anew, nothing else
    Sidecar.objects.create(name="eu", revision=1, seen_at=AT, applied_at=AT)

    found = policy_of(SLUG)

    assert found is not None
    assert found.revision.number == 2
    [heard] = found.fleet
    assert (heard.is_current, heard.says_the_same, found.behind) == (False, True, 0)


def test_a_router_that_has_not_heard_of_a_lower_cap_is_behind(cast: Cast) -> None:
    scope = drafter_scope(cast.support)
    cap(scope, "10.00")
    publish(cause="First.", by=None, at=AT)
    cap(scope, "5.00")
    publish(cause="Lower.", by=None, at=AT)
    Sidecar.objects.create(name="eu", revision=1, seen_at=AT, applied_at=AT)

    found = policy_of(SLUG)

    assert found is not None
    assert (found.fleet[0].says_the_same, found.behind) == (False, 1)


def test_the_strictest_tier_of_the_line_holds_for_models(cast: Cast) -> None:
    drafter_scope(cast.support)
    Scope.objects.filter(pk=unit_scope(cast.support).pk).update(max_tier="mid")
    for model, tier in (("gpt-5", "frontier"), ("gpt-5-mini", "mid")):
        ranked(cast, model, tier)
    publish(cause="First.", by=None, at=AT)

    found = policy_of(SLUG)

    assert found is not None
    assert found.max_tier == "mid"
    assert [(each.model, each.is_admitted) for each in found.models] == [
        ("gpt-5", False),
        ("gpt-5-mini", True),
    ]
    assert [entry["id"] for entry in found.line] == [
        SLUG,
        "unit:support",
        "unit:operations",
        "unit:acme",
        "org",
    ]


def test_nothing_is_said_before_the_first_revision_or_of_what_is_not_there(cast: Cast) -> None:
    assert policy_of(SLUG) is None
    publish(cause="First.", by=None, at=AT)
    assert policy_of(SLUG) is None


def test_only_revisions_that_say_something_else_of_a_scope_touch_it(cast: Cast) -> None:
    unit_scope(cast.support)
    publish(cause="1: before it was there.", by=None, at=AT)
    scope = drafter_scope(cast.support)
    cap(scope, "10.00")
    publish(cause="2: it is there.", by=None, at=AT)
    publish(cause="3: a new day.", by=None, at=AT + timedelta(days=1))
    cap(unit_scope(cast.claims), "70.00")
    publish(cause="4: another's cap.", by=None, at=AT + timedelta(days=1))
    cap(scope, "5.00")
    publish(cause="5: its cap.", by=None, at=AT + timedelta(days=1))
    block(
        scope=scope, code="stopped", text="Enough.", by=None, at=AT + timedelta(days=2), until=None
    )
    last = publish(cause="", by=None, at=AT + timedelta(days=2))  # unless blocking published it

    touched = revisions_touching(SLUG)

    assert [each.number for each in touched[-2:]] == [5, 2]
    assert len(touched) == 3
    assert [change.text for each in touched for change in each.changes] == [
        "Support drafter is blocked: Enough.",
        "Support drafter: daily cap (hard) went from $10.00 to $5.00.",
        "Support drafter was added.",
    ]
    assert last is None or last.number == touched[0].number
    assert Decimal("5.00") == scope.caps.get(retired_at=None).limit_usd
