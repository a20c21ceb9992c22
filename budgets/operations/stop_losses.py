"""Firing stop-losses: what has cost its share and shows nothing is ended by the ledger."""

from datetime import datetime

from django.db import transaction

from budgets.lifecycle import RUNNING, InitiativeAction
from budgets.models import Initiative
from budgets.operations.history import locked_initiative
from budgets.operations.initiatives import take_step
from budgets.queries.stop_losses import stop_loss_standing
from org.queries.calendar import reporting_today


def fire_stop_losses(*, at: datetime) -> list[str]:
    """End the experiments whose stop-loss is reached; return their slugs."""
    watched = Initiative.objects.filter(state__in=RUNNING, stop_loss_pct__isnull=False).order_by(
        "pk"
    )
    return [slug for pk, slug in watched.values_list("pk", "slug") if _fire(pk, at=at)]


@transaction.atomic
def _fire(initiative_id: int, *, at: datetime) -> bool:
    """End the experiment, unless somebody ended it since we looked or it may go on."""
    initiative = locked_initiative(initiative_id)
    if initiative.state not in RUNNING:
        return False
    standing = stop_loss_standing(initiative, on=reporting_today(at))
    if standing is None or not standing.has_fired:
        return False
    take_step(
        initiative_id=initiative_id,
        action=InitiativeAction.STOP_LOSS,
        by=None,
        reason=standing.in_words,
        version=None,
        at=at,
    )
    return True
