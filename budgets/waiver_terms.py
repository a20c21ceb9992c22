"""The terms of a waiver: as asked for, and as approvals and history keep them."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from budgets.models import Waiver
from ingestion.models import OutcomeDefinition


@dataclass(frozen=True, kw_only=True)
class WaiverTerms:
    """What is asked for. The goal is `target` results of the definition in one fiscal period.

    `expires_on` is the first day without the waiver; `renews` is the one that it goes on from.
    """

    definition: OutcomeDefinition
    waived_floor: Decimal
    target: int
    starts_on: date
    expires_on: date
    most_usd: Decimal
    reason: str
    renews: Waiver | None = None


def as_written(waiver: Waiver) -> dict[str, Any]:
    """Return the terms as plain JSON, alike before and after they were stored."""
    return {
        "unit": waiver.unit.slug,
        "product": waiver.product,
        "definition": waiver.definition.slug,
        "floor": f"{waiver.floor:.4f}",
        "waived_floor": f"{waiver.waived_floor:.4f}",
        "target": waiver.target,
        "starts_on": waiver.starts_on.isoformat(),
        "expires_on": waiver.expires_on.isoformat(),
        "most_usd": f"{waiver.most_usd:.2f}",
        "renews": waiver.renews_id,
        "unit_cost_then_usd": _written(waiver.unit_cost_then_usd),
        "unit_cost_now_usd": _written(waiver.unit_cost_now_usd),
        "reason": waiver.reason,
    }


def _written(usd: Decimal | None) -> str | None:
    return None if usd is None else f"{usd:.12f}"
