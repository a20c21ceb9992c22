"""Gate 4 on a real ledger: calls that were pushed, gates 1 to 3 passed on the first day."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from budgets.models import Initiative
from budgets.operations.gate_baselines import revoke_overtaken
from finops.periods import ONE_DAY
from org.refusals import Stale
from policy.models import Cap, Scope
from policy.operations.breaker import block, unblock
from policy.operations.scopes import put_cap
from tests.factories.baselines import (
    TASKS_A_DAY,
    gated,
    measured,
    passed_baseline,
    rules,
    use,
    use_for,
)
from tests.factories.gates import gate_of, gate_step
from tests.factories.trip_tests import trip_tested
from tests.org_cast import Cast


@pytest.fixture
def drafter(cast: Cast, at: datetime) -> Initiative:
    """Return an experiment of sixty days whose first three gates were passed on the first."""
    return gated(cast, at=at)


def test_days_count_from_the_one_after_the_gates_were_passed(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    later = use_for(cast, 24, since=at)

    found = measured(drafter, by=cast.grace, at=later)

    assert rules(found) == ["gate_not_passed", *["plain"] * 23]
    assert found["length"] == 23
    assert Decimal(found["figures"]["run_rate_usd"]).quantize(Decimal("0.01")) == Decimal("5.00")
    # Seven to go, today among them, and five days for late data.
    assert found["earliest_pass"] == (later.date() + ONE_DAY * 11).isoformat()
    assert found["reasons"][0].startswith("23 valid days in a row, 7 to go;")


def test_thirty_final_days_pass_once_finance_has_seen_them(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    passed_baseline(cast, drafter, since=at)

    evidence = gate_of(drafter, 4).passed_on
    assert evidence is not None
    # The first of 35 days is that of the passes; the last four are not final yet.
    assert (evidence.measures["length"], evidence.measures["final_days"]) == (34, 30)
    assert evidence.measures["tasks"] == 30 * TASKS_A_DAY


def test_a_block_breaks_every_day_that_it_touches(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    scope = Scope.objects.get(slug=f"initiative:{drafter.slug}")
    tenth = at + ONE_DAY * 10
    block(scope=scope, code="stopped", text="Too many retries.", by=cast.ed, at=tenth)
    unblock(scope=scope, by=cast.ed, at=tenth + ONE_DAY, reason="Mended.")
    later = use_for(cast, 20, since=at)

    found = measured(drafter, by=cast.grace, at=later)

    assert [place for place, rule in enumerate(rules(found)) if rule == "limited"] == [10, 11]
    assert found["length"] == 8
    assert "Too many retries." in found["days"][10]["says"]


def test_a_higher_cap_breaks_the_run_and_a_lower_one_holds_for_all_of_it(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    scope = Scope.objects.get(slug=f"initiative:{drafter.slug}")
    for days, limit in ((5, "12.00"), (9, "6.00")):
        put_cap(
            scope=scope,
            window=Cap.Window.DAY,
            limit_usd=Decimal(limit),
            mode=Cap.Mode.HARD,
            starts_on=drafter.starts_on,
            ends_on=None,
            by=cast.carl,
            at=at + ONE_DAY * days,
        )
    later = use_for(cast, 12, since=at, but=(7,))
    use(cast, at.date() + ONE_DAY * 7, usd="6.40")

    found = measured(drafter, by=cast.grace, at=later)

    assert rules(found)[5] == "cap_raised"
    assert (rules(found)[7], rules(found)[9]) == ("over_cap", "cap_lowered")
    assert "over the daily cap of $6.00 that was set later in the run" in found["days"][7]["says"]
    assert found["length"] == 4


def test_weekends_are_off_only_where_the_schedule_says_so(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    assert at.date() == date(2026, 11, 20)  # a Friday
    later = use_for(cast, 6, since=at, but=(1, 2))

    every_day = measured(drafter, by=cast.grace, at=later)
    workdays = measured(drafter, by=cast.grace, at=later, schedule="workdays")

    assert rules(every_day)[1:3] == ["no_use", "no_use"]
    assert rules(workdays)[1:3] == ["off_day", "off_day"]
    assert (every_day["length"], workdays["length"]) == (3, 5)


def test_a_provider_that_is_silent_holds_the_days_back(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    for number in range(4):
        use(cast, at.date() + ONE_DAY * number)

    found = measured(drafter, by=cast.grace, at=at + ONE_DAY * 6)

    assert rules(found)[4:] == ["not_complete", "not_complete"]
    assert found["length"] == 3


def test_late_spend_over_the_cap_revokes_the_pass(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    later = passed_baseline(cast, drafter, since=at)
    use(cast, at.date() + ONE_DAY * 20, usd="5.40")

    revoked = revoke_overtaken(at=later + ONE_DAY)

    gate = gate_of(drafter, 4)
    assert revoked == [str(gate)]
    assert gate.state == "revoked"
    assert gate.reason.startswith("Late data broke the baseline: 14 valid days in a row")
    assert revoke_overtaken(at=later + ONE_DAY) == []


def test_late_spend_within_the_limits_leaves_the_pass(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    later = passed_baseline(cast, drafter, since=at)
    use(cast, at.date() + ONE_DAY * 20, usd="0.40")

    assert revoke_overtaken(at=later + ONE_DAY) == []
    assert gate_of(drafter, 4).state == "passed"


def test_what_lands_while_it_is_being_signed_makes_the_evidence_stale(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    later = use_for(cast, 35, since=at)
    gate_step(drafter, "gather", by=cast.grace, at=later, number=4)
    gate_step(drafter, "submit", by=cast.grace, at=later, number=4)
    use(cast, at.date() + ONE_DAY * 20, usd="5.40")

    with pytest.raises(
        Stale, match=r"Thirty valid days in a row was 34 \(met\) and is 14 \(missed\)"
    ):
        gate_step(drafter, "sign", by=cast.carl, at=later, number=4)


def test_a_trip_test_is_noted_and_the_day_counts(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    scope = Scope.objects.get(slug=f"initiative:{drafter.slug}")
    trip_tested(scope, by=cast.ed, at=at + ONE_DAY * 3)
    later = use_for(cast, 6, since=at)

    found = measured(drafter, by=cast.grace, at=later)

    assert rules(found)[3] == "trip_test"
    assert found["length"] == 5
