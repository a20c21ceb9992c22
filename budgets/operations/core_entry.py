"""What the clock does with a signed graduation: its day comes, and what is left is settled."""

from datetime import datetime

from django.db import transaction

from budgets.lifecycle import IN_CORE, InitiativeAction, InitiativeState
from budgets.models import Graduation
from budgets.operations.history import advance, locked_initiative
from budgets.operations.news import tell_of_step
from budgets.operations.sandbox import release_unspent
from org.queries.calendar import reporting_today
from org.queries.profile import profile_on


def enter_core_due(*, at: datetime) -> list[str]:
    """Let the graduations begin whose day has come; return their slugs."""
    today = reporting_today(at)
    due = Graduation.objects.filter(
        initiative__state=InitiativeState.GRADUATING, starts_on__lte=today
    )
    rows = due.order_by("pk").values_list("initiative", "initiative__slug")
    return [slug for pk, slug in rows if _enter_core(pk, at=at)]


def settle_graduated(*, at: datetime) -> list[str]:
    """Return to their pools what graduated experiments did not spend, once that is final."""
    waiting = Graduation.objects.filter(
        # What was demoted spends of the same account again: it is settled when that ends.
        initiative__state__in=IN_CORE,
        released_usd=None,
        starts_on__lte=reporting_today(at),
    )
    rows = waiting.order_by("pk").values_list("pk", "initiative__slug")
    return [slug for pk, slug in rows if _settle(pk, at=at)]


@transaction.atomic
def _enter_core(initiative_id: int, *, at: datetime) -> bool:
    initiative = locked_initiative(initiative_id)
    if initiative.state != InitiativeState.GRADUATING:
        return False  # somebody was here since we looked
    reason = "Its day has come: from today on its calls are core."
    advance(initiative, InitiativeAction.ENTER_CORE, by=None, reason=reason, at=at)
    tell_of_step(initiative, InitiativeAction.ENTER_CORE, by=None, reason=reason, at=at)
    return True


@transaction.atomic
def _settle(graduation_id: int, *, at: datetime) -> bool:
    graduation = Graduation.objects.get(pk=graduation_id)
    initiative = locked_initiative(graduation.initiative_id)
    graduation.refresh_from_db()
    today = reporting_today(at)
    lag_days = profile_on(today).profile.data_lag_days
    if graduation.released_usd is not None or (today - graduation.starts_on).days < lag_days:
        return False
    if graduation.number < initiative.graduations.count():
        return False  # the account is that of a later graduation by now
    graduation.released_usd = release_unspent(initiative, by=None, at=at)
    if graduation.released_usd is None:
        return False
    graduation.save(update_fields=["released_usd"])
    return True
