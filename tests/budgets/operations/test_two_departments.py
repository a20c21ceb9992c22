"""Two departments that share what graduated: each pays, gives back and is judged with the other."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import transaction

from budgets.gates import worth
from budgets.lifecycle import InitiativeAction
from budgets.models import CorePart, Graduation
from budgets.operations.core_entry import enter_core_due
from budgets.operations.demotions import demote
from budgets.operations.history import advance, locked_initiative
from budgets.queries.core_proof import core_is_what_was_moved
from budgets.queries.core_reviews import measured_in
from budgets.queries.proof import budgets_are_what_was_granted
from finops.periods import Period
from ingestion.models import UnitDay
from org.models import CoreSpan
from tests.factories.budgets import granted_budget, ledger_total
from tests.factories.core import AUGUST, SEPTEMBER, lived, midnight
from tests.factories.gates import gate_step
from tests.factories.graduations import (
    SIGNED,
    STARTED,
    graduation_gates,
    proposed,
    proven,
)
from tests.org_cast import Cast

DEMOTED = date(2026, 9, 16)


@pytest.fixture(autouse=True)
def ledger() -> Iterator[None]:
    with graduation_gates():
        yield


def test_both_hold_their_share_and_the_second_falls_back_on_demotion(cast: Cast) -> None:
    granted_budget(cast, at=STARTED, unit=cast.claims, core="1000.00", pool="0.00")
    found = proven(cast, shared={"project": "claims"})
    proposed(found, by=cast.ed, other="claims", theirs="project=claims")
    gate_step(found.initiative, "sign", by=cast.carl, at=SIGNED, number=5, part="finance")
    for minutes, head in enumerate((found.head, cast.greta)):
        at = SIGNED + timedelta(minutes=minutes)
        gate_step(found.initiative, "sign", by=head, at=at, number=5)
    enter_core_due(at=midnight(AUGUST))

    own, theirs = CorePart.objects.order_by("pk")
    assert (own.share, theirs.share) == (Decimal("0.75"), Decimal("0.25"))
    lived(cast, AUGUST, SEPTEMBER, shared={"project": "claims"})
    objects = UnitDay.objects.filter(reporting_day=AUGUST, is_core=True)
    assert dict(objects.values_list("unit__slug", "cost_usd")) == {
        "support": Decimal("309.375"),
        "claims": Decimal("103.125"),
    }
    graduation = Graduation.objects.get()
    month = measured_in(graduation, Period(AUGUST, SEPTEMBER))
    assert (month.cost_usd, month.judged.dearer) == (Decimal("12787.50"), Decimal(0))

    inputs = {"definition": found.definition.slug, "pricing": "piece"}
    window = {"from": AUGUST.isoformat(), "until": SEPTEMBER.isoformat()}
    checked = worth.GATE.gather(found.initiative, inputs, window, midnight(SEPTEMBER)).measures
    assert (Decimal(checked["ai_usd"]), checked["outcomes"]) == (Decimal("12787.50"), "248")

    lived(cast, SEPTEMBER, DEMOTED, shared={"project": "claims"})
    with transaction.atomic():
        initiative = locked_initiative(found.initiative.pk)
        at = midnight(date(2026, 9, 15))
        advance(initiative, InitiativeAction.PROBATE, by=None, reason="Two bad months.", at=at)
        made = demote(initiative, graduation, reason="It did not recover.", at=at)

    assert made.back_usd == Decimal("44137.50")  # 107 days at 412.50
    assert not CoreSpan.objects.filter(ends_on=None).exists()
    assert ledger_total() == 0
    assert budgets_are_what_was_granted() is None
    assert core_is_what_was_moved() is None
    lived(cast, DEMOTED, date(2026, 9, 18), shared={"project": "claims"}, told=False)
    after = UnitDay.objects.filter(reporting_day=DEMOTED, cost_object__isnull=False)
    assert list(after.values_list("cost_object__slug", "is_core", "cost_usd")) == [
        ("support-drafter", False, Decimal("412.50"))
    ]
