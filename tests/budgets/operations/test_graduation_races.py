"""Graduations at the same moment: one journal each, and no pool or reserve that pays twice."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import partial

import pytest

from budgets.models import Graduation, Initiative
from budgets.queries.proof import budgets_are_what_was_granted, journals_sum_to_zero
from ingestion.operations.slices import forget_slices
from tests.factories.budgets import ledger_total
from tests.factories.gates import gate_of, gate_step
from tests.factories.graduations import (
    SIGNED,
    Proven,
    graduation_gates,
    proposed,
    proven,
    second_proven,
    use,
)
from tests.org_cast import Cast, gather
from tests.races import race

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def ledger() -> Iterator[None]:
    forget_slices()
    with graduation_gates():
        yield
    forget_slices()


def half_signed(cast: Cast, found: Proven) -> None:
    proposed(found, by=cast.ed)
    gate_step(found.initiative, "sign", by=cast.carl, at=SIGNED, number=5, part="finance")


def test_two_graduations_on_one_reserve_are_paid_once() -> None:
    cast = gather()
    one = proven(cast)  # a reserve of 60,000, and each needs more than half of it
    other = second_proven(cast, one)
    for each in (one, other):
        half_signed(cast, each)

    results = race(
        *[
            partial(gate_step, each.initiative, "sign", by=one.head, at=SIGNED, number=5)
            for each in (one, other)
        ]
    )

    assert sorted(type(each).__name__ for each in results) == ["Gate", "Stale"]
    assert Graduation.objects.count() == 1
    assert journals_sum_to_zero() is None
    assert budgets_are_what_was_granted() is None
    assert ledger_total() == 0


def test_the_last_signature_pressed_twice_graduates_once() -> None:
    cast = gather()
    found = proven(cast)
    half_signed(cast, found)
    version = gate_of(found.initiative, 5).version

    results = race(
        *[
            partial(
                gate_step,
                found.initiative,
                "sign",
                by=found.head,
                version=version,
                at=SIGNED,
                number=5,
            )
        ]
        * 3
    )

    assert sorted(type(each).__name__ for each in results) == ["Gate", "Stale", "Stale"]
    assert Graduation.objects.count() == 1


def test_late_rows_that_land_while_it_is_signed_come_before_it_or_after() -> None:
    cast = gather()
    found = proven(cast)
    half_signed(cast, found)

    signed, _ = race(
        partial(gate_step, found.initiative, "sign", by=found.head, at=SIGNED, number=5),
        partial(use, cast, {date(2026, 7, 20): Decimal(55)}),
    )

    graduation = Graduation.objects.first()
    state = Initiative.objects.get(pk=found.initiative.pk).state
    if graduation is None:
        assert type(signed).__name__ == "Stale"
        assert state == "sandbox"
    else:
        # Signed first: what came after belongs to the past of the experiment.
        assert graduation.pool_usd == Decimal("-5820.00")
        assert state == "graduating"
    assert budgets_are_what_was_granted() is None
