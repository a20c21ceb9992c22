"""What a decision does to the accounts that take part in it."""

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from budgets.amounts import NOTHING, Amounts
from budgets.models import Budget, Initiative
from budgets.queries.hierarchy import Room
from budgets.queries.ledger import pool_left_usd
from budgets.queries.pool_policy import profile_of_request
from budgets.rights import INITIATIVE
from finops.pools import held_at_first_usd
from org.queries.calendar import fiscal_year_containing


class Effect(NamedTuple):
    """What an account holds now and after the decision."""

    label: str
    before_usd: Decimal
    after_usd: Decimal


def pool_effect(initiative: Initiative, *, on: date) -> list[Effect]:
    """Return what the pool has left once it has set an experiment's money aside."""
    found = profile_of_request(kind=INITIATIVE, subject_id=initiative.pk, on=on)
    held_usd = held_at_first_usd(
        cap_usd=initiative.cap_usd, overbooking=found.profile.pool_overbooking
    )
    year = fiscal_year_containing(initiative.starts_on)
    left_usd = pool_left_usd(unit=initiative.unit, fiscal_year=year)
    return [Effect(f"Pool of {initiative.unit}, FY{year}", left_usd, left_usd - held_usd)]


def money_effects(budget: Budget, room: Room, held: Amounts, difference: Amounts) -> list[Effect]:
    """Return what the accounts that take part hold now and after; none where nothing moves."""
    own = _moved(str(budget.unit), held, difference)
    if room.parent is None or difference.opens_reserve:
        return own
    return [*own, *_moved(str(room.parent.unit), room.left, NOTHING.minus(difference))]


def _moved(unit: str, held: Amounts, difference: Amounts) -> list[Effect]:
    return [
        Effect(f"{label} of {unit}", before, before + moved)
        for (label, before), moved in zip(held.named(), difference, strict=True)
        if moved
    ]
