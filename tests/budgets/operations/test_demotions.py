"""A demotion on a real ledger: on 16 November, of what graduated on 1 August at $412.50 a day."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from django.db import transaction
from django.db.models import Sum

from budgets.lifecycle import InitiativeAction
from budgets.models import (
    Account,
    BudgetRevision,
    CoreGrant,
    Gate,
    Graduation,
    Initiative,
    InitiativeStep,
    Journal,
)
from budgets.operations.core_entry import settle_graduated
from budgets.operations.demotions import demote
from budgets.operations.history import advance, locked_initiative
from budgets.queries.core_proof import core_is_what_was_moved
from budgets.queries.ledger import balance_usd
from budgets.queries.proof import budgets_are_what_was_granted, journals_sum_to_zero
from finops.demotion import Demoted
from ingestion.models import UnitDay
from policy.models import Cap
from tests.factories.budgets import ledger_total, own_balance, pool_of, stepped
from tests.factories.core import (
    AUGUST,
    NOVEMBER,
    again,
    final,
    in_core,
    lived,
    midnight,
    rest_of_july,
)
from tests.factories.graduations import Proven, days, graduation_gates, proven
from tests.org_cast import Cast

DECIDED, DEMOTED = date(2026, 11, 15), date(2026, 11, 16)


@pytest.fixture(autouse=True)
def ledger() -> Iterator[None]:
    with graduation_gates():
        yield


@pytest.fixture
def found(cast: Cast) -> Proven:
    found = proven(cast)
    in_core(cast, found)
    rest_of_july(cast)
    settle_graduated(at=final(AUGUST))
    return found


def demoted(initiative: Initiative, *, on: date = DECIDED) -> Demoted:
    """Demote what is on probation, as the clock does after its days were judged."""
    with transaction.atomic():
        locked = locked_initiative(initiative.pk)
        advance(
            locked, InitiativeAction.PROBATE, by=None, reason="Two bad months.", at=midnight(on)
        )
        graduation = Graduation.objects.get(initiative=initiative)
        return demote(locked, graduation, reason="It did not recover.", at=midnight(on))


def balances(found: Proven) -> dict[str, Decimal]:
    accounts = Account.objects.filter(unit=found.initiative.unit, fiscal_year=2026)
    return {account.kind: balance_usd(account) for account in accounts}


def total_cap() -> Cap:
    standing = Cap.objects.filter(retired_at=None, window=Cap.Window.TOTAL)
    return standing.get(scope__slug="initiative:support-drafter")


def test_core_gives_back_46_days_to_where_they_came_from(cast: Cast, found: Proven) -> None:
    lived(cast, NOVEMBER, DEMOTED)
    before = balances(found)
    assert before["pool"] == Decimal("10226.50")  # 10,000 free, 226.50 left of the last day

    made = demoted(found.initiative)

    assert (made.on, made.back_usd) == (DEMOTED, Decimal("18975.00"))
    assert (made.to.contingency_usd, made.to.pool_usd) == (Decimal("17225.20"), Decimal("1749.80"))
    assert made.allotment_usd == Decimal("11976.30")  # all there is, for ninety days at 412.50
    after = balances(found)
    assert {kind: after[kind] - before[kind] for kind in after} == {
        "core": Decimal("-18975.00"),
        "reserve": Decimal("17225.20"),
        "pool": Decimal("-10226.50"),
        "initiative": Decimal("11976.30"),
    }
    assert ledger_total() == 0
    assert journals_sum_to_zero() is None
    assert budgets_are_what_was_granted() is None
    assert core_is_what_was_moved() is None
    [journal] = Journal.objects.filter(kind="demotion")
    net = CoreGrant.objects.order_by("ends_on").values_list("ends_on").annotate(Sum("usd"))
    assert [usd for _, usd in net] == [
        Decimal("12787.50"), Decimal("12375.00"), Decimal("12787.50"),
        Decimal("6187.50"), Decimal("0.00"),
    ]  # fmt: skip
    last = BudgetRevision.objects.filter(budget=found.budget, kind="core").order_by("-number")[:2]
    assert [each.core_difference_usd for each in last] == [
        Decimal("-12787.50"),
        Decimal("-6187.50"),
    ]
    assert journal.postings.count() == 4


def test_it_runs_as_an_experiment_from_the_day_on_and_can_end(cast: Cast, found: Proven) -> None:
    lived(cast, NOVEMBER, DEMOTED)

    demoted(found.initiative)

    initiative = again(found.initiative)
    assert (initiative.state, initiative.starts_on, initiative.ends_on) == (
        "demoted", DEMOTED, date(2027, 2, 14),
    )  # fmt: skip
    assert (initiative.cap_usd, initiative.daily_cap_usd) == (Decimal("11976.30"), Decimal(600))
    assert set(Gate.objects.values_list("state", flat=True)) == {"revoked"}
    assert Gate.objects.count() == 5
    total = Cap.objects.get(
        scope__slug="initiative:support-drafter", window="total", retired_at=None
    )
    assert (total.limit_usd, total.starts_on, total.ends_on) == (
        Decimal("11976.30"), DEMOTED, None,
    )  # fmt: skip
    step = InitiativeStep.objects.latest("pk")
    assert (step.action, step.by) == ("demote", None)
    assert step.reason == (
        "It did not recover. From 16 Nov 2026 on it is an experiment again. Core gives back"
        " $18,975.00: $17,225.20 to the contingency and $1,749.80 to the pool of Support. Of the"
        " pool it may spend $11,976.30 until 14 Feb 2027."
    )

    lived(cast, DEMOTED, date(2026, 11, 21), told=False)

    sides = UnitDay.objects.filter(cost_object=initiative.cost_object)
    assert set(sides.filter(is_core=True).values_list("reporting_day", flat=True)) == set(
        days(NOVEMBER, DEMOTED)
    )
    assert sides.get(reporting_day=DEMOTED).is_core is False
    stepped(
        initiative,
        "stop",
        by=cast.grace,
        at=midnight(date(2026, 11, 21)),
        reason="Nobody needs it any more.",
    )
    assert pool_of(cast) == Decimal("9913.80")  # 11,976.30 less five days at 412.50
    assert own_balance(initiative) == Decimal("26016.00")
    assert budgets_are_what_was_granted() is None
    assert core_is_what_was_moved() is None


def test_without_money_its_calls_are_blocked_and_it_says_so(cast: Cast, found: Proven) -> None:
    made = demoted(found.initiative, on=date(2026, 12, 31))

    assert made.back_usd == made.allotment_usd == 0
    assert made.why_nothing == (
        "FY2026, of which core holds money by it, is over: nothing is given back."
    )
    initiative = again(found.initiative)
    assert (initiative.starts_on, initiative.ends_on) == (date(2027, 1, 1), date(2027, 1, 2))
    total = Cap.objects.get(
        scope__slug="initiative:support-drafter", window="total", retired_at=None
    )
    assert (total.limit_usd, total.starts_on) == (Decimal(0), date(2027, 1, 1))
    assert not Journal.objects.filter(kind="demotion").exists()
    assert "its calls are blocked from 1 Jan 2027 on" in InitiativeStep.objects.latest("pk").reason
