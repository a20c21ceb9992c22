"""Overrides as tests need them."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from org.models import User
from policy.models import Cap, Override
from policy.operations.overrides import ask_override
from policy.override_terms import OverrideTerms

WHY = "The campaign answers twice the tickets today."


def some_terms(cap: Cap, *, at: datetime, **changes: Any) -> OverrideTerms:
    """Return terms that hold: $60 until six hours from now, with a reason and a ticket."""
    terms: dict[str, Any] = {
        "scope": cap.scope,
        "cap": cap,
        "limit_usd": Decimal("60.00"),
        "reason": WHY,
        "ticket": "OPS-7",
        "expires_at": at + timedelta(hours=6),
    }
    return OverrideTerms(**(terms | changes))


def overridden(cap: Cap, *, by: User, at: datetime, **changes: Any) -> Override:
    """Ask for an override; by a CFO it holds at once where it is small."""
    return ask_override(terms=some_terms(cap, at=at, **changes), by=by, at=at)
