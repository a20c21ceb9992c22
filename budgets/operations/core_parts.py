"""A department's part of a graduation: its money, its calls, and what they are booked to."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import count

from django.utils.text import slugify

from budgets.gates.graduation_figures import asked_in
from budgets.models import CoreGrant, CorePart, Graduation
from budgets.operations.core_money import write_grants
from budgets.operations.scopes import put_who_answers
from budgets.queries.graduation import condition_of
from finops.graduation import Phased
from ingestion.operations.core_spans import put_in_core
from ingestion.operations.rules import RuleDraft, add_rules_first
from org.models import CostObject, Unit

SLUG_LENGTH = 50


def take_over(
    graduation: Graduation,
    unit: Unit,
    phased: Sequence[Phased],
    *,
    share: Decimal,
    at: datetime,
) -> None:
    """Let a department take its part from the day on; the caller holds the money and loads."""
    initiative = graduation.initiative
    is_own = unit.pk == initiative.unit_id
    cost_object = initiative.cost_object if is_own else _other_object(graduation, unit, at=at)
    if cost_object is None:
        raise TypeError(f"{initiative} runs without a cost object.")
    part = CorePart.objects.create(
        graduation=graduation, unit=unit, cost_object=cost_object, share=share
    )
    write_grants(
        [(part, phased)],
        cause=CoreGrant.Cause.GRADUATION,
        journal=graduation.journal,
        at=at,
    )
    put_in_core(cost_object=cost_object, starts_on=graduation.starts_on)


def _other_object(graduation: Graduation, unit: Unit, *, at: datetime) -> CostObject:
    """Return what the second department's calls are booked to, by rules of their own."""
    initiative = graduation.initiative
    cost_object = _of_earlier(graduation, unit) or _new_object(graduation, unit)
    theirs = condition_of(asked_in(graduation.evidence.inputs).theirs) or {}
    add_rules_first(
        drafts=[
            RuleDraft(
                name=f"{cost_object.name}"[:80],
                when={**match, **theirs},
                unit_id=unit.pk,
                cost_object_id=cost_object.pk,
                starts_on=graduation.starts_on,
            )
            for match in initiative.match
        ],
        reason=f"{initiative.name} graduates into core of two departments"[:200],
        by=graduation.by,
        at=at,
    )
    put_who_answers(initiative=initiative, cost_object=cost_object, at=at)
    return cost_object


def _of_earlier(graduation: Graduation, unit: Unit) -> CostObject | None:
    """Return what the department had when the experiment graduated before."""
    before = CorePart.objects.filter(graduation__initiative=graduation.initiative, unit=unit)
    part = before.select_related("cost_object").order_by("-pk").first()
    return part.cost_object if part else None


def _new_object(graduation: Graduation, unit: Unit) -> CostObject:
    """Make one under the first free short name: another experiment may be called like it."""
    initiative = graduation.initiative
    stem = slugify(f"{initiative.slug}-{unit.slug}")[: SLUG_LENGTH - 4]
    taken = set(CostObject.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    names = (stem if number == 1 else f"{stem}-{number}" for number in count(1))
    return CostObject.objects.create(
        slug=next(name for name in names if name not in taken),
        name=f"{initiative.name}, {unit.name}"[:120],
        unit=unit,
    )
