"""Gate 3 on a real ledger, a published policy and a trip test that was run against it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from budgets.models import Gate, Initiative
from org.models import Role, User
from org.refusals import Stale
from policy.document import Content, RatesEntry
from policy.models import Scope, TripTest
from policy.operations import publish as publication
from policy.operations.fleet import record_status
from policy.operations.publish import publish
from policy.queries.content import gather
from policy.queries.revisions import current_number
from tests.factories.budgets import spend
from tests.factories.gates import PLATFORM, Ledger, gate_of, gate_step, gates, passed
from tests.factories.org import new_user
from tests.factories.trip_tests import trip_tested
from tests.org_cast import Cast


@pytest.fixture
def later(at: datetime) -> datetime:
    """Return a moment at which twenty full days of the experiment are known."""
    return at + timedelta(days=20)


@pytest.fixture
def spent_drafter(cast: Cast, at: datetime, drafter: Initiative) -> Initiative:
    """Let the experiment cost 1.00, 1.10 and so on up to 2.90 a day for twenty days."""
    for number in range(20):
        day = at.date() + timedelta(days=number)
        spend(cast.support, day, f"{1 + number / 10:.2f}", cost_object=drafter.cost_object)
    Initiative.objects.filter(pk=drafter.pk).update(on_call=cast.ed)
    return drafter


def report(name: str, revision: int, *, at: datetime) -> None:
    record_status(sidecar=name, version="1", revision=revision, applied_at=at, errors=(), at=at)


def gathered(initiative: Initiative, *, by: User, at: datetime, **inputs: str) -> dict[str, Any]:
    gate_step(initiative, "gather", by=by, at=at, number=3, inputs=inputs)
    evidence = gate_of(initiative, 3).evidence
    assert evidence is not None
    return {
        each["code"]: (each["measured"], each["limit"], each["verdict"])
        for each in (evidence.criteria)
    }


def test_it_reads_what_routers_were_given_and_what_was_spent(
    cast: Cast, later: datetime, spent_drafter: Initiative
) -> None:
    newest = current_number() or 0
    report("gateway-eu", newest, at=later)
    report("gateway-us", newest - 1, at=later)

    # The cap is $10 a day; of twenty days the 19th costs 2.80; $61 are left of $100.
    assert gathered(spent_drafter, by=cast.grace, at=later) == {
        "daily_cap": ("10.00", None, "met"),
        "cap_to_day": ("10.00", "5.600000000000", "missed"),
        "cap_to_rest": ("10.00", "12.200000000000", "met"),
        "rates": ("0", "3", "missed"),
        "action": ("yes", "yes", "met"),
        "acknowledged": ("1", "2", "missed"),
        "people": ("Grace and Ed", "both", "met"),
        "trip_test": (None, "0.05", "unknown"),
    }


def test_while_few_days_are_known_the_typed_expectation_counts(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    criteria = gathered(drafter, by=cast.grace, at=at, expected_day_usd="6.00")

    assert criteria["cap_to_day"] == ("10.00", "12.00", "met")


def test_submitting_defers_it_in_the_words_of_what_is_missing(
    cast: Cast, later: datetime, spent_drafter: Initiative
) -> None:
    gathered(spent_drafter, by=cast.grace, at=later)

    gate = gate_step(spent_drafter, "submit", by=cast.grace, at=later, number=3)

    assert (gate.state, gate.recheck_on) == ("deferred", date(2026, 12, 24))
    assert "No live trip test of the last 30 days is on record" in gate.reason


def test_a_router_that_falls_behind_makes_the_evidence_stale(
    cast: Cast, later: datetime, spent_drafter: Initiative
) -> None:
    newest = current_number() or 0
    report("gateway-eu", newest, at=later)
    gathered(spent_drafter, by=cast.grace, at=later)
    report("gateway-us", newest - 1, at=later)

    with pytest.raises(Stale, match="Every router runs the revision was 1"):
        gate_step(spent_drafter, "submit", by=cast.grace, at=later, number=3)

    assert Gate.objects.get().state == "evidence"


@pytest.fixture
def rated(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let every document that is published limit a minute of each experiment."""
    limits = RatesEntry(
        requests_per_minute=600, tokens_per_minute=200_000, usd_per_minute=Decimal("1.50")
    )

    def rated_content(*, at: datetime) -> Content:
        content = gather(at=at)
        scopes = [
            replace(each, rates=limits) if each.id.startswith("initiative:") else each
            for each in content.scopes
        ]
        return replace(content, scopes=scopes)

    monkeypatch.setattr(publication, "gather", rated_content)
    return iter(())


