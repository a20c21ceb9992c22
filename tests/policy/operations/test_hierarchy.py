"""Ranking models: a first tier holds at once, a changed one when another person agreed."""

import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from org.models import Approval, User
from org.operations.approvals import AlreadyDecided, SelfApproval
from org.refusals import Invalid, NotAllowed
from policy.models import ModelTier, PolicyRevision, Tier
from policy.operations.hierarchy import Ranking, decide_tier, rank_models
from policy.operations.upkeep import keep_up
from policy.queries.hierarchy import hierarchy_on, placements
from tests.org_cast import Cast, gather
from tests.races import race

MINI = ("acme", "mini-1")
TODAY = date(2026, 11, 20)
TOMORROW = date(2026, 11, 21)


def rank(by: User, tier: str, *, at: datetime, reason: str = "By price.", **more: Any) -> ModelTier:
    ranking = Ranking(provider=MINI[0], model=MINI[1], tier=tier, **more)
    [row] = rank_models(rankings=[ranking], reason=reason, by=by, at=at)
    return row


def refused(by: User, tier: str, *, at: datetime, **more: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as refusal:
        rank(by, tier, at=at, **more)
    return {error.pointer: error.detail for error in refusal.value.errors}


def published() -> dict[str, Any]:
    document = json.loads(bytes(PolicyRevision.objects.latest("number").body))
    return {entry["model"]: entry for entry in document["models"]}


def test_a_first_tier_holds_at_once_and_routers_are_told(cast: Cast, at: datetime) -> None:
    row = rank(cast.ed, "economy", at=at, batch=True)

    assert not row.needs_decision
    assert hierarchy_on(date(2020, 1, 1)).tier(MINI) == Tier.ECONOMY
    assert (published()["mini-1"]["tier"], published()["mini-1"]["batch"]) == ("economy", True)


@pytest.mark.parametrize("tier", ["frontier", "local"])
def test_a_tier_that_holds_changes_up_or_down_only_when_another_person_agrees(
    cast: Cast, at: datetime, tier: str
) -> None:
    rank(cast.ed, "mid", at=at)

    row = rank(cast.ed, tier, at=at)

    assert hierarchy_on(TODAY).tier(MINI) == Tier.MID
    decide_tier(placement_id=row.pk, approve=True, by=cast.fiona, reason="", at=at)
    assert hierarchy_on(TODAY).tier(MINI) == Tier(tier)
    assert hierarchy_on(date(2026, 11, 19)).tier(MINI) == Tier.MID
    assert published()["mini-1"]["tier"] == tier
    assert Approval.objects.get().title == f"mini-1: mid to {tier}"


def test_a_change_that_is_refused_never_counts(cast: Cast, at: datetime) -> None:
    rank(cast.ed, "mid", at=at)
    row = rank(cast.ed, "local", at=at)

    decide_tier(placement_id=row.pk, approve=False, by=cast.carl, reason="It is not.", at=at)

    assert hierarchy_on(TODAY).tier(MINI) == Tier.MID
    with pytest.raises(AlreadyDecided):
        decide_tier(placement_id=row.pk, approve=True, by=cast.carl, reason="", at=at)


def test_nobody_decides_on_what_the_same_person_asked(cast: Cast, at: datetime) -> None:
    rank(cast.fiona, "mid", at=at)
    row = rank(cast.fiona, "local", at=at)

    with pytest.raises(SelfApproval):
        decide_tier(placement_id=row.pk, approve=True, by=cast.fiona, reason="", at=at)
    with pytest.raises(NotAllowed, match="Only CFO or FinOps analyst"):
        decide_tier(placement_id=row.pk, approve=True, by=cast.ed, reason="", at=at)


def test_an_approval_that_comes_late_does_not_reach_back(cast: Cast, at: datetime) -> None:
    rank(cast.ed, "mid", at=at)
    row = rank(cast.ed, "frontier", at=at)

    later = at + timedelta(days=3)
    decide_tier(placement_id=row.pk, approve=True, by=cast.carl, reason="", at=later)

    assert hierarchy_on(date(2026, 11, 22)).tier(MINI) == Tier.MID
    assert hierarchy_on(date(2026, 11, 23)).tier(MINI) == Tier.FRONTIER


def test_a_model_may_stand_in_another_tier_for_one_task(cast: Cast, at: datetime) -> None:
    rank(cast.ed, "economy", at=at)
    row = rank(cast.ed, "mid", at=at, task_type="extraction", starts_on=TOMORROW)

    decide_tier(placement_id=row.pk, approve=True, by=cast.carl, reason="", at=at)

    assert hierarchy_on(TODAY).tier(MINI, "extraction") == Tier.ECONOMY
    tomorrow = hierarchy_on(TOMORROW)
    assert (tomorrow.tier(MINI, "extraction"), tomorrow.tier(MINI)) == (Tier.MID, Tier.ECONOMY)
    assert "task_tiers" not in published()["mini-1"]
    keep_up(at=at + timedelta(days=1))
    assert published()["mini-1"]["task_tiers"] == {"extraction": "mid"}
    assert published()["mini-1"]["tier"] == "economy"


def test_what_cannot_be_is_refused_in_words(cast: Cast, at: datetime) -> None:
    assert refused(cast.ed, "mid", at=at, task_type="chat") == {
        "/task_type": "acme/mini-1 has no tier yet: rank it for any task first, then for single"
        " ones."
    }
    assert refused(cast.ed, "huge", at=at) == {
        "/tier": "The tiers are local, economy, mid, frontier."
    }
    rank(cast.ed, "mid", at=at)
    assert refused(cast.ed, "mid", at=at) == {"/tier": "It stands in mid already."}
    assert refused(cast.ed, "local", at=at, starts_on=date(2026, 11, 19)) == {
        "/starts_on": "A tier that holds changes from today, 20 Nov 2026, or later."
    }
    rank(cast.ed, "local", at=at)
    assert refused(cast.ada, "economy", at=at) == {
        "/tier": "A change of this tier waits for its decision: that comes first."
    }


def test_who_may_not_rank_and_who_gives_no_reason_is_told(cast: Cast, at: datetime) -> None:
    with pytest.raises(NotAllowed, match="ranked by engineers"):
        rank(cast.grace, "mid", at=at)
    with pytest.raises(Invalid, match="Say why"):
        rank(cast.ed, "mid", at=at, reason=" ")


def test_a_tier_meant_for_later_is_not_overtaken_without_a_decision(
    cast: Cast, at: datetime
) -> None:
    rank(cast.ed, "frontier", at=at, starts_on=TOMORROW)

    assert rank(cast.ed, "local", at=at).needs_decision


def test_two_who_rank_a_new_model_at_once_do_not_both_get_the_first_tier(
    transactional_db: None, at: datetime
) -> None:
    cast = gather()

    results = race(
        lambda: rank(cast.ed, "mid", at=at), lambda: rank(cast.ada, "frontier", at=at)
    )  # fmt: skip

    assert not any(isinstance(result, Exception) for result in results)
    assert [each.row.needs_decision for each in placements()] == [True, False]


def test_a_row_is_never_edited_and_the_database_knows_the_tiers(cast: Cast, at: datetime) -> None:
    row = rank(cast.ed, "mid", at=at)

    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        ModelTier.objects.update(tier="local")
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        row.delete()
    row.pk = None
    row.tier = "huge"
    with pytest.raises(IntegrityError, match="tier_is_known"), transaction.atomic():
        row.save(force_insert=True)
    row.tier, row.needs_decision = "mid", True
    with pytest.raises(IntegrityError, match="tier_changes_from_a_day_on"), transaction.atomic():
        row.save(force_insert=True)
