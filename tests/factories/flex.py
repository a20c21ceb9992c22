"""Flex rules and waivers as tests need them, with the usage and counts beneath."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from budgets.flex_terms import FlexTerms
from budgets.models import Budget, FlexRule, Waiver
from budgets.operations.flex import decide_flex, propose_flex
from budgets.operations.waivers import ask_waiver, decide_waiver
from budgets.waiver_terms import WaiverTerms
from ingestion.models import CostStatus, MonthlyCount, OutcomeDefinition, UnitDay
from org.models import Unit, User
from tests.org_cast import Cast

NOVEMBER, DECEMBER = (date(2026, 11, 1), date(2026, 12, 1)), (date(2026, 12, 1), date(2027, 1, 1))


def flex_terms(definition: OutcomeDefinition, **changes: Any) -> FlexTerms:
    """Return a standard of 12,000 tokens at $35 a million, 42 cents, for 100,000 a period."""
    terms: dict[str, Any] = {
        "definition": definition,
        "starts_on": NOVEMBER[0],
        "fixed_usd": Decimal("0.00"),
        "tokens_per_unit": Decimal(12_000),
        "usd_per_mtok": Decimal(35),
        "planned_volumes": [Decimal(100_000), Decimal(100_000)],
        "reason": "Tickets follow the season.",
    }
    return FlexTerms(**(terms | changes))


def proposed(
    cast: Cast, budget: Budget, definition: OutcomeDefinition, *, at: datetime, **changes: Any
) -> FlexRule:
    """Propose a rule as Grace."""
    by: User = changes.pop("by", cast.grace)
    terms = flex_terms(definition, **changes)
    return propose_flex(budget_id=budget.pk, terms=terms, by=by, at=at)


def signed(
    cast: Cast, budget: Budget, definition: OutcomeDefinition, *, at: datetime, **changes: Any
) -> FlexRule:
    """Propose a rule as Grace and let Carl sign it."""
    rule = proposed(cast, budget, definition, at=at, **changes)
    return decide_flex(rule_id=rule.pk, approve=True, by=cast.carl, reason="", at=at)


def used(
    unit: Unit,
    day: date,
    usd: str,
    *,
    tokens: int,
    model: str = "gpt-5",
    status: CostStatus = CostStatus.ESTIMATED,
) -> UnitDay:
    """Book core spend with its tokens to a unit's day."""
    return UnitDay.objects.create(
        reporting_day=day, unit=unit, provider="openai", model=model, status=status, metered=True,
        rule_book=1, is_core=True, calls=1, in_tokens=tokens, out_tokens=0, cost_usd=Decimal(usd),
        list_usd=Decimal(usd),
    )  # fmt: skip


def counted(
    cast: Cast,
    definition: OutcomeDefinition,
    days: Sequence[date],
    succeeded: int,
    *,
    at: datetime,
) -> MonthlyCount:
    """Type how many tickets of a period were answered."""
    return MonthlyCount.objects.create(
        definition=definition, starts_on=days[0], ends_on=days[1], started=succeeded,
        succeeded=succeeded, recorded_at=at, recorded_by=cast.fiona,
    )  # fmt: skip


def waiver_terms(definition: OutcomeDefinition, **changes: Any) -> WaiverTerms:
    """Return a floor of 60 % for half a year, until 5,000 results a period or $100,000."""
    terms: dict[str, Any] = {
        "definition": definition,
        "waived_floor": Decimal("0.60"),
        "target": 5_000,
        "starts_on": date(2026, 1, 1),
        "expires_on": date(2026, 7, 1),
        "most_usd": Decimal("100000.00"),
        "reason": "The assistant is new; customers come first, then the price of a call falls.",
    }
    return WaiverTerms(**(terms | changes))


def asked_waiver(
    cast: Cast, definition: OutcomeDefinition, *, at: datetime, **changes: Any
) -> Waiver:
    """Ask for a waiver as Grace."""
    by: User = changes.pop("by", cast.grace)
    return ask_waiver(terms=waiver_terms(definition, **changes), by=by, at=at)


def signed_waiver(
    cast: Cast, definition: OutcomeDefinition, *, at: datetime, **changes: Any
) -> Waiver:
    """Ask for a waiver as Grace and let Carl sign it."""
    waiver = asked_waiver(cast, definition, at=at, **changes)
    return decide_waiver(waiver_id=waiver.pk, approve=True, by=cast.carl, reason="", at=at)
