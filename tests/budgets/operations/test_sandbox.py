"""The end of an experiment: its calls blocked at once, its unspent money returned."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from budgets.lifecycle import InitiativeState
from budgets.models import Journal
from budgets.operations.initiatives import (
    expire_due,
    settle_ended,
)
from ingestion.models import CostStatus, UnitDay
from org.audit import first_broken_link
from org.models import AuditEntry
from org.refusals import Invalid, NotAllowed
from policy.models import PolicyRevision, Scope
from tests.factories.budgets import (
    granted_budget,
    ledger_total,
    own_balance,
    pool_of,
    running,
    spend,
    stepped,
)
from tests.org_cast import Cast


class TestEnding:
    def test_stopping_blocks_its_calls_and_returns_what_is_left_in_one_step(
        self, cast: Cast, at: datetime
    ) -> None:
        granted_budget(cast, at=at)
        made = running(cast, at=at)
        spend(cast.support, date(2026, 11, 20), "3.141592653589", cost_object=made.cost_object)

        stopped = stepped(made, "stop", by=cast.grace, reason="It loops on long tickets.", at=at)

        scope = Scope.objects.get(slug="initiative:support-drafter")
        assert stopped.state == InitiativeState.STOPPED
        assert (scope.state, scope.reason_code) == ("open", "stopped")
        assert "It loops on long tickets." in scope.reason_text
        assert own_balance(made) == Decimal("3.15")
        assert pool_of(cast) == Decimal("496.85")
        assert ledger_total() == 0

    def test_an_experiment_that_spent_more_than_its_cap_returns_nothing(
        self, cast: Cast, at: datetime
    ) -> None:
        granted_budget(cast, at=at)
        made = running(cast, at=at)
        spend(cast.support, date(2026, 11, 20), "100.000000000001", cost_object=made.cost_object)

        stepped(made, "stop", by=cast.grace, reason="It loops on long tickets.", at=at)

        assert pool_of(cast) == Decimal("400.00")
        assert Journal.objects.filter(kind=Journal.Kind.RELEASE).count() == 0

    def test_money_stays_until_every_call_has_a_price(self, cast: Cast, at: datetime) -> None:
        granted_budget(cast, at=at)
        made = running(cast, at=at)
        spend(
            cast.support,
            date(2026, 11, 20),
            "0",
            cost_object=made.cost_object,
            status=CostStatus.UNPRICED,
            calls=7,
        )

        stepped(made, "stop", by=cast.grace, reason="It loops on long tickets.", at=at)
        assert pool_of(cast) == Decimal("400.00")
        assert settle_ended(at=at) == []

        UnitDay.objects.update(status=CostStatus.ESTIMATED, cost_usd=Decimal("20.00"))
        assert settle_ended(at=at) == ["support-drafter"]
        assert settle_ended(at=at) == []
        assert pool_of(cast) == Decimal("480.00")

    @pytest.mark.parametrize("name", ["grace", "carl", "ed"])
    def test_manager_cfo_and_engineer_stop_it(self, cast: Cast, at: datetime, name: str) -> None:
        granted_budget(cast, at=at)
        made = running(cast, at=at)

        stopped = stepped(made, "stop", by=getattr(cast, name), reason="Runaway costs.", at=at)

        assert stopped.state == InitiativeState.STOPPED

    def test_its_owner_stops_it_without_any_role_there(self, cast: Cast, at: datetime) -> None:
        granted_budget(cast, at=at)
        made = running(cast, owner=cast.stan, at=at)

        stopped = stepped(made, "stop", by=cast.stan, reason="Runaway costs.", at=at)

        assert stopped.state == InitiativeState.STOPPED
        assert stopped.steps.get(action="stop").by == cast.stan

    @pytest.mark.parametrize("name", ["greta", "fiona", "aud", "ada", "stan"])
    def test_others_do_not_stop_it(self, cast: Cast, at: datetime, name: str) -> None:
        granted_budget(cast, at=at)
        made = running(cast, at=at)

        with pytest.raises(NotAllowed):
            stepped(made, "stop", by=getattr(cast, name), reason="Runaway costs.", at=at)

        assert Scope.objects.get(slug="initiative:support-drafter").state == "closed"

    def test_stopping_needs_ten_characters_of_reason(self, cast: Cast, at: datetime) -> None:
        granted_budget(cast, at=at)
        made = running(cast, at=at)

        with pytest.raises(Invalid, match="needs a reason"):
            stepped(made, "stop", by=cast.grace, reason="123456789", at=at)

    def test_an_experiment_ends_on_its_end_date_and_not_a_day_before(
        self, cast: Cast, at: datetime
    ) -> None:
        granted_budget(cast, at=at)
        made = running(cast, ends_on=date(2026, 11, 25), at=at)

        assert expire_due(at=at + timedelta(days=4)) == []
        assert expire_due(at=at + timedelta(days=5)) == ["support-drafter"]
        assert expire_due(at=at + timedelta(days=5)) == []

        made.refresh_from_db()
        scope = Scope.objects.get(slug="initiative:support-drafter")
        assert made.state == InitiativeState.EXPIRED
        assert (scope.state, scope.reason_code) == ("open", "expired")
        assert pool_of(cast) == Decimal("500.00")
        assert made.steps.get(action="expire").by is None

    def test_the_day_it_ends_is_the_companys_day(self, cast_in_berlin: Cast, at: datetime) -> None:
        cast = cast_in_berlin
        granted_budget(cast, at=at)
        running(cast, ends_on=date(2026, 11, 25), at=at)

        # Berlin is one hour ahead of UTC in November.
        assert expire_due(at=at.replace(day=24, hour=22, minute=59)) == []
        assert expire_due(at=at.replace(day=24, hour=23, minute=0)) == ["support-drafter"]

    def test_nobody_expires_an_experiment_by_hand(self, cast: Cast, at: datetime) -> None:
        granted_budget(cast, at=at)

        with pytest.raises(NotAllowed, match="not by hand"):
            stepped(running(cast, at=at), "expire", by=cast.carl, at=at)

    def test_after_the_end_its_calls_still_lead_to_the_scope_that_blocks_them(
        self, cast: Cast, at: datetime
    ) -> None:
        granted_budget(cast, at=at)
        running(cast, ends_on=date(2026, 11, 25), at=at)

        expire_due(at=at + timedelta(days=10))

        body = bytes(PolicyRevision.objects.order_by("-number")[0].body).decode()
        assert (
            '{"scope":"initiative:support-drafter","when":{"workflow":"support-drafter"}}' in body
        )

    def test_its_whole_life_is_in_its_history_and_in_the_audit_log(
        self, cast: Cast, at: datetime
    ) -> None:
        granted_budget(cast, at=at)
        made = running(cast, at=at)
        stepped(made, "stop", by=cast.grace, reason="Runaway costs.", at=at)

        told = list(made.steps.order_by("pk").values_list("action", "from_state", "to_state"))
        assert told == [
            ("draft", "draft", "draft"),
            ("submit", "draft", "requested"),
            ("approve", "requested", "sandbox"),
            ("stop", "sandbox", "stopped"),
            ("release", "stopped", "stopped"),
        ]
        audited = AuditEntry.objects.filter(subject="initiative:support-drafter")
        assert "initiative.stop" in set(audited.values_list("action", flat=True))
        assert first_broken_link() is None
