"""Ten seconds to take a decision on a gate back: nothing is signed before, one thing after."""

from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from budgets.models import GateSignature, GateStep, HeldDecision, Initiative
from budgets.operations.gates import Given
from budgets.operations.held import (
    WINDOW,
    carry_out,
    carry_out_due,
    hold_gate_decision,
    undo_decision,
)
from budgets.queries.gates_waiting import waiting_for_signature
from org.models import AuditEntry, Membership, Notice, Role, User
from org.operations.approvals import AlreadyDecided, SelfApproval
from org.refusals import Invalid, Refusal
from tests.factories.budgets import granted_budget, running
from tests.factories.gates import PLATFORM, Ledger, gate_of, gate_step, gates, reviewed
from tests.factories.org import new_user
from tests.org_cast import Cast, gather
from tests.races import race

ROUNDS = 10
REASON = "Not on this evidence."


def hold(
    initiative: Initiative, action: str, *, by: User, at: datetime, **given: Any
) -> HeldDecision:
    gate = gate_of(initiative)
    return hold_gate_decision(
        gate=gate, action=action, by=by, version=gate.version, given=Given(**given), at=at
    )


@pytest.mark.usefixtures("ledger")
def test_nothing_is_signed_before_the_ten_seconds_are_over(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    reviewed(drafter, by=cast.grace, at=at)

    hold(drafter, "sign", by=cast.ed, at=at, reason="Looked at it.", part="platform")
    assert carry_out_due(at=at + WINDOW - timedelta(microseconds=1)) == 0
    assert not GateSignature.objects.exists()
    assert waiting_for_signature(cast.ed, on=at.date()) == []

    assert carry_out_due(at=at + WINDOW) == 1
    signature = GateSignature.objects.get()
    assert (signature.by, signature.part, signature.comment) == (
        cast.ed,
        "platform",
        "Looked at it.",
    )
    assert carry_out_due(at=at + WINDOW) == 0
    assert list(AuditEntry.objects.filter(action="decision.held").values_list("subject")) == [
        ("initiative:support-drafter",)
    ]


@pytest.mark.usefixtures("ledger")
def test_a_deferral_keeps_its_day_and_its_reason(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    reviewed(drafter, by=cast.grace, at=at)

    hold(drafter, "defer", by=cast.ed, at=at, reason=REASON, recheck_on=date(2026, 12, 1))
    carry_out_due(at=at + WINDOW)

    gate = gate_of(drafter)
    assert (gate.state, gate.recheck_on, gate.reason) == ("deferred", date(2026, 12, 1), REASON)


@pytest.mark.usefixtures("ledger")
def test_what_cannot_be_is_refused_at_once_and_leaves_nothing(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    gate_step(drafter, "gather", by=cast.ed, at=at)
    gate_step(drafter, "submit", by=cast.ed, at=at)
    entries = AuditEntry.objects.count()

    with pytest.raises(SelfApproval):
        hold(drafter, "sign", by=cast.ed, at=at)
    with pytest.raises(Invalid, match="Say why"):
        hold(drafter, "fail", by=cast.fiona, at=at, reason=" ")
    with pytest.raises(Refusal, match="passes with its last signature"):
        hold(drafter, "pass", by=cast.fiona, at=at)

    assert not HeldDecision.objects.exists()
    assert AuditEntry.objects.count() == entries


@pytest.mark.usefixtures("ledger")
def test_nobody_decides_on_a_gate_beside_a_decision_that_is_held(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    reviewed(drafter, by=cast.grace, at=at)
    hold(drafter, "sign", by=cast.ed, at=at)

    with pytest.raises(AlreadyDecided, match="Ed decided this a moment ago"):
        gate_step(drafter, "sign", by=cast.fiona, at=at)
    with pytest.raises(AlreadyDecided):
        hold(drafter, "fail", by=cast.fiona, at=at, reason=REASON)
    gate_step(drafter, "reopen", by=cast.grace, at=at, reason="Measured too early.")
    carry_out_due(at=at + WINDOW)

    held = HeldDecision.objects.get()
    assert held.state == "failed"
    assert "changed after you opened it" in held.outcome
    notice = Notice.objects.latest("pk")
    assert notice.title == (
        "Your decision on Gate 1: Some gate of Support drafter could not take effect"
    )
    assert [each.user for each in notice.delivered.all()] == [cast.ed]


@pytest.mark.usefixtures("ledger")
def test_who_lost_the_role_meanwhile_signs_nothing(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    reviewed(drafter, by=cast.grace, at=at)
    hold(drafter, "sign", by=cast.ed, at=at)
    Membership.objects.filter(user=cast.ed).delete()

    carry_out_due(at=at + WINDOW)

    assert HeldDecision.objects.get().state == "failed"
    assert not GateSignature.objects.exists()


@pytest.mark.usefixtures("ledger")
def test_the_database_holds_one_decision_on_one_matter(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    reviewed(drafter, by=cast.grace, at=at)
    held = hold(drafter, "sign", by=cast.ed, at=at)

    held.pk = None
    with pytest.raises(IntegrityError, match="held_once_per_gate"), transaction.atomic():
        held.save(force_insert=True)
    held.gate = None
    with pytest.raises(IntegrityError, match="on_one_matter"), transaction.atomic():
        held.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
def test_whoever_presses_at_once_one_decision_holds_or_none(at: datetime) -> None:
    cast = gather()
    granted_budget(cast, at=at)
    drafter = running(cast, at=at)
    erin, eric = (new_user(username=name, roles=[Role.ENGINEER]) for name in ("erin", "eric"))
    with gates(Ledger(), signers=lambda _: (PLATFORM,), reapply_days=0):
        for _ in range(ROUNDS):
            in_review(drafter, cast, at=at)
            race(
                partial(hold, drafter, "sign", by=cast.ed, at=at),
                partial(hold, drafter, "sign", by=erin, at=at),
                partial(hold, drafter, "fail", by=eric, at=at, reason=REASON),
            )
            held = HeldDecision.objects.get(state="held")
            race(
                partial(undo_decision, held_id=held.pk, by=held.by, at=at + WINDOW / 2),
                partial(carry_out, held.pk, at=at + WINDOW),
                partial(carry_out, held.pk, at=at + WINDOW),
            )

            held.refresh_from_db()
            ends = {"sign": "passed", "fail": "failed"}
            expected = "in_review" if held.state == "undone" else ends[held.action]
            assert gate_of(drafter).state == expected

    done = HeldDecision.objects.filter(state="done").count()
    assert GateStep.objects.filter(action__in=["pass", "fail"]).count() == done


def in_review(drafter: Initiative, cast: Cast, *, at: datetime) -> None:
    """Bring the gate before its signers, from wherever the last round left it."""
    state = gate_of(drafter).state
    if state == "in_review":
        return
    if state == "passed":
        gate_step(drafter, "revoke", by=cast.carl, at=at, reason=REASON)
    if state == "failed":
        gate_step(drafter, "reopen", by=cast.grace, at=at, reason=REASON)
    reviewed(drafter, by=cast.grace, at=at)
