"""Stop-losses: money that is spent with nothing to show ends an experiment, once, by itself."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from budgets.lifecycle import InitiativeAction
from budgets.models import Initiative
from budgets.operations.initiatives import expire_due, take_step
from budgets.operations.stop_losses import fire_stop_losses
from ingestion.operations.outcomes import record_outcomes
from org.models import Approval
from org.refusals import NotAllowed
from policy.models import Scope
from tests.factories.budgets import (
    extended,
    granted_budget,
    own_balance,
    pool_of,
    running,
    spend,
    stepped,
)
from tests.factories.outcomes import defined, told
from tests.org_cast import Cast, gather
from tests.races import race

FIRST_DAY = date(2026, 11, 20)


def with_stop_loss(cast: Cast, *, at: datetime, spent_usd: str) -> Initiative:
    """Run an experiment of $100 with a stop-loss at half of it, with so much spent today."""
    granted_budget(cast, at=at)
    made = running(cast, at=at, stop_loss_pct=50)
    spend(cast.support, FIRST_DAY, spent_usd, cost_object=made.cost_object)
    return made


def test_nothing_ends_a_pico_dollar_before_it(cast: Cast, at: datetime) -> None:
    made = with_stop_loss(cast, at=at, spent_usd="49.999999999999")

    assert fire_stop_losses(at=at) == []

    made.refresh_from_db()
    assert made.state == "sandbox"


def test_at_its_amount_the_calls_are_blocked_and_the_rest_returns(cast: Cast, at: datetime) -> None:
    made = with_stop_loss(cast, at=at, spent_usd="50.00")

    assert fire_stop_losses(at=at) == ["support-drafter"]
    assert fire_stop_losses(at=at) == []

    made.refresh_from_db()
    step = made.steps.get(action=InitiativeAction.STOP_LOSS)
    scope = Scope.objects.get(cost_object=made.cost_object)
    assert (made.state, step.by) == ("stopped", None)
    assert step.reason == (
        "$50.00 is spent, and the stop-loss is at $50.00; no outcomes are counted that would"
        " speak for going on."
    )
    assert (scope.state, scope.reason_code, scope.reason_text) == (
        "open",
        "stop_loss",
        step.reason,
    )
    assert (pool_of(cast), own_balance(made)) == (Decimal("450.00"), Decimal("50.00"))


def test_without_a_stop_loss_money_ends_nothing(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at)
    made = running(cast, at=at)
    spend(cast.support, FIRST_DAY, "99.00", cost_object=made.cost_object)

    assert fire_stop_losses(at=at) == []


def test_a_wish_for_more_time_ends_with_it(cast: Cast, at: datetime) -> None:
    made = with_stop_loss(cast, at=at, spent_usd="60.00")
    extended(made, by=cast.grace, ends_on=date(2027, 1, 10), at=at)

    fire_stop_losses(at=at)

    assert Approval.objects.get(kind="extension").state == Approval.State.VOID


def test_nobody_fires_it_by_hand(cast: Cast, at: datetime) -> None:
    made = with_stop_loss(cast, at=at, spent_usd="60.00")

    with pytest.raises(NotAllowed, match="comes by itself, not by hand"):
        stepped(made, "stop_loss", by=cast.carl, at=at)


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_a_person_and_the_calendar_end_it_once(at: datetime) -> None:
    cast = gather()
    made = with_stop_loss(cast, at=at, spent_usd="60.00")
    late = at + timedelta(days=40)

    race(
        lambda: fire_stop_losses(at=late),
        lambda: fire_stop_losses(at=late),
        lambda: expire_due(at=late),
        lambda: take_step(
            initiative_id=made.pk,
            action=InitiativeAction.STOP,
            by=cast.grace,
            reason="It went nowhere.",
            version=None,
            at=late,
        ),
    )

    made.refresh_from_db()
    assert made.steps.filter(to_state__in=["stopped", "expired"], action__in=ENDS).count() == 1
    assert made.steps.filter(action="release").count() == 1
    assert pool_of(cast) == Decimal("440.00")


ENDS = ["stop", "stop_loss", "expire"]


class TestWithExpectedOutcomes:
    """A tenth of eleven expected tickets is two."""

    def spending(self, cast: Cast, *, at: datetime, source: str = "tickets") -> Initiative:
        granted_budget(cast, at=at)
        made = running(cast, at=at, stop_loss_pct=50, expected_volume=11, outcome_source=source)
        spend(cast.support, FIRST_DAY, "60.00", cost_object=made.cost_object)
        return made

    def answered(self, cast: Cast, *, names: str, at: datetime, **more: str) -> None:
        records = [told(name, at="2026-11-20T10:00:00Z", **more) for name in names]
        assert record_outcomes(records=records, by=cast.ed, at=at).accepted == len(names)

    def test_enough_of_them_let_it_go_on(self, cast: Cast, at: datetime) -> None:
        definition = defined(cast, at=at)
        self.spending(cast, at=at, source=definition.slug)
        self.answered(cast, names="ab", at=at)

        assert fire_stop_losses(at=at) == []

    def test_too_few_of_them_end_it_and_the_reason_says_so(self, cast: Cast, at: datetime) -> None:
        definition = defined(cast, at=at)
        made = self.spending(cast, at=at, source=definition.slug)
        self.answered(cast, names="a", at=at)
        self.answered(cast, names="xyz", at=at, outcome="failure")

        assert fire_stop_losses(at=at) == ["support-drafter"]

        assert made.steps.get(action=InitiativeAction.STOP_LOSS).reason == (
            "$60.00 is spent, and the stop-loss is at $50.00 with fewer than 2 outcomes:"
            " 1 is known."
        )

    def test_a_source_that_is_no_definition_counts_nothing(self, cast: Cast, at: datetime) -> None:
        self.spending(cast, at=at, source="a spreadsheet")

        assert fire_stop_losses(at=at) == ["support-drafter"]
