"""Whatever is asked, decided, opened, funded, stopped and in which order, no money is lost."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from budgets.amounts import Amounts
from budgets.models import Account, Budget, Initiative
from budgets.queries.ledger import balance_usd
from budgets.queries.proof import budgets_are_what_was_granted, journals_sum_to_zero
from org.models import Unit
from org.refusals import Refusal
from tests.factories.budgets import budget_step, granted_budget, ledger_total, running, stepped
from tests.org_cast import Cast, gather

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
Move = Callable[[Cast], None]
units = st.sampled_from(["acme", "operations", "support", "claims"])
dollars = st.integers(0, 12).map(lambda hundreds: Decimal(hundreds * 100))
sums = st.builds(Amounts, dollars, dollars, dollars)


def unit_of(cast: Cast, name: str) -> Unit:
    unit: Unit = getattr(cast, name)
    return unit


def approve(name: str, wanted: Amounts) -> Move:
    def move(cast: Cast) -> None:
        core, pool, reserve = map(str, wanted)
        granted_budget(cast, unit=unit_of(cast, name), core=core, pool=pool, reserve=reserve, at=AT)

    return move


def revise(name: str, wanted: Amounts) -> Move:
    def move(cast: Cast) -> None:
        budget = Budget.objects.get(unit=unit_of(cast, name), state="active")
        budget_step(budget, "ask_revision", by=cast.fiona, amounts=wanted, at=AT)
        budget_step(budget, "grant_revision", by=cast.carl, at=AT)

    return move


def open_reserve(name: str, opened: Decimal) -> Move:
    def move(cast: Cast) -> None:
        budget = Budget.objects.get(unit=unit_of(cast, name), state="active")
        wanted = budget.amounts.plus(Amounts(opened, Decimal(0), -opened))
        revise(name, wanted)(cast)

    return move


def fund_experiment(cap_usd: Decimal) -> Move:
    return lambda cast: void(running(cast, cap_usd=cap_usd, at=AT))


def stop_experiment(cast: Cast) -> None:
    found = Initiative.objects.filter(state="sandbox").latest("pk")
    stepped(found, "stop", by=cast.carl, reason="It has taught us enough.", at=AT)


def close(name: str) -> Move:
    def move(cast: Cast) -> None:
        budget = Budget.objects.get(unit=unit_of(cast, name), state="active")
        budget_step(budget, "close", by=cast.fiona, at=AT.replace(year=2027))

    return move


def void(_: object) -> None:
    """Forget a result: a move is judged by the ledger alone."""


moves = st.lists(
    st.one_of(
        st.builds(approve, units, sums),
        st.builds(revise, units, sums),
        st.builds(open_reserve, units, dollars),
        st.builds(fund_experiment, dollars),
        st.just(stop_experiment),
    ),
    min_size=4,
    max_size=9,
)
closes = st.lists(st.builds(close, units), max_size=2)  # a year is closed when it is over


@pytest.mark.django_db
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves, closes)
def test_journals_sum_to_zero_and_nothing_is_overdrawn_after_any_moves(
    taken: list[Move], at_last: list[Move]
) -> None:
    with transaction.atomic():
        cast = gather()
        for move in [*taken, *at_last]:
            # What is refused leaves everything as it was, and so counts as a move as well.
            with suppress(Refusal, ObjectDoesNotExist), transaction.atomic():
                move(cast)
            assert ledger_total() == 0
        held = {
            str(account): balance_usd(account)
            for account in Account.objects.exclude(kind=Account.Kind.FUND)
        }
        assert [name for name, usd in held.items() if usd < 0] == []
        assert journals_sum_to_zero() is None
        assert budgets_are_what_was_granted() is None
        transaction.set_rollback(True)
