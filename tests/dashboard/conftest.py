"""What the pages of the dashboard are tested with."""

from datetime import date

import pytest
from django.utils import timezone

from ingestion.models import CostStatus
from tests.factories.ingestion import assign, book, new_slice
from tests.org_cast import Cast


@pytest.fixture
def today() -> date:
    return timezone.now().date()


@pytest.fixture
def spending(cast: Cast, today: date) -> None:
    """Seven dollars today: support 1, claims 2, nobody 4, and three calls without a price."""
    for workflow, unit, usd in (
        ("reply", cast.support, "1.00"),
        ("claim", cast.claims, "2.00"),
        ("stray", None, "4.00"),
    ):
        called = new_slice(workflow=workflow)
        assign(called, unit)
        book(called, today, usd)
    unpriced = new_slice(model="gpt-x", workflow="reply")
    assign(unpriced, cast.support)
    book(unpriced, today, "0", status=CostStatus.UNPRICED, calls=3)
