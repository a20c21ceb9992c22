"""Gates decided at the same moment: one outcome, and every signature counted."""

from datetime import datetime
from functools import partial

import pytest

from budgets.models import Gate, GateSignature, GateStep, Initiative
from org.models import Role
from org.refusals import Stale
from tests.factories.budgets import granted_budget, running
from tests.factories.gates import PLATFORM, Ledger, gate_of, gate_step, gates, reviewed
from tests.factories.org import new_user
from tests.org_cast import Cast, gather
from tests.races import race

ROUNDS = 15
REASON = "Not on this evidence."


@pytest.mark.django_db(transaction=True)
def test_two_who_sign_and_one_who_fails_it_leave_one_outcome_each_time(at: datetime) -> None:
    cast, drafter = company(at)
    erin, eric = (new_user(username=name, roles=[Role.ENGINEER]) for name in ("erin", "eric"))

    with gates(Ledger(), signers=lambda _: (PLATFORM,), reapply_days=0):
        for _ in range(ROUNDS):
            version = in_review(drafter, cast, at=at)
            results = race(
                partial(gate_step, drafter, "sign", by=cast.ed, version=version, at=at),
                partial(gate_step, drafter, "sign", by=erin, version=version, at=at),
                partial(gate_step, drafter, "fail", by=eric, version=version, at=at, reason=REASON),
            )
            assert sorted(type(each).__name__ for each in results) == ["Gate", "Stale", "Stale"]

    ends = GateStep.objects.filter(action__in=["pass", "fail"]).count()
    assert ends == ROUNDS
    assert GateSignature.objects.count() == GateStep.objects.filter(action="pass").count()


@pytest.mark.django_db(transaction=True)
def test_two_parts_signed_at_once_are_both_kept_once_the_second_looks_again(at: datetime) -> None:
    cast, drafter = company(at)

    with gates(Ledger()):
        version = in_review(drafter, cast, at=at)
        results = race(
            lambda: gate_step(drafter, "sign", by=cast.ed, version=version, at=at),
            lambda: gate_step(drafter, "sign", by=cast.fiona, version=version, at=at),
        )
        late = cast.fiona if isinstance(results[1], Stale) else cast.ed
        gate = gate_step(drafter, "sign", by=late, at=at)

    assert gate.state == "passed"
    assert GateSignature.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_gate_is_started_once_however_many_gather_at_once(at: datetime) -> None:
    cast, drafter = company(at)

    with gates(Ledger()):
        race(*[lambda: gate_step(drafter, "gather", by=cast.grace, version=0, at=at)] * 4)

    assert Gate.objects.count() == 1
    assert GateStep.objects.count() == 1


def company(at: datetime) -> tuple[Cast, Initiative]:
    cast = gather()
    granted_budget(cast, at=at)
    return cast, running(cast, at=at)


def in_review(drafter: Initiative, cast: Cast, *, at: datetime) -> int:
    """Bring the gate before its signers once more; return its version."""
    state = gate_of(drafter).state
    if state == "passed":
        gate_step(drafter, "revoke", by=cast.carl, at=at, reason=REASON)
    if state == "failed":
        gate_step(drafter, "reopen", by=cast.grace, at=at, reason=REASON)
    return reviewed(drafter, by=cast.grace, at=at).version
