"""Initiatives: drafted and revised by those who may, and no step beyond the table."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from budgets.lifecycle import INITIATIVE_TRANSITIONS, InitiativeAction, InitiativeState
from budgets.models import Initiative, InitiativeStep
from budgets.operations.initiatives import (
    draft_initiative,
    revise_initiative,
)
from org.models import Approval
from org.refusals import Invalid, NotAllowed, Refusal
from tests.factories.budgets import (
    drafted,
    granted_budget,
    requested,
    some_terms,
    stepped,
)
from tests.org_cast import Cast


class TestDrafting:
    def test_a_draft_keeps_its_terms_and_asks_nobody(self, cast: Cast, at: datetime) -> None:
        made = drafted(cast, at=at)

        assert (made.slug, made.state, made.version) == ("support-drafter", "draft", 1)
        assert made.match == [{"workflow": "support-drafter"}]
        assert Approval.objects.count() == 0

    def test_two_drafts_of_one_name_have_two_addresses(self, cast: Cast, at: datetime) -> None:
        slugs = [drafted(cast, at=at).slug for _ in range(3)]

        assert slugs == ["support-drafter", "support-drafter-2", "support-drafter-3"]

    def test_a_name_that_is_a_page_of_ours_gets_another_address(
        self, cast: Cast, at: datetime
    ) -> None:
        assert drafted(cast, name="New", at=at).slug == "new-2"

    def test_a_name_without_letters_still_gets_an_address(self, cast: Cast, at: datetime) -> None:
        assert drafted(cast, name="„…“", at=at).slug == "experiment"

    @pytest.mark.parametrize("name", ["greta", "ed", "aud", "ada", "stan"])
    def test_only_those_who_may_ask_for_the_unit_draft(
        self, cast: Cast, at: datetime, name: str
    ) -> None:
        with pytest.raises(NotAllowed):
            draft_initiative(terms=some_terms(cast), by=getattr(cast, name), at=at)

    def test_everything_that_keeps_it_from_being_saved_is_named_at_once(
        self, cast: Cast, at: datetime
    ) -> None:
        terms = some_terms(
            cast,
            name=" ",
            cap_usd=Decimal(0),
            daily_cap_usd=Decimal("0.001"),
            ends_on=date(2026, 11, 20),
            stop_loss_pct=0,
            match=[{"workflo": "x"}],
        )

        with pytest.raises(Invalid) as refused:
            draft_initiative(terms=terms, by=cast.grace, at=at)

        assert [error.pointer for error in refused.value.errors] == [
            "/name",
            "/cap_usd",
            "/daily_cap_usd",
            "/ends_on",
            "/stop_loss_pct",
            "/match/0",
        ]

    def test_a_day_may_not_cost_more_than_the_whole(self, cast: Cast, at: datetime) -> None:
        with pytest.raises(Invalid) as refused:
            drafted(cast, daily_cap_usd=Decimal("100.01"), at=at)

        assert refused.value.errors[0].pointer == "/daily_cap_usd"

    def test_a_draft_can_be_revised_and_both_readings_stay_in_its_history(
        self, cast: Cast, at: datetime
    ) -> None:
        made = drafted(cast, at=at)

        revised = revise_initiative(
            initiative_id=made.pk,
            terms=some_terms(cast, cap_usd=Decimal("80.00")),
            by=cast.grace,
            version=1,
            at=at,
        )

        assert (revised.version, revised.cap_usd) == (2, Decimal("80.00"))
        caps = [step.terms["cap_usd"] for step in made.steps.order_by("pk")]
        assert caps == ["100.00", "80.00"]

    def test_what_is_asked_for_can_no_longer_be_revised(self, cast: Cast, at: datetime) -> None:
        granted_budget(cast, at=at)
        asked = requested(cast, at=at)

        with pytest.raises(Refusal, match="this is requested"):
            revise_initiative(
                initiative_id=asked.pk,
                terms=some_terms(cast),
                by=cast.grace,
                version=asked.version,
                at=at,
            )


@pytest.mark.parametrize(
    ("state", "action"),
    [
        (state, action)
        for state in InitiativeState
        for action in InitiativeAction
        if action not in INITIATIVE_TRANSITIONS[state]
    ],
)
def test_a_step_the_table_does_not_know_is_refused(
    cast: Cast, at: datetime, state: Any, action: Any
) -> None:
    made = drafted(cast, at=at)
    Initiative.objects.update(state=state)

    with pytest.raises(Refusal, match="is not possible"):
        stepped(made, action, by=cast.carl, reason="Because it is so.", at=at)

    assert InitiativeStep.objects.count() == 1
