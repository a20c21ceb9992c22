"""A cost object in core: from a midnight on, and what was spent before stays an experiment's."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from django.db import IntegrityError

from finops.periods import ONE_DAY, Period
from ingestion.operations.core_spans import put_in_core, take_from_core
from ingestion.operations.push import receive_records
from ingestion.operations.rules import RuleDraft, add_rules_first
from ingestion.queries.spend import daily_spend
from org.models import CoreSpan, CostObject, FiscalPeriod
from org.refusals import Refusal
from tests.ingestion.proofs import faults
from tests.org_cast import Cast

FIRST = date(2026, 11, 1)
MONTH = Period(FIRST, date(2026, 12, 1))


@pytest.fixture
def drafter(cast: Cast, at: datetime) -> CostObject:
    found = CostObject.objects.create(slug="drafter", name="Drafter", unit=cast.support)
    draft = RuleDraft("Drafter", {"workflow": "drafter"}, cast.support.pk, found.pk)
    add_rules_first(drafts=[draft], reason="It begins.", by=cast.fiona, at=at)
    return found


def use(cast: Cast, *days: int, usd: str = "2.00") -> None:
    records = [
        {
            "id": f"call-{day}-{usd}",
            "started_at": datetime.combine(date(2026, 11, day), time(12), UTC).isoformat(),
            "provider": "openai",
            "model": "gpt-4o",
            "workflow": "drafter",
            "tokens": {"in_text": 100},
            "cost_usd": usd,
        }
        for day in days
    ]
    receive_records(records=records, by=cast.ed, at=datetime(2026, 11, 20, 12, tzinfo=UTC))


def core(cast: Cast) -> dict[int, Decimal]:
    """Return what core spent by day of November, days of nothing left out."""
    spent = daily_spend(period=MONTH, unit=cast.support, core_only=True)
    return {day.day: usd for day, usd in spent if usd}


def test_days_from_the_first_on_are_core_and_earlier_ones_stay(
    cast: Cast, drafter: CostObject
) -> None:
    use(cast, 9, 10)

    put_in_core(cost_object=drafter, starts_on=FIRST + ONE_DAY * 10)
    use(cast, 11, 12)
    use(cast, 10, usd="0.50")  # late, of an earlier day

    assert core(cast) == {11: Decimal("2.00"), 12: Decimal("2.00")}
    assert faults() == []


def test_what_was_loaded_before_changes_sides_too(cast: Cast, drafter: CostObject) -> None:
    use(cast, 10, 11)

    put_in_core(cost_object=drafter, starts_on=FIRST + ONE_DAY * 10)

    assert core(cast) == {11: Decimal("2.00")}
    assert faults() == []


def test_taken_out_it_is_an_experiment_again_from_the_day_on(
    cast: Cast, drafter: CostObject
) -> None:
    put_in_core(cost_object=drafter, starts_on=FIRST + ONE_DAY * 10)
    use(cast, 10, 11, 15, 16)

    take_from_core(cost_object=drafter, ends_on=FIRST + ONE_DAY * 15)

    assert core(cast) == {11: Decimal("2.00"), 15: Decimal("2.00")}
    assert faults() == []


def test_it_may_come_back_but_never_twice_at_once(cast: Cast, drafter: CostObject) -> None:
    put_in_core(cost_object=drafter, starts_on=FIRST + ONE_DAY * 10)
    take_from_core(cost_object=drafter, ends_on=FIRST + ONE_DAY * 15)
    put_in_core(cost_object=drafter, starts_on=FIRST + ONE_DAY * 20)
    use(cast, 11, 15, 16, 21)

    assert core(cast) == {11: Decimal("2.00"), 15: Decimal("2.00"), 21: Decimal("2.00")}
    with pytest.raises(IntegrityError, match="core_spans_never_overlap"):
        CoreSpan.objects.create(cost_object=drafter, starts_on=FIRST, ends_on=FIRST + ONE_DAY * 11)


def test_a_day_of_a_closed_period_never_changes_sides(cast: Cast, drafter: CostObject) -> None:
    use(cast, 11)
    FiscalPeriod.objects.containing(FIRST).update(state=FiscalPeriod.State.CLOSED)

    with pytest.raises(Refusal, match="is closed"):
        put_in_core(cost_object=drafter, starts_on=FIRST)

    assert core(cast) == {}
    assert not CoreSpan.objects.exists()


def test_what_does_not_run_in_core_is_not_taken_out(drafter: CostObject) -> None:
    with pytest.raises(Refusal, match="does not run in core"):
        take_from_core(cost_object=drafter, ends_on=FIRST)