@pytest.fixture
def busy_drafter(cast: Cast, at: datetime, drafter: Initiative, rated: None) -> Initiative:
    """Let everything be in order but for a trip test: people, limits a minute, money left."""
    Initiative.objects.filter(pk=drafter.pk).update(on_call=cast.ed)
    publish(cause="Limits a minute", by=cast.carl, at=at)
    return drafter


def let_trip(initiative: Initiative, *, by: User, at: datetime, **asked: Any) -> TripTest:
    return trip_tested(
        Scope.objects.get(slug=f"initiative:{initiative.slug}"), by=by, at=at, **asked
    )


def fits(initiative: Initiative, *, by: User, at: datetime) -> dict[str, Any]:
    """Let one router run the newest revision, and gather with a busy day of $6.00."""
    report("gateway-eu", current_number() or 0, at=at)
    return gathered(initiative, by=by, at=at, expected_day_usd="6.00")


def test_with_a_trip_test_all_of_it_holds_and_two_people_sign_it_into_a_pass(
    cast: Cast, at: datetime, busy_drafter: Initiative, erin: User
) -> None:
    # Calls of 0.133334: the 75th reaches $10.00 and costs it 10.00005, one more comes late.
    test = let_trip(busy_drafter, by=cast.ed, at=at)
    assert (test.calls, test.late_calls, test.is_rate_limited) == (75, 1, True)

    with gates(Ledger(), numbers=(1, 2), signers=lambda _: (PLATFORM,)):
        for number in (1, 2):
            passed(busy_drafter, by=cast.grace, signers=[erin], at=at, number=number)

    criteria = fits(busy_drafter, by=cast.grace, at=at)

    assert criteria["rates"] == ("3", "3", "met")
    assert criteria["trip_test"][2] == "met"
    assert Decimal(criteria["trip_test"][0]).quantize(Decimal("0.0001")) == Decimal("0.0133")
    assert {verdict for _, _, verdict in criteria.values()} == {"met"}
    gate_step(busy_drafter, "submit", by=cast.grace, at=at, number=3)
    gate_step(busy_drafter, "sign", by=new_user(roles=[Role.GM]), at=at, number=3)
    gate = gate_step(busy_drafter, "sign", by=cast.ed, at=at, number=3)
    assert gate.state == "passed"


def test_a_trip_test_of_thirty_days_ago_counts_and_an_older_one_defers(
    cast: Cast, at: datetime, busy_drafter: Initiative
) -> None:
    let_trip(busy_drafter, by=cast.ed, at=at)
    last, later = at + timedelta(days=30), at + timedelta(days=31)
    assert fits(busy_drafter, by=cast.grace, at=last)["trip_test"][2] == "met"

    assert fits(busy_drafter, by=cast.grace, at=later)["trip_test"] == (None, "0.05", "unknown")
    gate = gate_step(busy_drafter, "submit", by=cast.grace, at=later, number=3)
    assert gate.state == "deferred"
    assert "No live trip test of the last 30 days is on record" in gate.reason


@pytest.mark.parametrize(
    ("call_usd", "share", "verdict"),
    [
        ("0.30", "0.0500000000", "met"),  # the 34th makes $10.20, one more $10.50
        ("0.53", "0.0600000000", "missed"),  # the 19th makes $10.07, one more $10.60
    ],
)
def test_five_percent_beyond_the_cap_passes_and_six_do_not(
    cast: Cast, at: datetime, busy_drafter: Initiative, *, call_usd: str, share: str, verdict: str
) -> None:
    let_trip(busy_drafter, by=cast.ed, at=at, call_usd=Decimal(call_usd))

    criteria = fits(busy_drafter, by=cast.grace, at=at)

    assert criteria["trip_test"] == (share, "0.05", verdict)


def test_the_gate_says_whether_routers_were_there(
    cast: Cast, at: datetime, busy_drafter: Initiative
) -> None:
    let_trip(busy_drafter, by=cast.ed, at=at)
    fits(busy_drafter, by=cast.grace, at=at)
    evidence = gate_of(busy_drafter, 3).evidence
    assert evidence is not None

    says = next(each["says"] for each in evidence.criteria if each["code"] == "trip_test")

    assert says == (
        "The loop was stopped at $10.13, 1.3% beyond the cap of $10.00, where 5% is the most."
        " Measured at the server only: no router was connected."
    )
