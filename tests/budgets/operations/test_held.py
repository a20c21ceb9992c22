"""Ten seconds to take a decision back: nothing is done before, and one thing after."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from budgets.lifecycle import InitiativeState
from budgets.models import HeldDecision, Initiative
from budgets.operations import held_matters
from budgets.operations.held import (
    WINDOW,
    carry_out,
    carry_out_due,
    hold_decision,
    undo_decision,
)
from budgets.operations.initiatives import take_step
from budgets.terms import Change
from org.models import Approval, AuditEntry, Membership, Notice, Role
from org.operations.approvals import AlreadyDecided, SelfApproval
from org.refusals import Invalid, NotAllowed, Refusal
from tests.factories.budgets import (
    asked_budget,
    budget_step,
    granted_budget,
    ledger_total,
    pool_of,
    requested,
    revision_asked,
    stepped,
)
from tests.factories.org import new_user
from tests.org_cast import Cast, gather
from tests.races import race

ROUNDS = 12


def hold(subject: Any, action: str, *, by: Any, at: datetime, **more: Any) -> HeldDecision:
    values = {"reason": "Too early.", "version": subject.version} | more
    return hold_decision(subject=subject, action=action, by=by, at=at, **values)


def test_nothing_is_done_before_the_ten_seconds_are_over(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at)
    asked = requested(cast, at=at)

    hold(asked, "approve", by=cast.carl, at=at)
    assert carry_out_due(at=at + WINDOW - timedelta(microseconds=1)) == 0
    assert Initiative.objects.get().state == "requested"
    assert pool_of(cast) == Decimal("500.00")

    assert carry_out_due(at=at + WINDOW) == 1
    assert Initiative.objects.get().state == "sandbox"
    assert pool_of(cast) == Decimal("400.00")
    assert Approval.objects.get(kind="initiative").decided_at == at + WINDOW
    assert carry_out_due(at=at + WINDOW) == 0


def test_what_is_taken_back_was_never_done_and_can_be_decided_anew(
    cast: Cast, at: datetime
) -> None:
    granted_budget(cast, at=at)
    asked = requested(cast, at=at)
    held = hold(asked, "reject", by=cast.carl, at=at)

    undo_decision(held_id=held.pk, by=cast.carl, at=at + timedelta(seconds=9))

    assert carry_out_due(at=at + WINDOW) == 0
    assert Initiative.objects.get().state == "requested"
    actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert actions[-2:] == ["decision.held", "decision.undone"]
    hold(asked, "approve", by=cast.carl, at=at + WINDOW)
    assert carry_out_due(at=at + 2 * WINDOW) == 1
    assert Initiative.objects.get().state == "sandbox"


def test_who_decided_takes_it_back_nobody_else_and_not_too_late(cast: Cast, at: datetime) -> None:
    held = hold(asked_budget(cast, at=at), "approve", by=cast.carl, at=at)

    with pytest.raises(NotAllowed, match="Carl decided this: nobody else"):
        undo_decision(held_id=held.pk, by=cast.fiona, at=at)
    with pytest.raises(Refusal, match="It is too late"):
        undo_decision(held_id=held.pk, by=cast.carl, at=at + WINDOW)


def test_what_cannot_be_is_refused_at_once_and_leaves_nothing(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at, pool="50.00")
    budget = asked_budget(cast, at=at, by=cast.carl, unit=cast.claims)
    entries = AuditEntry.objects.count()

    with pytest.raises(SelfApproval):
        hold(budget, "approve", by=cast.carl, at=at)
    with pytest.raises(Invalid, match="needs a reason"):
        hold(budget, "reject", by=new_user(roles=[Role.CFO]), at=at, reason=" ")

    assert not HeldDecision.objects.exists()
    assert AuditEntry.objects.count() == entries


def test_nobody_decides_beside_a_decision_that_is_held(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at)
    asked = requested(cast, at=at)
    cora = new_user(username="cora", roles=[Role.CFO])
    hold(asked, "approve", by=cast.carl, at=at)

    for action in ("approve", "reject", "ask"):
        with pytest.raises(AlreadyDecided, match="Carl decided this a moment ago"):
            stepped(asked, action, by=cora, at=at, reason="Why?")
    with pytest.raises(AlreadyDecided):
        hold(asked, "reject", by=cora, at=at)


def test_who_asked_may_withdraw_meanwhile_and_the_decision_comes_to_nothing(
    cast: Cast, at: datetime
) -> None:
    granted_budget(cast, at=at)
    asked = requested(cast, at=at)
    held = hold(asked, "approve", by=cast.carl, at=at)

    stepped(asked, "withdraw", by=cast.grace, at=at)
    carry_out_due(at=at + WINDOW)

    held.refresh_from_db()
    assert held.state == "failed"
    assert "withdrawn" in held.outcome
    assert Initiative.objects.get().state == "withdrawn"
    notice = Notice.objects.latest("pk")
    assert notice.title == "Your decision on Experiment Support drafter could not take effect"
    assert [each.user for each in notice.delivered.all()] == [cast.carl]


@pytest.mark.parametrize(
    ("action", "core", "state"),
    [("grant_revision", "1600.00", "approved"), ("reject_revision", "1000.00", "rejected")],
)
def test_a_decision_on_a_revision_is_held_undone_and_then_holds(
    cast: Cast, at: datetime, action: str, core: str, state: str
) -> None:
    budget = revision_asked(
        granted_budget(cast, at=at), by=cast.fiona, at=at, core="1600.00", pool="500.00"
    )

    held = hold(budget, action, by=cast.carl, at=at)
    undo_decision(held_id=held.pk, by=cast.carl, at=at + timedelta(seconds=9))
    assert carry_out_due(at=at + WINDOW) == 0
    assert Approval.objects.get(kind="revision").state == "pending"

    hold(budget, action, by=cast.carl, at=at + WINDOW)
    with pytest.raises(AlreadyDecided, match="Carl decided this a moment ago"):
        budget_step(budget, "reject_revision", by=new_user(roles=[Role.CFO]), at=at)
    assert carry_out_due(at=at + 2 * WINDOW) == 1
    budget.refresh_from_db()
    assert budget.core_usd == Decimal(core)
    assert Approval.objects.get(kind="revision").state == state
    assert ledger_total() == 0


def test_a_revision_that_ends_meanwhile_is_not_granted_and_its_decider_is_told(
    cast: Cast, at: datetime
) -> None:
    budget = revision_asked(granted_budget(cast, at=at), by=cast.fiona, at=at, core="1600.00")
    held = hold(budget, "grant_revision", by=cast.carl, at=at)

    budget_step(budget, "withdraw_revision", by=cast.fiona, at=at)
    carry_out_due(at=at + WINDOW)

    held.refresh_from_db()
    budget.refresh_from_db()
    assert (held.state, budget.core_usd) == ("failed", Decimal("1000.00"))
    assert [each.user for each in Notice.objects.latest("pk").delivered.all()] == [cast.carl]


def test_who_lost_her_role_meanwhile_decides_nothing(cast: Cast, at: datetime) -> None:
    asked = asked_budget(cast, at=at)
    held = hold(asked, "approve", by=cast.carl, at=at)
    Membership.objects.filter(user=cast.carl).delete()

    carry_out_due(at=at + WINDOW)

    held.refresh_from_db()
    assert held.state == "failed"
    asked.refresh_from_db()
    assert asked.state == "requested"


def test_less_is_granted_as_it_was_typed(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at)
    asked = requested(cast, at=at)
    change = Change(cap_usd=Decimal("62.50"), ends_on=date(2026, 12, 1))

    hold(asked, "approve", by=cast.carl, at=at, change=change)
    carry_out_due(at=at + WINDOW)

    asked.refresh_from_db()
    assert (asked.cap_usd, asked.ends_on) == (Decimal("62.50"), date(2026, 12, 1))


def test_a_worker_that_dies_within_leaves_it_to_the_next(
    cast: Cast, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    granted_budget(cast, at=at)
    held = hold(requested(cast, at=at), "approve", by=cast.carl, at=at)

    def dies(**values: Any) -> None:
        take_step(**values)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(held_matters, "take_step", dies)
        with pytest.raises(KeyboardInterrupt):
            carry_out(held.pk, at=at + WINDOW)
    assert pool_of(cast) == Decimal("500.00")

    assert carry_out(held.pk, at=at + WINDOW) is True
    assert carry_out(held.pk, at=at + WINDOW) is False
    assert pool_of(cast) == Decimal("400.00")


def test_the_database_ends_a_held_decision_once(cast: Cast, at: datetime) -> None:
    held = hold(asked_budget(cast, at=at), "approve", by=cast.carl, at=at)
    undo_decision(held_id=held.pk, by=cast.carl, at=at)

    with pytest.raises(IntegrityError, match="ends once"), transaction.atomic():
        HeldDecision.objects.filter(pk=held.pk).update(state="done")


@pytest.mark.django_db(transaction=True)
def test_whoever_presses_at_once_one_decision_holds_or_none(at: datetime) -> None:
    cast = gather()
    cora = new_user(username="cora", roles=[Role.CFO])
    granted_budget(cast, at=at, pool="50000.00")
    for _ in range(ROUNDS):
        left = pool_of(cast)
        asked = requested(cast, at=at)

        race(
            partial(hold, asked, "approve", by=cast.carl, at=at),
            partial(hold, asked, "approve", by=cora, at=at),
            partial(hold, asked, "reject", by=cora, at=at),
        )
        held = HeldDecision.objects.get(approval__subject_id=asked.pk, approval__kind="initiative")
        race(
            partial(
                undo_decision,
                held_id=held.pk,
                by=held.by,
                at=at + WINDOW - timedelta(microseconds=1),
            ),
            partial(carry_out, held.pk, at=at + WINDOW),
            partial(carry_out, held.pk, at=at + WINDOW),
        )

        held.refresh_from_db()
        asked.refresh_from_db()
        if held.state == "undone":
            assert asked.state == InitiativeState.REQUESTED
        else:
            assert held.state == "done"
            assert asked.state in {InitiativeState.SANDBOX, InitiativeState.REJECTED}
        granted = asked.state == InitiativeState.SANDBOX
        assert pool_of(cast) == left - (asked.cap_usd if granted else 0)
    assert ledger_total() == 0
