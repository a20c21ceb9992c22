"""Outcomes as tests need them: a definition with its terms, records of what became of tasks."""

from datetime import datetime
from typing import Any

from ingestion.models import OutcomeDefinition
from ingestion.operations.definitions import Terms, define_outcome
from org.models import Unit
from tests.org_cast import Cast


def some_terms(cast: Cast, **changes: Any) -> Terms:
    """Return terms of internal work that the support drafter does."""
    terms: dict[str, Any] = {
        "name": "Ticket answered",
        "unit_of_work": "ticket",
        "success": "The customer does not write again within seven days.",
        "owner": cast.grace,
        "source": "Zendesk",
        "workflows": ["support-drafter"],
    }
    return Terms(**(terms | changes))


def defined(
    cast: Cast, *, at: datetime, unit: Unit | None = None, **changes: Any
) -> OutcomeDefinition:
    """Define an outcome as Fiona, for Support unless another unit."""
    return define_outcome(
        unit=unit or cast.support, terms=some_terms(cast, **changes), by=cast.fiona, at=at
    )


def told(name: str, **more: Any) -> dict[str, Any]:
    """Return a record of a ticket that was answered the day before tests happen."""
    plain = {
        "id": name,
        "workflow": "support-drafter",
        "task": f"ticket-{name}",
        "at": "2026-11-19T10:00:00Z",
        "outcome": "success",
    }
    return plain | more
