"""Fixtures of ingestion: a file handed in, and the work on it done here and now."""

import io
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

import pytest

from ingestion.models import Delivery
from ingestion.operations.deliveries import submit_file
from ingestion.operations.slices import forget_slices
from ingestion.operations.work import do_next
from tests.ingestion.report_source import report_sources
from tests.org_cast import cast, cast_in_berlin

__all__ = ["cast", "cast_in_berlin", "report_sources"]

Deliver = Callable[..., Delivery]


@pytest.fixture(autouse=True)
def _no_slices_of_another_test() -> Iterator[None]:
    forget_slices()
    yield
    forget_slices()


@pytest.fixture
def deliver(at: datetime) -> Deliver:
    """Return a function that hands a file in and loads it, as a worker would."""

    def deliver(
        content: str | bytes,
        *,
        source: str = "tokenops",
        account: str = "",
        column_map: Mapping[str, str] | None = None,
        fixed_values: Mapping[str, str] | None = None,
        filename: str = "usage.csv",
    ) -> Delivery:
        body = content.encode() if isinstance(content, str) else content
        delivery = submit_file(
            file=io.BytesIO(body),
            filename=filename,
            source=source,
            account=account,
            column_map=column_map or {},
            fixed_values=fixed_values or {},
            by=None,
            at=at,
        )
        while do_next(at=at):
            pass
        delivery.refresh_from_db()
        return delivery

    return deliver
