"""What the company's profile allows: how large a pool is, how long it takes."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from budgets.lifecycle import BudgetAction, BudgetState, InitiativeState
from budgets.operations.budgets import take_budget_step
from org.refusals import Invalid
from tests.factories.budgets import (
    asked_budget,
    drafted,
    extended,
    granted_budget,
    requested,
    running,
    stepped,
)
from tests.factories.profile import as_preset, by_hand
from tests.org_cast import Cast

HOUR = timedelta(hours=1)


def refusals(error: pytest.ExceptionInfo[Invalid]) -> list[tuple[str, str]]:
    return [(each.pointer, each.detail) for each in error.value.errors]


class TestSizeOfAPool:
    def test_a_budget_of_the_fund_holds_no_more_than_its_share_for_experiments(
        self, cast: Cast, at: datetime
    ) -> None:
        as_preset(cast.carl, "pool_share", at=at)  # 10 % of an enterprise

        with pytest.raises(Invalid) as refusal:
            asked_budget(cast, core="900.00", pool="100.01", at=at + HOUR)

        assert refusals(refusal) == [
            (
                "/experiment_usd",
                (
                    "At most 10% of a budget is for experiments (preset by size and margin): beside"
                    " $900.00 of other money that is $100.00, not $100.01."
                ),
            )
        ]
        assert asked_budget(cast, core="900.00", pool="100.00", at=at + HOUR).pk

    def test_before_anybody_answered_the_assumed_share_holds_and_says_so(
        self, cast_unprofiled: Cast, at: datetime
    ) -> None:
        with pytest.raises(Invalid, match=r"At most 15% .* \(assumed, as nobody has answered"):
            asked_budget(cast_unprofiled, core="850.00", pool="150.01", at=at)

        assert asked_budget(cast_unprofiled, core="850.00", pool="150.00", at=at).pk

    def test_beneath_another_budget_the_pool_may_be_all_of_it(
        self, cast: Cast, at: datetime
    ) -> None:
        by_hand(cast.carl, "pool_share", "50", at=at)
        granted_budget(cast, unit=cast.operations, core="500.00", pool="500.00", at=at + HOUR)

        lab = granted_budget(cast, core="0.00", pool="500.00", at=at + HOUR)

        assert lab.experiment_usd == Decimal("500.00")

    def test_what_was_asked_is_decided_by_the_share_it_was_asked_under(
        self, cast: Cast, at: datetime
    ) -> None:
        asked = asked_budget(cast, at=at)
        as_preset(cast.carl, "pool_share", at=at + HOUR)

        granted = take_budget_step(
            budget_id=asked.pk,
            action=BudgetAction.APPROVE,
            by=cast.carl,
            reason="",
            version=asked.version,
            at=at + 2 * HOUR,
        )

        assert granted.state == BudgetState.ACTIVE


class TestLength:
    def test_an_experiment_is_as_long_as_the_profile_allows(
        self, cast_unprofiled: Cast, at: datetime
    ) -> None:
        cast = cast_unprofiled
        granted_budget(cast, pool="150.00", at=at)
        first = date(2026, 11, 20)

        with pytest.raises(Invalid) as refusal:
            requested(cast, at=at, ends_on=first + timedelta(days=61))
        made = requested(cast, at=at, ends_on=first + timedelta(days=60))

        assert refusals(refusal) == [
            (
                "/ends_on",
                (
                    "It ends within 60 days. It runs for 61 days; the limit is assumed, as nobody"
                    " has answered for the company yet."
                ),
            )
        ]
        assert made.state == InitiativeState.REQUESTED

    def test_what_was_asked_before_the_profile_changed_is_granted(
        self, cast: Cast, at: datetime
    ) -> None:
        granted_budget(cast, at=at)
        asked = requested(cast, at=at, ends_on=date(2026, 11, 20) + timedelta(days=90))
        by_hand(cast.carl, "experiment_days", "30", at=at + HOUR)

        made = stepped(asked, "approve", by=cast.carl, at=at + 2 * HOUR)

        assert made.state == InitiativeState.SANDBOX
        late = drafted(cast, at=at + HOUR, ends_on=date(2026, 11, 20) + timedelta(days=31))
        with pytest.raises(Invalid) as refusal:
            stepped(late, "submit", by=cast.grace, at=at + HOUR)
        assert "It ends within 30 days" in refusals(refusal)[0][1]

    def test_more_time_is_as_long_as_the_profile_allowed_when_it_was_asked_for(
        self, cast: Cast, at: datetime
    ) -> None:
        as_preset(cast.carl, "extension_days", at=at)  # 60 of an enterprise
        granted_budget(cast, at=at)
        made = running(cast, at=at)
        end = made.ends_on

        with pytest.raises(Invalid, match="At most 60 days are added"):
            extended(made, by=cast.grace, at=at + HOUR, ends_on=end + timedelta(days=61))
        asked = extended(made, by=cast.grace, at=at + HOUR, ends_on=end + timedelta(days=60))
        by_hand(cast.carl, "extension_days", "0", at=at + 2 * HOUR)

        granted = stepped(asked, "grant_extension", by=cast.carl, at=at + 3 * HOUR)

        assert granted.ends_on == end + timedelta(days=60)
