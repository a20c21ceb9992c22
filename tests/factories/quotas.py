"""Quotas as tests need them: set by Ed, and usage that the ledger books to a person."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from org.models import Unit, User
from policy.models import Quota
from policy.operations.quotas import QuotaDraft, put_quota
from tests.factories.ingestion import assign, book, new_slice

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)


def drafted_quota(limit: str = "10", **values: Any) -> QuotaDraft:
    """Draft ten calls a day for each person of Support, where nothing else is said."""
    plain: dict[str, Any] = {
        "scope": "unit:support",
        "metric": "calls",
        "window": "day",
        "per": "person",
    }
    return QuotaDraft(limit=Decimal(limit), **(plain | values))


def quota(limit: str = "10", *, by: User, at: datetime = AT, **values: Any) -> Quota:
    return put_quota(draft=drafted_quota(limit, **values), reason="Fair use.", by=by, at=at)


def called(
    person: str, *, unit: Unit, calls: int, on: date = TODAY, usd: str = "1", **slice_values: Any
) -> None:
    """Book a person's calls of a day to a unit."""
    made = new_slice(person=person, **slice_values)
    assign(made, unit)
    book(made, on, usd, calls=calls)
