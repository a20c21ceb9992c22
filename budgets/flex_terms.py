"""The terms of a flex rule: as proposed, as signed, and as the arithmetic reads them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from budgets.models import FlexRule
from finops import flex
from finops.flex import UNIT_COST_ROOM, VOLUME_ROOM
from ingestion.models import OutcomeDefinition

Mix = Mapping[str, tuple[Decimal, Decimal]]


@dataclass(frozen=True, kw_only=True)
class FlexTerms:
    """What is proposed. `fixed_usd` and a planned volume are of one period each.

    `planned_volumes` begin with the period of `starts_on`; `standard_mix` gives of each tier
    its share of the tokens and its dollars per million.
    """

    definition: OutcomeDefinition
    starts_on: date
    fixed_usd: Decimal
    tokens_per_unit: Decimal
    usd_per_mtok: Decimal
    planned_volumes: Sequence[Decimal]
    standard_mix: Mix = field(default_factory=dict)
    unit_cost_room: Decimal = UNIT_COST_ROOM
    volume_room: Decimal = VOLUME_ROOM
    reason: str = ""


def mix_of(rule: FlexRule) -> dict[str, tuple[Decimal, Decimal]] | None:
    """Return the standard shares and prices of the tiers, None where none are standard."""
    if not rule.standard_mix:
        return None
    return {
        tier: (Decimal(share), Decimal(usd)) for tier, (share, usd) in rule.standard_mix.items()
    }


def standard_of(rule: FlexRule, *, place: int) -> flex.FlexRule:
    """Return the standard of a period that is the `place`th after the rule's first."""
    return flex.FlexRule(
        fixed_usd=rule.fixed_usd,
        planned_volume=rule.planned_volumes[place],
        tokens_per_unit=rule.tokens_per_unit,
        usd_per_mtok=rule.usd_per_mtok,
        unit_cost_room=rule.unit_cost_room,
        volume_room=rule.volume_room,
    )


def as_written(rule: FlexRule) -> dict[str, Any]:
    """Return the terms as plain JSON, alike before and after they were stored."""
    return {
        "budget": rule.budget_id,
        "number": rule.number,
        "definition": rule.definition.slug,
        "starts_on": rule.starts_on.isoformat(),
        "fixed_usd": f"{rule.fixed_usd:.2f}",
        "tokens_per_unit": f"{rule.tokens_per_unit:.3f}",
        "usd_per_mtok": f"{rule.usd_per_mtok:.6f}",
        "planned_volumes": [f"{volume:.3f}" for volume in rule.planned_volumes],
        "standard_mix": rule.standard_mix,
        "unit_cost_room": f"{rule.unit_cost_room:.3f}",
        "volume_room": f"{rule.volume_room:.3f}",
        "target_margin": None if rule.target_margin is None else f"{rule.target_margin:.4f}",
        "reason": rule.reason,
    }
