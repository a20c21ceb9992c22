"""The business figures that stand, for who keeps them."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import NamedTuple, TypeVar

from django.db.models import Count, Max, QuerySet

from ingestion.models import (
    Headcount,
    MonthlyCount,
    OtherCogs,
    Outcome,
    OutcomeDefinition,
    OutcomeTerms,
    Revenue,
)
from ingestion.queries.definitions import terms_in_force
from org.models import FiscalPeriod

MOST_SHOWN = 24
R = TypeVar("R", Revenue, OtherCogs, Headcount)


class Defined(NamedTuple):
    """A definition with how much was told of it, and until when."""

    terms: OutcomeTerms
    outcomes: int
    last_day: date | None
    counts: int


class Figured(NamedTuple):
    """One figure that stands."""

    kind: str
    subject: str
    starts_on: date
    ends_on: date
    usd: Decimal
    people: Decimal | None
    source: str
    recorded_by: str


class Figures(NamedTuple):
    definitions: list[Defined]
    amounts: list[Figured]


def standing_figures(*, with_headcount: bool) -> Figures:
    """Return every definition with its state, and the newest figures that stand."""
    amounts = [
        *_amounts("Revenue", _newest(Revenue.objects.all())),
        *_amounts("Other costs", _newest(OtherCogs.objects.all())),
        *(_people() if with_headcount else ()),
    ]
    return Figures(_defined(), sorted(amounts, key=lambda row: row.starts_on, reverse=True))


def counts_of(definition: OutcomeDefinition) -> QuerySet[MonthlyCount]:
    """Return every typed count of a definition, corrected ones among them, the newest first."""
    rows = definition.monthly_counts.select_related("recorded_by__person")
    return rows.order_by("-starts_on", "-recorded_at", "-pk")


def open_periods(today: date) -> list[FiscalPeriod]:
    """Return the fiscal periods that have begun and are not closed, the latest first."""
    begun = FiscalPeriod.objects.filter(starts_on__lte=today, state=FiscalPeriod.State.OPEN)
    return list(begun.order_by("-starts_on"))


def _defined() -> list[Defined]:
    told = {
        pk: (number, last)
        for pk, number, last in Outcome.objects.order_by()
        .values("definition")
        .annotate(number=Count("pk"), last=Max("reporting_day"))
        .values_list("definition", "number", "last")
    }
    typed = dict(
        MonthlyCount.objects.filter(superseded_at=None)
        .order_by()
        .values("definition")
        .annotate(number=Count("pk"))
        .values_list("definition", "number")
    )
    return [
        Defined(terms, *told.get(terms.definition_id, (0, None)), typed.get(terms.definition_id, 0))
        for terms in terms_in_force()
    ]


def _newest(rows: QuerySet[R]) -> QuerySet[R]:
    standing = rows.filter(superseded_at=None).select_related("recorded_by__person")
    return standing.order_by("-starts_on", "pk")[:MOST_SHOWN]


def _amounts(kind: str, rows: QuerySet[Revenue] | QuerySet[OtherCogs]) -> Iterator[Figured]:
    for row in rows:
        yield Figured(
            kind,
            row.product,
            row.starts_on,
            row.ends_on,
            row.amount_usd,
            None,
            row.source,
            str(row.recorded_by),
        )


def _people() -> Iterator[Figured]:
    for row in _newest(Headcount.objects.select_related("unit")):
        yield Figured(
            "Headcount",
            row.unit.name,
            row.starts_on,
            row.ends_on,
            row.loaded_cost_usd,
            row.people,
            row.source,
            str(row.recorded_by),
        )
