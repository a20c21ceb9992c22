"""Experiments of an overbooked pool take what they spend of it, a day's cap ahead."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Sum

from budgets.lifecycle import SPENDING
from budgets.models import Initiative, Journal
from budgets.operations.history import locked_initiative
from budgets.operations.ledger import post_journal
from budgets.operations.sandbox import lock_money_of
from budgets.operations.scopes import put_total_cap
from budgets.queries.ledger import balance_usd
from finops.periods import ONE_DAY, Period
from finops.pools import top_up_usd
from ingestion.queries.spend import spent
from org.queries.calendar import reporting_today
from policy.operations.publish import publish


def top_up_experiments(*, at: datetime) -> list[str]:
    """Give running experiments more of their cap where they need it; return their slugs.

    What a pool does not have it does not give: then the experiment's total cap, which is
    what it holds, blocks it. So no pool ever pays for more than it was granted.
    """
    partly = Initiative.objects.filter(state__in=SPENDING).annotate(
        held_usd=Sum("accounts__postings__amount_usd")
    )
    found = partly.filter(held_usd__lt=F("cap_usd")).order_by("pk")
    return [slug for pk, slug in found.values_list("pk", "slug") if _top_up(pk, at=at)]


@transaction.atomic
def _top_up(initiative_id: int, *, at: datetime) -> bool:
    initiative = locked_initiative(initiative_id)
    if initiative.state not in SPENDING:
        return False  # somebody ended it since we looked
    own, pool = lock_money_of(initiative)
    held_usd = balance_usd(own)
    more_usd = top_up_usd(
        cap_usd=initiative.cap_usd,
        daily_cap_usd=initiative.daily_cap_usd,
        held_usd=held_usd,
        spent_usd=_spent_usd(initiative, at=at),
        pool_left_usd=balance_usd(pool),
    )
    if not more_usd:
        return False
    post_journal(
        kind=Journal.Kind.TOP_UP,
        memo=f"More of the cap of {initiative.name}",
        lines=[(pool, -more_usd), (own, more_usd)],
        by=None,
        at=at,
    )
    put_total_cap(initiative=initiative, held_usd=held_usd + more_usd, at=at)
    publish(cause=f"{initiative.name} took more of its cap", by=None, at=at)
    return True


def _spent_usd(initiative: Initiative, *, at: datetime) -> Decimal:
    days = Period(initiative.starts_on, max(reporting_today(at), initiative.starts_on) + ONE_DAY)
    return spent(period=days, cost_object=initiative.cost_object).usd
