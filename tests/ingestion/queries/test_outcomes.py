"""Counts of outcomes: records, typed months, and the days of which nothing is known."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from finops.periods import Period
from ingestion.models import OutcomeDefinition
from ingestion.operations.metrics import FIGURES, record_figures
from ingestion.operations.outcomes import record_outcomes
from ingestion.queries.outcomes import (
    CountSource,
    conflicts_of,
    last_outcome_day,
    outcomes_in,
)
from tests.factories.outcomes import defined, told
from tests.org_cast import Cast

OCTOBER = Period(date(2026, 10, 1), date(2026, 11, 1))
NOVEMBER = Period(date(2026, 11, 1), date(2026, 12, 1))
ONE = Decimal(1)
AUTUMN = Period(date(2026, 10, 1), date(2026, 12, 1))


@pytest.fixture
def tickets(cast: Cast, at: datetime) -> OutcomeDefinition:
    return defined(cast, at=at)


def tell(cast: Cast, at: datetime, **results: str) -> None:
    """Tell of an outcome for each day of November given, as d04="success"."""
    record_outcomes(
        records=[
            told(name, at=f"2026-11-{name[1:3]}T10:00:00Z", outcome=result, value="2.50")
            for name, result in results.items()
        ],
        by=cast.ed,
        at=at,
    )


def count(cast: Cast, at: datetime, period: str, started: int, succeeded: int) -> None:
    record_figures(
        figure=FIGURES["counts"],
        records=[
            {
                "definition": "ticket-answered",
                "period": period,
                "started": started,
                "succeeded": succeeded,
            }
        ],
        by=cast.fiona,
        at=at,
    )


def test_before_anything_is_told_nothing_is_known(tickets: OutcomeDefinition) -> None:
    counts = outcomes_in(tickets, period=NOVEMBER)

    assert (counts.source, counts.started, counts.known) == (CountSource.NONE, 0, ())
    assert (counts.coverage, counts.value_usd) == (Decimal(0), None)
    assert last_outcome_day(tickets) is None


def test_records_are_known_from_the_first_to_the_last(
    cast: Cast, at: datetime, tickets: OutcomeDefinition
) -> None:
    tell(cast, at, d04="success", d05="failure", d09="escalated", d10="abandoned", d18="success")

    counts = outcomes_in(tickets, period=NOVEMBER)

    assert (counts.started, counts.succeeded, counts.failed, counts.escalated) == (5, 2, 3, 1)
    assert (counts.n, counts.source, counts.value_usd) == (5, CountSource.RECORDS, Decimal(5))
    assert counts.known == (Period(date(2026, 11, 4), date(2026, 11, 19)),)
    assert counts.coverage == Decimal("0.5")
    assert last_outcome_day(tickets) == date(2026, 11, 18)


def test_a_window_within_the_records_is_known_whole(
    cast: Cast, at: datetime, tickets: OutcomeDefinition
) -> None:
    tell(cast, at, d04="success", d18="success")

    counts = outcomes_in(tickets, period=Period(date(2026, 11, 6), date(2026, 11, 11)))

    assert (counts.started, counts.coverage, counts.source) == (0, ONE, CountSource.RECORDS)


def test_a_typed_month_stands_before_its_records(
    cast: Cast, at: datetime, tickets: OutcomeDefinition
) -> None:
    tell(cast, at, d04="success", d05="failure")
    count(cast, at, "2026-11", 9500, 7790)

    counts = outcomes_in(tickets, period=NOVEMBER)

    assert (counts.started, counts.succeeded, counts.failed) == (9500, 7790, 1710)
    assert (counts.n, counts.source, counts.coverage) == (0, CountSource.TYPED, ONE)


def test_a_typed_month_and_the_records_of_another_are_added(
    cast: Cast, at: datetime, tickets: OutcomeDefinition
) -> None:
    count(cast, at, "2026-10", 100, 80)
    tell(cast, at, d01="success", d30="failure")

    counts = outcomes_in(tickets, period=AUTUMN)

    assert (counts.started, counts.succeeded, counts.n) == (102, 81, 2)
    assert (counts.source, counts.known, counts.coverage) == (
        CountSource.BOTH,
        (OCTOBER, NOVEMBER),
        ONE,
    )


def test_a_part_of_a_typed_month_is_not_known(
    cast: Cast, at: datetime, tickets: OutcomeDefinition
) -> None:
    count(cast, at, "2026-10", 100, 80)
    tell(cast, at, d01="success", d05="success")

    counts = outcomes_in(tickets, period=Period(date(2026, 10, 22), date(2026, 11, 11)))

    assert (counts.started, counts.known_days, counts.coverage) == (2, 5, Decimal("0.25"))


def test_a_corrected_count_is_the_one_that_counts(
    cast: Cast, at: datetime, tickets: OutcomeDefinition
) -> None:
    count(cast, at, "2026-10", 100, 80)
    count(cast, at, "2026-10", 110, 70)

    assert outcomes_in(tickets, period=OCTOBER).succeeded == 70


def test_conflicts_are_counted_apart(cast: Cast, at: datetime, tickets: OutcomeDefinition) -> None:
    tell(cast, at, d04="success")
    tell(cast, at, d04="failure")

    assert (conflicts_of(tickets), outcomes_in(tickets, period=NOVEMBER).started) == (1, 1)
