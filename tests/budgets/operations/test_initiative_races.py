"""Steps of an initiative at the same moment: one outcome, and never more money than there is."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from budgets.lifecycle import InitiativeAction, InitiativeState
from budgets.models import Initiative
from budgets.operations.initiatives import (
    expire_due,
    settle_ended,
    take_step,
)
from org.models import Approval, Role
from org.refusals import Stale
from tests.factories.budgets import (
    drafted,
    granted_budget,
    ledger_total,
    own_balance,
    pool_of,
    requested,
    running,
)
from tests.factories.org import new_user
from tests.org_cast import gather
from tests.races import race


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_two_who_approve_and_one_who_rejects_leave_one_outcome(self, at: datetime) -> None:
        cast = gather()
        granted_budget(cast, at=at)
        asked = requested(cast, at=at)
        other_cfo = new_user(username="cora", roles=[Role.CFO])

        results = race(
            lambda: self.decide(asked, "approve", by=cast.carl, at=at),
            lambda: self.decide(asked, "approve", by=other_cfo, at=at),
            lambda: self.decide(asked, "reject", by=other_cfo, at=at),
        )

        decided = [result for result in results if isinstance(result, Initiative)]
        asked.refresh_from_db()
        approved = asked.state == InitiativeState.SANDBOX
        assert len(decided) == 1
        assert {type(r) for r in results if r is not decided[0]} == {Stale}
        assert pool_of(cast) == Decimal("400.00") if approved else Decimal("500.00")
        assert Approval.objects.get(kind="initiative").state in {"approved", "rejected"}

    def test_money_is_never_granted_beyond_the_pool(self, at: datetime) -> None:
        cast = gather()
        granted_budget(cast, pool="250.00", at=at)
        asked = [requested(cast, at=at) for _ in range(4)]

        results = race(
            *[lambda one=one: self.decide(one, "approve", by=cast.carl, at=at) for one in asked]
        )

        assert sorted(type(result).__name__ for result in results) == [
            "Initiative",
            "Initiative",
            "Invalid",
            "Invalid",
        ]
        assert pool_of(cast) == Decimal("50.00")
        assert ledger_total() == 0

    def test_a_stop_and_the_end_date_at_once_return_the_money_once(self, at: datetime) -> None:
        cast = gather()
        granted_budget(cast, at=at)
        made = running(cast, ends_on=date(2026, 11, 25), at=at)
        late = at + timedelta(days=5)

        race(
            lambda: self.decide(made, "stop", by=cast.grace, at=late),
            lambda: expire_due(at=late),
            lambda: expire_due(at=late),
            lambda: settle_ended(at=late),
        )

        assert pool_of(cast) == Decimal("500.00")
        assert own_balance(made) == Decimal("0.00")
        assert made.steps.filter(action="release").count() == 1

    def test_two_drafts_of_one_name_at_once_get_two_addresses(self, at: datetime) -> None:
        cast = gather()

        race(*[lambda: drafted(cast, at=at)] * 4)

        assert Initiative.objects.values("slug").distinct().count() == 4

    @staticmethod
    def decide(initiative: Any, action: Any, *, by: Any, at: datetime) -> Initiative:
        return take_step(
            initiative_id=initiative.pk,
            action=InitiativeAction(action),
            by=by,
            reason="It was decided.",
            version=initiative.version,
            at=at,
        )
