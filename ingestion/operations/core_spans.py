"""Putting a cost object into the core budget from a midnight on, and taking it out of it again."""

from datetime import date

from django.db import transaction

from ingestion.models import UnitDay
from ingestion.operations.assignments import hold_loads_still
from ingestion.queries.periods import closed_days
from org.models import CoreSpan, CostObject
from org.refusals import Refusal


@transaction.atomic
def put_in_core(*, cost_object: CostObject, starts_on: date) -> CoreSpan:
    """Let the object's days from the first on count as core; earlier ones stay an experiment's.

    Raises Refusal where a day of a closed period would change sides.
    """
    hold_loads_still()
    span = CoreSpan.objects.create(cost_object=cost_object, starts_on=starts_on)
    _restate(cost_object, starts_on, is_core=True)
    return span


@transaction.atomic
def take_from_core(*, cost_object: CostObject, ends_on: date) -> CoreSpan:
    """End its time in core: from the day on it is an experiment again.

    Raises Refusal where it is not in core, or where a day of a closed period would change.
    """
    hold_loads_still()
    span = CoreSpan.objects.filter(cost_object=cost_object, ends_on=None).first()
    if span is None or span.starts_on >= ends_on:
        raise Refusal(f"{cost_object} does not run in core on {ends_on}.")
    span.ends_on = ends_on
    span.save(update_fields=["ends_on"])
    _restate(cost_object, ends_on, is_core=False)
    return span


def _restate(cost_object: CostObject, since: date, *, is_core: bool) -> None:
    """Let the unit days since then say on which side they are."""
    days = UnitDay.objects.filter(cost_object=cost_object, reporting_day__gte=since)
    closed = closed_days()
    for day in days.order_by("reporting_day").values_list("reporting_day", flat=True).distinct():
        if label := closed.label_of(day):
            raise Refusal(f"Period {label} is closed: what {day} was spent as cannot change.")
    days.update(is_core=is_core)
