"""The breaker: caps trip it, days and people move it, and two at once trip it once."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import transaction

from org.models import AuditEntry
from org.refusals import Invalid, NotAllowed
from policy.lifecycle import NotPossible, ScopeState
from policy.models import PolicyRevision, Scope, ScopeStep
from policy.operations.breaker import block, judge, sweep_scopes, unblock
from tests.factories.policy import cap, drafter_scope, org_scope, spend, unit_scope
from tests.org_cast import Cast, gather
from tests.races import race

MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)


def judged(scope: Scope, at: datetime) -> list[ScopeStep]:
    units = [scope.unit_id] if scope.unit_id else []
    objects = [scope.cost_object_id] if scope.cost_object_id else []
    return judge(unit_ids=units, cost_object_ids=objects, at=at)


def test_spend_well_below_the_cap_moves_nothing(cast: Cast, at: datetime) -> None:
    scope = drafter_scope(cast.support)
    cap(scope, "45.00")
    spend("38.24", unit=cast.support, cost_object=scope.cost_object)

    assert judged(scope, at) == []


def test_spend_past_the_daily_cap_blocks_until_the_next_day(cast: Cast, at: datetime) -> None:
    scope = drafter_scope(cast.support)
    daily = cap(scope, "45.00", by=cast.carl)
    spend("46.10", unit=cast.support, cost_object=scope.cost_object)

    [step] = judged(scope, at)

    scope.refresh_from_db()
    assert (scope.state, scope.epoch, scope.reason_code) == (ScopeState.OPEN, 1, "cap_day")
    assert (scope.since, scope.until) == (at, MIDNIGHT)
    assert scope.reason_text == (
        "Spend of $46.10 on 20 November 2026 passed the daily cap of $45.00,"
        " set by Carl, in force since 20 November 2026."
    )
    assert (step.from_state, step.to_state, step.cap) == ("closed", "open", daily)
    assert step.spent_usd == Decimal("46.10")


def test_spending_the_whole_cap_reaches_it(cast: Cast, at: datetime) -> None:
    scope = drafter_scope(cast.support)
    cap(scope, "45.00")
    spend("45.00", unit=cast.support, cost_object=scope.cost_object)

    [step] = judged(scope, at)

    assert "reached the daily cap" in step.text


def test_further_spend_over_the_same_cap_is_not_another_step(cast: Cast, at: datetime) -> None:
    scope = drafter_scope(cast.support)
    cap(scope, "45.00")
    spend("46.10", unit=cast.support, cost_object=scope.cost_object)
    judged(scope, at)
    spend("3.00", unit=cast.support, cost_object=scope.cost_object)

    assert judged(scope, at) == []


def test_what_is_not_metered_never_trips(cast: Cast, at: datetime) -> None:
    scope = drafter_scope(cast.support)
    cap(scope, "45.00")
    spend("46.10", unit=cast.support, cost_object=scope.cost_object, metered=False)

    assert judged(scope, at) == []


@pytest.mark.parametrize("mode", ["soft", "alert"])
def test_a_cap_that_is_not_hard_never_blocks(cast: Cast, at: datetime, mode: str) -> None:
    scope = drafter_scope(cast.support)
    cap(scope, "45.00", mode=mode)
    spend("46.10", unit=cast.support, cost_object=scope.cost_object)

    assert judged(scope, at) == []


def test_spend_of_an_experiment_counts_for_all_units_above_and_the_company(
    cast: Cast, at: datetime
) -> None:
    drafter = drafter_scope(cast.support)
    for scope in (unit_scope(cast.support), unit_scope(cast.operations), org_scope()):
        cap(scope, "10.00")
    claims = unit_scope(cast.claims)
    cap(claims, "0.01")
    spend("10.00", unit=cast.support, cost_object=drafter.cost_object)

    steps = judge(unit_ids=[], cost_object_ids=[drafter.cost_object_id or 0], at=at)

    tripped = {step.scope.slug for step in steps}
    assert tripped == {"unit:support", "unit:operations", "org"}


def test_unallocated_spend_counts_for_the_company(cast: Cast, at: datetime) -> None:
    scope = org_scope()
    cap(scope, "10.00")
    spend("10.00")

    [step] = judge(unit_ids=[], cost_object_ids=[], at=at)

    assert step.scope == scope


def test_a_period_cap_counts_from_the_first_day_of_the_fiscal_period(
    cast: Cast, at: datetime
) -> None:
    scope = unit_scope(cast.support)
    cap(scope, "30.00", window="period")
    spend("20.00", unit=cast.support, on=date(2026, 11, 1))
    spend("500.00", unit=cast.support, on=date(2026, 10, 31))
    assert judged(scope, at) == []

    spend("10.00", unit=cast.support)
    [step] = judged(scope, at)

    scope.refresh_from_db()
    assert scope.until == datetime(2026, 12, 1, tzinfo=UTC)
    assert step.text.startswith("Spend of $30.00 since 1 November 2026 reached the cap of the")


def test_a_total_cap_counts_since_its_start_and_never_resets(cast: Cast, at: datetime) -> None:
    scope = drafter_scope(cast.support)
    cap(scope, "100.00", window="total", starts_on=date(2026, 11, 10))
    spend("60.00", unit=cast.support, cost_object=scope.cost_object, on=date(2026, 11, 10))
    spend("40.00", unit=cast.support, cost_object=scope.cost_object)
    spend("900.00", unit=cast.support, cost_object=scope.cost_object, on=date(2026, 11, 9))

    [step] = judged(scope, at)

    scope.refresh_from_db()
    assert (scope.until, step.spent_usd) == (None, Decimal(100))


def test_of_two_reached_caps_the_one_that_holds_longer_is_the_reason(
    cast: Cast, at: datetime
) -> None:
    scope = drafter_scope(cast.support)
    cap(scope, "45.00")
    cap(scope, "50.00", window="total")
    spend("46.00", unit=cast.support, cost_object=scope.cost_object)
    judged(scope, at)

    spend("4.00", unit=cast.support, cost_object=scope.cost_object)
    [step] = judged(scope, at)

    scope.refresh_from_db()
    assert (step.from_state, step.to_state, step.code) == ("open", "open", "cap_total")
    assert (scope.epoch, scope.until) == (2, None)


def test_the_day_of_the_company_decides_not_the_day_of_the_provider(
    cast_in_berlin: Cast,
) -> None:
    scope = unit_scope(cast_in_berlin.support)
    cap(scope, "10.00")
    spend("10.00", unit=cast_in_berlin.support, on=date(2026, 11, 21))
    already_the_21st_in_berlin = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)

    assert len(judged(scope, already_the_21st_in_berlin)) == 1

    scope.refresh_from_db()
    assert scope.until == datetime(2026, 11, 21, 23, 0, tzinfo=UTC)


def test_a_new_day_lets_the_scope_run_again(cast: Cast, at: datetime) -> None:
    scope = drafter_scope(cast.support)
    cap(scope, "45.00")
    spend("46.10", unit=cast.support, cost_object=scope.cost_object)
    judged(scope, at)

    assert sweep_scopes(at=MIDNIGHT - timedelta(seconds=1)) == []
    [step] = sweep_scopes(at=MIDNIGHT)

    scope.refresh_from_db()
    assert (scope.state, scope.epoch, scope.reason_text) == (ScopeState.CLOSED, 2, "")
    assert step.code == "time_up"


def test_a_new_day_does_not_free_a_scope_whose_total_is_spent(cast: Cast, at: datetime) -> None:
    scope = drafter_scope(cast.support)
    cap(scope, "45.00")
    judgeable = cap(scope, "60.00", window="total")
    spend("50.00", unit=cast.support, cost_object=scope.cost_object)
    judged(scope, at)
    spend("10.00", unit=cast.support, cost_object=scope.cost_object, on=date(2026, 11, 21))

    [step] = sweep_scopes(at=MIDNIGHT)

    assert (step.to_state, step.cap) == ("open", judgeable)


def test_raising_the_cap_lets_the_scope_run_again(cast: Cast, at: datetime) -> None:
    scope = drafter_scope(cast.support)
    cap(scope, "45.00")
    spend("46.10", unit=cast.support, cost_object=scope.cost_object)
    judged(scope, at)

    cap(scope, "60.00")

    scope.refresh_from_db()
    assert scope.state == ScopeState.CLOSED
    assert [step.code for step in scope.steps.order_by("pk")] == ["cap_day", "below_cap"]


def test_lowering_the_cap_below_the_spend_blocks_at_once(cast: Cast, at: datetime) -> None:
    scope = drafter_scope(cast.support)
    cap(scope, "45.00")
    spend("30.00", unit=cast.support, cost_object=scope.cost_object)

    cap(scope, "20.00")

    scope.refresh_from_db()
    assert scope.state == ScopeState.OPEN


def test_a_person_blocks_at_once_and_it_stays(cast: Cast, at: datetime) -> None:
    scope = drafter_scope(cast.support)
    cap(scope, "45.00")

    block(scope=scope, code="stopped", text="It loops.", by=cast.grace, at=at)

    assert sweep_scopes(at=MIDNIGHT) == []
    assert judged(scope, at) == []
    scope.refresh_from_db()
    assert (scope.state, scope.held_by, scope.until) == (ScopeState.OPEN, cast.grace, None)
    assert scope.reason_text == "It loops. (blocked by Grace)"
    assert PolicyRevision.objects.get().cause == "Support drafter blocked: It loops."
    assert AuditEntry.objects.filter(action="policy.blocked", actor=cast.grace).count() == 1


def test_a_block_with_an_end_ends_then(cast: Cast, at: datetime) -> None:
    scope = unit_scope(cast.support)
    until = at + timedelta(hours=2)
    block(scope=scope, code="stopped", text="Maintenance.", by=cast.ed, at=at, until=until)

    assert sweep_scopes(at=until - timedelta(seconds=1)) == []
    assert len(sweep_scopes(at=until)) == 1

    scope.refresh_from_db()
    assert (scope.state, scope.held_by) == (ScopeState.CLOSED, None)


def test_lifting_a_block_runs_again(cast: Cast, at: datetime) -> None:
    scope = unit_scope(cast.support)
    block(scope=scope, code="stopped", text="It loops.", by=cast.ed, at=at)

    unblock(scope=scope, by=cast.ed, at=at, reason="Fixed.")

    scope.refresh_from_db()
    assert scope.state == ScopeState.CLOSED
    assert list(PolicyRevision.objects.order_by("pk").values_list("cause", flat=True)) == [
        "Support blocked: It loops.",
        "Support unblocked: Fixed.",
    ]


def test_lifting_a_block_over_a_reached_cap_leaves_the_cap(cast: Cast, at: datetime) -> None:
    scope = unit_scope(cast.support)
    cap(scope, "10.00")
    spend("11.00", unit=cast.support)
    block(scope=scope, code="stopped", text="It loops.", by=cast.ed, at=at)

    lifted, again = unblock(scope=scope, by=cast.ed, at=at)

    assert (lifted.to_state, again.to_state, again.code) == ("closed", "open", "cap_day")


def test_nobody_lifts_what_a_cap_blocks(cast: Cast, at: datetime) -> None:
    scope = unit_scope(cast.support)
    spend("11.00", unit=cast.support)
    cap(scope, "10.00")

    with pytest.raises(NotPossible, match="raised"):
        unblock(scope=scope, by=cast.ed, at=at)


@pytest.mark.parametrize("name", ["greta", "fiona", "aud", "stan"])
def test_a_person_without_the_right_stops_nothing(cast: Cast, at: datetime, name: str) -> None:
    scope = drafter_scope(cast.support)

    with pytest.raises(NotAllowed, match="needs the role"):
        block(scope=scope, code="stopped", text="No.", by=getattr(cast, name), at=at)

    scope.refresh_from_db()
    assert scope.state == ScopeState.CLOSED


def test_a_general_manager_of_a_unit_does_not_stop_the_company(cast: Cast, at: datetime) -> None:
    with pytest.raises(NotAllowed):
        block(scope=org_scope(), code="stopped", text="No.", by=cast.grace, at=at)


@pytest.mark.parametrize(("code", "text"), [("stopped", "  "), ("cap_day", "It loops.")])
def test_a_block_needs_a_reason_and_a_code_of_its_own(
    cast: Cast, at: datetime, code: str, text: str
) -> None:
    with pytest.raises(Invalid):
        block(scope=unit_scope(cast.support), code=code, text=text, by=cast.ed, at=at)


@pytest.mark.django_db(transaction=True)
def test_two_that_pass_the_cap_only_together_trip_it_exactly_once(at: datetime) -> None:
    cast = gather()
    scope = drafter_scope(cast.support)
    cap(scope, "45.00")

    def store_and_judge(model: str) -> None:
        with transaction.atomic():
            row = spend("0.00", unit=cast.support, cost_object=scope.cost_object)
            row.pk, row.model, row.cost_usd = None, model, Decimal("23.00")
            row.save(force_insert=True)
            judged(scope, at)

    spend("0.00", unit=cast.support, cost_object=scope.cost_object)
    results = race(*[lambda model=f"m{n}": store_and_judge(model) for n in range(6)])

    assert [result for result in results if result is not None] == []
    [step] = ScopeStep.objects.all()
    assert step.spent_usd == Decimal("46.00")
