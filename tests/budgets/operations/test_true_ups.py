"""Late data after a graduation: core follows its run rate to the cent, once."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from budgets.models import CoreGrant, Graduation, Journal, TrueUp
from budgets.operations.true_ups import true_up_core
from budgets.queries.core_money import current_rate_usd, held_usd
from budgets.queries.core_proof import core_is_what_was_moved
from budgets.queries.proof import budgets_are_what_was_granted
from ingestion.models import UnitDay
from org.models import FiscalPeriod
from tests.factories.budgets import ledger_total, revised
from tests.factories.core import in_core, midnight
from tests.factories.graduations import (
    LEVEL_FROM,
    LEVEL_UNTIL,
    days,
    graduation_gates,
    proven,
    use,
)
from tests.org_cast import Cast

NIGHT = midnight(date(2026, 9, 10))
SLUG = "support-drafter"


@pytest.fixture(autouse=True)
def ledger() -> Iterator[None]:
    with graduation_gates():
        yield


def late(cast: Cast, usd: str, *, name: str) -> None:
    """Let each day of the baseline have cost so much more."""
    use(cast, dict.fromkeys(days(LEVEL_FROM, LEVEL_UNTIL), Decimal(usd)), late=name)


def reprice(usd: Decimal) -> None:
    """Let each day of the baseline cost this, as after a correction of its prices."""
    baseline = UnitDay.objects.filter(
        reporting_day__gte=LEVEL_FROM, reporting_day__lt=LEVEL_UNTIL, cost_object__slug=SLUG
    )
    assert baseline.update(cost_usd=usd) == 30


def test_a_small_move_is_noted_once_a_large_one_moves_money_once(cast: Cast) -> None:
    found = proven(cast)
    in_core(cast, found)
    assert true_up_core(at=NIGHT) == []

    late(cast, "20.00", name="first")  # 432.50: 4.8 % more
    assert true_up_core(at=NIGHT) == [SLUG]
    assert true_up_core(at=NIGHT) == []

    [noted] = TrueUp.objects.all()
    assert (noted.state, noted.run_rate_usd) == ("noted", Decimal("432.50"))
    assert noted.core_usd == 0
    assert noted.reason == (
        "By late data the days of the baseline cost $432.50 a day, not $412.50 (+4.8%). That is"
        " too little to move money."
    )

    late(cast, "8.00", name="second")  # 440.50: 6.8 % more than was signed
    assert true_up_core(at=NIGHT) == [SLUG]
    assert true_up_core(at=NIGHT) == []  # it is told once that it cannot be paid

    waits = TrueUp.objects.latest("number")
    assert (waits.state, waits.core_usd) == ("open", Decimal("4284.00"))  # 153 × 28
    assert waits.reason.endswith(
        "$4,284.00 are to move into core and cannot yet. The contingency of Support does not"
        " have it."
    )
    assert not Journal.objects.filter(kind="true_up").exists()

    revised(cast, found.budget, at=NIGHT, core="163112.50", pool="34180.00", reserve="5000.00")

    assert true_up_core(at=NIGHT) == [SLUG]
    assert true_up_core(at=NIGHT) == []
    assert TrueUp.objects.latest("number").state == "posted"


def test_core_gives_back_what_it_needs_no_more_but_not_of_closed_periods(cast: Cast) -> None:
    graduation = in_core(cast, proven(cast))
    for row in FiscalPeriod.objects.filter(fiscal_year=2026, number__lte=9):
        row.state = FiscalPeriod.State.CLOSED
        row.save(update_fields=["state"])
    reprice(Decimal("375.00"))

    assert true_up_core(at=NIGHT) == [SLUG]

    [posted] = TrueUp.objects.all()
    # 92 days from October on at 37.50 less.
    assert (posted.state, posted.core_usd) == ("posted", Decimal("-3450.00"))
    assert posted.starts_on == date(2026, 10, 1)
    assert held_usd(graduation) == Decimal("59662.50")
    assert CoreGrant.objects.filter(cause="true_up").count() == 3
    assert budgets_are_what_was_granted() is None
    assert core_is_what_was_moved() is None


def test_the_contingency_pays_what_core_lacks(cast: Cast) -> None:
    graduation = in_core(cast, proven(cast, reserve="70000.00"))
    late(cast, "28.00", name="late")

    assert true_up_core(at=NIGHT) == [SLUG]
    assert true_up_core(at=NIGHT) == []

    [posted] = TrueUp.objects.all()
    assert (posted.state, posted.core_usd) == ("posted", Decimal("4284.00"))  # 153 × 28
    assert current_rate_usd(graduation) == Decimal("440.50")
    assert held_usd(graduation) == Decimal("67396.50")  # 153 × 440.50
    journal = Journal.objects.get(kind="true_up")
    assert {each.account.kind: each.amount_usd for each in journal.postings.all()} == {
        "core": Decimal("4284.00"),
        "reserve": Decimal("-4284.00"),
    }
    assert ledger_total() == 0
    assert budgets_are_what_was_granted() is None
    assert core_is_what_was_moved() is None
    assert Graduation.objects.get().run_rate_usd == Decimal("412.50")
    assert posted.reason == (
        "By late data the days of the baseline cost $440.50 a day, not $412.50 (+6.8%). Core got"
        " $4,284.00 from 1 Aug 2026 on."
    )
