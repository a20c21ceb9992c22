"""A year on the real ledger: into core, set right, out of it again, and into it once more."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import transaction

from budgets.lifecycle import InitiativeAction
from budgets.models import Account, CoreGrant, Graduation, Initiative
from budgets.operations.core_entry import enter_core_due, settle_graduated
from budgets.operations.demotions import demote
from budgets.operations.history import advance, locked_initiative
from budgets.operations.true_ups import true_up_core
from budgets.queries.core_money import held_usd, newest_graduation
from budgets.queries.core_proof import core_is_what_was_moved
from budgets.queries.ledger import balance_usd
from budgets.queries.proof import budgets_are_what_was_granted, journals_sum_to_zero
from tests.factories.budgets import ledger_total
from tests.factories.core import AUGUST, again, final, in_core, lived, midnight, rest_of_july
from tests.factories.gates import gate_step
from tests.factories.graduations import (
    LEVEL_FROM,
    LEVEL_UNTIL,
    Proven,
    days,
    graduated,
    graduation_gates,
    pass_first_gates,
    proven,
    use,
)
from tests.org_cast import Cast

DEMOTED, OCTOBER = date(2026, 8, 16), date(2026, 10, 1)


@pytest.fixture(autouse=True)
def ledger() -> Iterator[None]:
    with graduation_gates():
        yield


def granted(found: Proven) -> Decimal:
    """Return what pool, contingency, core and experiments of Support hold together."""
    accounts = Account.objects.filter(unit=found.initiative.unit)
    return sum((balance_usd(account) for account in accounts), Decimal(0))


def prove(found: Proven) -> None:
    assert granted(found) == Decimal("300000.00")  # 100,000 + 80,000 + 120,000
    assert ledger_total() == 0
    assert journals_sum_to_zero() is None
    assert budgets_are_what_was_granted() is None
    assert core_is_what_was_moved() is None


def leave_core(initiative: Initiative, *, at: datetime) -> None:
    with transaction.atomic():
        locked = locked_initiative(initiative.pk)
        advance(locked, InitiativeAction.PROBATE, by=None, reason="Two bad months.", at=at)
        graduation = newest_graduation(locked)
        assert graduation is not None
        demote(locked, graduation, reason="It did not recover.", at=at)


def test_what_was_demoted_graduates_again_and_every_cent_stays(cast: Cast) -> None:
    found = proven(cast, pool="80000.00", reserve="120000.00")
    first = in_core(cast, found)
    rest_of_july(cast)
    settle_graduated(at=final(AUGUST))
    prove(found)

    use(cast, dict.fromkeys(days(LEVEL_FROM, LEVEL_UNTIL), Decimal("28.00")), late="yes")
    assert true_up_core(at=midnight(date(2026, 8, 10))) == ["support-drafter"]
    prove(found)

    lived(cast, AUGUST, DEMOTED)
    leave_core(found.initiative, at=midnight(date(2026, 8, 15)))
    prove(found)
    assert held_usd(first) == Decimal("6607.50")  # fifteen days at 440.50 stay core's
    assert again(found.initiative).cap_usd == Decimal("39645.00")  # ninety days at 440.50

    pass_first_gates(cast, found.initiative, found.definition, found.erin, at=midnight(DEMOTED))
    lived(cast, DEMOTED, date(2026, 9, 22))
    signed = midnight(date(2026, 9, 22))
    for action, by in (("gather", cast.ed), ("submit", cast.ed), ("sign", cast.fiona)):
        gate_step(found.initiative, action, by=by, at=signed, number=4)
    graduated(cast, found, at=signed + timedelta(hours=9))
    enter_core_due(at=midnight(OCTOBER))

    second = Graduation.objects.get(number=2)
    assert (second.starts_on, second.run_rate_usd) == (OCTOBER, Decimal("412.50"))
    assert second.core_usd == Decimal("37950.00")  # 92 days
    assert again(found.initiative).state == "core"
    assert not CoreGrant.objects.filter(part__graduation=second, usd__lt=0).exists()
    prove(found)

    settle_graduated(at=final(OCTOBER))
    prove(found)


def test_the_proof_sees_a_grant_that_nothing_moved(cast: Cast) -> None:
    graduation = in_core(cast, proven(cast))
    assert core_is_what_was_moved() is None
    part = graduation.parts.get()

    CoreGrant.objects.create(
        part=part,
        cause="true_up",
        starts_on=AUGUST,
        ends_on=date(2026, 9, 1),
        usd=Decimal("0.01"),
        journal=graduation.journal,
        at=midnight(AUGUST),
    )

    assert core_is_what_was_moved() == (
        f"Journal {graduation.journal_id} moved $63,112.50 of core, and $63,112.51 is held by it."
    )
