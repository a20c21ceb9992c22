"""Why a slice is in its unit: every rule tried on it, in order, with the slice's own values."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from finops.allocation import in_order
from finops.rules import Condition, explain
from ingestion.models import Rule, Slice
from ingestion.queries.attributes import WITHHELD, may_see_names
from ingestion.queries.rules import attributes_of, dated_rules, rules_in_force
from org.models import User

Result = Literal["yes", "no", "skip"]


@dataclass(frozen=True, slots=True)
class Rung:
    """One rule of the ladder.

    `skip` means that it was not tried: another had won before, or its days are others.
    """

    rule: Rule
    conditions: tuple[Condition, ...]
    result: Result
    is_winner: bool
    holds_on_day: bool


def ladder(piece: Slice, *, on: date, user: User) -> list[Rung]:
    """Return the rules in force as they are tried on the slice for one day."""
    attributes = attributes_of(piece)
    rungs: list[Rung] = []
    won = False
    for dated in in_order(dated_rules(rules_in_force())):
        conditions = tuple(explain(dated.when, attributes))
        holds = dated.holds_on(on)
        is_match = all(condition.ok for condition in conditions)
        result: Result = "skip" if won or not holds else "yes" if is_match else "no"
        rungs.append(
            Rung(
                dated.target, _shown(conditions, dated.target, user), result, result == "yes", holds
            )
        )
        won = won or result == "yes"
    return rungs


def _shown(conditions: tuple[Condition, ...], rule: Rule, user: User) -> tuple[Condition, ...]:
    """Leave names of people out for those who may not read them."""
    if all(c.attribute != "person" for c in conditions) or may_see_names(user, unit=rule.unit):
        return conditions
    return tuple(
        c._replace(actual=WITHHELD, wanted=(WITHHELD,)) if c.attribute == "person" else c
        for c in conditions
    )
