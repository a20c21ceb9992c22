"""A graduation on a real ledger: the worked journal, to the cent."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from budgets.models import Account, Graduation
from budgets.queries.ledger import balance_usd
from tests.factories.budgets import ledger_total
from tests.factories.graduations import (
    Proven,
    graduated,
    graduation_gates,
    proven,
)
from tests.org_cast import Cast

AUGUST = date(2026, 8, 1)


@pytest.fixture(autouse=True)
def ledger() -> Iterator[None]:
    with graduation_gates():
        yield


@pytest.fixture
def found(cast: Cast) -> Proven:
    return proven(cast)


def balances(found: Proven) -> dict[str, Decimal]:
    accounts = Account.objects.filter(unit=found.initiative.unit, fiscal_year=2026)
    return {account.kind: balance_usd(account) for account in accounts}


def test_the_worked_journal_moves_to_the_cent(cast: Cast, found: Proven) -> None:
    before = balances(found)

    initiative = graduated(cast, found)

    [graduation] = Graduation.objects.all()
    assert initiative.state == "graduating"
    assert (graduation.starts_on, graduation.run_rate_usd) == (AUGUST, Decimal("412.50"))
    assert graduation.core_usd == Decimal("63112.50")
    assert graduation.pool_usd == Decimal("-5820.00")
    assert graduation.contingency_usd == Decimal("-57292.50")
    assert graduation.next_year_usd == Decimal("150562.50")
    after = balances(found)
    assert {kind: after[kind] - before[kind] for kind in after} == {
        "core": Decimal("63112.50"),
        "pool": Decimal(0),
        "initiative": Decimal("-5820.00"),
        "reserve": Decimal("-57292.50"),
    }
    assert ledger_total() == 0
