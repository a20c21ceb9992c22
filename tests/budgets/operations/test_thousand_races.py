"""A thousand times two who grant and one who refuses: one outcome each, whatever the timing."""

from copy import copy
from datetime import date, datetime
from functools import partial
from typing import Any

import pytest
from django.db.models import Count

from budgets.lifecycle import InitiativeAction
from budgets.models import Initiative, InitiativeStep
from budgets.operations.initiatives import take_step
from org.models import Approval, AuditEntry, Role
from org.operations.approvals import terms_hash_of
from org.refusals import Stale
from tests.factories.budgets import extended, granted_budget, running
from tests.factories.org import new_user
from tests.org_cast import gather
from tests.races import Racers

ROUNDS = 1000
OLD_END, NEW_END = date(2026, 12, 20), date(2027, 1, 10)
LOSERS = [Stale.__name__] * 2
DECIDING = ("grant_extension", "reject_extension")


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_a_thousand_requests_end_once_each_however_their_three_deciders_meet(at: datetime) -> None:
    cast = gather()
    granted_budget(cast, at=at)
    cora, cleo = (new_user(username=name, roles=[Role.CFO]) for name in ("cora", "cleo"))
    first = extended(running(cast, at=at), by=cast.grace, at=at, ends_on=NEW_END)
    waiting = copies(first, ROUNDS)

    with Racers(3) as racers:
        for asked in waiting:
            results = racers.race(
                partial(decide, asked, "grant_extension", by=cast.carl, at=at),
                partial(decide, asked, "grant_extension", by=cora, at=at),
                partial(decide, asked, "reject_extension", by=cleo, at=at),
            )
            assert sorted(type(each).__name__ for each in results) == ["Initiative", *LOSERS]

    granted = set(Initiative.objects.filter(ends_on=NEW_END).values_list("pk", flat=True))
    assert 0 < len(granted) < ROUNDS  # they did meet: neither side won by being first in line
    assert ends_of(waiting, Approval.State.APPROVED) == granted
    assert ends_of(waiting, Approval.State.REJECTED) == {each.pk for each in waiting} - granted
    steps = InitiativeStep.objects.filter(action__in=DECIDING)
    assert steps.filter(action="grant_extension").count() == len(granted)
    assert list(per_initiative(steps)) == [1] * ROUNDS
    told = AuditEntry.objects.filter(action__in=["approval.approved", "approval.rejected"])
    assert told.filter(subject__startswith="extension:").count() == ROUNDS


def copies(first: Initiative, count: int) -> list[Initiative]:
    """Return as many experiments that wait for more time, written in two statements."""
    approval = Approval.objects.get(kind="extension", subject_id=first.pk)
    slugs = [f"copy-{number}" for number in range(count)]
    made = Initiative.objects.bulk_create(
        changed(first, pk=None, slug=slug, cost_object=None) for slug in slugs
    )
    Approval.objects.bulk_create(
        changed(
            approval,
            pk=None,
            subject_id=each.pk,
            terms=approval.terms | {"initiative": each.slug},
            terms_hash=terms_hash_of(approval.terms | {"initiative": each.slug}),
        )
        for each in made
    )
    return made


def changed(row: Any, **values: Any) -> Any:
    made = copy(row)
    made._state = copy(row._state)  # noqa: SLF001 -- a copy would share it
    for name, value in values.items():
        setattr(made, name, value)
    return made


def decide(initiative: Initiative, action: str, *, by: Any, at: datetime) -> Initiative:
    return take_step(
        initiative_id=initiative.pk,
        action=InitiativeAction(action),
        by=by,
        reason="It was decided.",
        version=initiative.version,
        at=at,
    )


def ends_of(waiting: list[Initiative], state: Approval.State) -> set[int]:
    found = Approval.objects.filter(kind="extension", state=state)
    return set(
        found.filter(subject_id__in=[each.pk for each in waiting]).values_list(
            "subject_id", flat=True
        )
    )


def per_initiative(steps: Any) -> Any:
    return steps.values("initiative").annotate(count=Count("pk")).values_list("count", flat=True)
