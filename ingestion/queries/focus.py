"""The ledger as FOCUS rows: read day by day, as of one moment, for what the asker may see."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import BigIntegerField, F, Q, QuerySet, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from finops.money import pico_of
from finops.periods import ONE_DAY
from finops.price_book import STANDARD
from finops.pricing import PriceCard
from finops.tokens import COUNTERS, TOKEN_CLASSES
from ingestion.focus.costs import Rates, rates_on
from ingestion.focus.rows import Day, Row, rows_of
from ingestion.models import (
    Adjustment,
    CostStatus,
    Delivery,
    Event,
    PriceRow,
    ReportBucket,
    ReportLine,
)
from ingestion.queries.attributes import Ledger
from ingestion.queries.explorer import filtered
from ingestion.queries.prices import PricedModel, cards_for, price_book_version
from ingestion.queries.questions import Question, read_question
from org.models import User
from org.refusals import Invalid

CHUNK_ROWS = 2_000
# What was changed when an invoice was known stands in rows of its own; what restates
# usage (reports, new prices, undone deliveries) is part of the usage.
AFTER_INVOICE = (Adjustment.Kind.TRUE_UP, Adjustment.Kind.CORRECTION)
_COUNTED = tuple(name for name in COUNTERS if name not in {"requests", "web_searches"})
# The names of a Day's fields that are the slice's own columns.
_OF_SLICE = ("source", "provider", "account", "model", "tags")
_OF_SLICE_OR_NONE = ("key", "project", "workflow", "task_type", "environment")
_MEASURES = ("requests", *TOKEN_CLASSES, "cost_usd", "list_usd")

# A slice day's key within its reporting day.
Key = tuple[date, int, int]


class _Later(NamedTuple):
    """Adjustments of a slice day that are no part of its usage."""

    cost_pico: dict[str, int]
    list_pico: int


def read_focus_question(parameters: Mapping[str, Sequence[str]], *, today: date) -> Question:
    """Return the period and filters that a URL asks a FOCUS file of."""
    for name in ("group_by", "group_by[]", "measure", "granularity"):
        if name in parameters:
            raise Invalid.of(name, f"`{name}` is not a parameter here: the file has every row.")
    return read_question(parameters, today=today, also_known=["format"])


def focus_rows(question: Question, *, user: User | None) -> Iterator[Row]:
    """Return the FOCUS rows of a question's period and filters, in the order of days.

    The period is of reporting days, as everywhere; rows say their UTC day. `user` None is
    whoever runs the installation. Raises Invalid at once; rows are read as they are taken,
    and no more than a day's adjustments and counters, and some rows, are held in memory.
    """
    ledger = Ledger(user=user, period=question.period, attributes={"key", *question.filters})
    return _rows(ledger, filtered(ledger, question, user))


def _rows(ledger: Ledger, slice_days: QuerySet[Any]) -> Iterator[Row]:
    with _one_moment():
        rates = _RateBook()
        days = slice_days.order_by("reporting_day").values_list("reporting_day", flat=True)
        for reporting_day in days.distinct():
            yield from _rows_of_day(ledger, slice_days, reporting_day, rates)


@contextmanager
def _one_moment() -> Iterator[None]:
    """Read as of one moment, so that what loads meanwhile is in the file whole or not at all."""
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def _rows_of_day(
    ledger: Ledger, slice_days: QuerySet[Any], reporting_day: date, rates: "_RateBook"
) -> Iterator[Row]:
    later, counted = _adjusted(reporting_day), _counted(reporting_day)
    found = (
        slice_days.filter(reporting_day=reporting_day)
        .order_by("utc_day", "slice_id", "status")
        .values("utc_day", "slice_id", "status", *_MEASURES, **_columns(ledger))
    )
    for values in found.iterator(chunk_size=CHUNK_ROWS):
        key = values["utc_day"], values["slice_id"], values["status"]
        day = _day(values, reporting_day, later.get(key, _Later({}, 0)), counted.get(key, {}))
        yield from rows_of(day, effective=rates.effective(day), listed=rates.listed(day))


def _columns(ledger: Ledger) -> dict[str, Any]:
    return {
        **{f"slice_{name}": F(f"slice__{name}") for name in _OF_SLICE},
        **{f"slice_{name}": ledger.expression(name) for name in _OF_SLICE_OR_NONE},
        "slice_person": ledger.expression("person"),
        "unit": ledger.expression("unit"),
        "cost_object": ledger.expression("initiative"),
    }


def _day(
    values: Mapping[str, Any], reporting_day: date, later: _Later, counted: dict[str, int]
) -> Day:
    measured = {name: values[name] for name in (*TOKEN_CLASSES, "requests")} | counted
    return Day(
        reporting_day=reporting_day,
        utc_day=values["utc_day"],
        slice_id=values["slice_id"],
        status=CostStatus(values["status"]),
        **{name: values[f"slice_{name}"] for name in (*_OF_SLICE, *_OF_SLICE_OR_NONE, "person")},
        unit=values["unit"],
        cost_object=values["cost_object"],
        quantities={name: int(count) for name, count in measured.items() if count},
        cost_pico=pico_of(values["cost_usd"]) - sum(later.cost_pico.values()),
        list_pico=pico_of(values["list_usd"]) - later.list_pico,
        adjusted_pico=later.cost_pico,
    )


def _adjusted(reporting_day: date) -> dict[Key, _Later]:
    """Return the adjustments of a day that stand in rows of their own."""
    sums = (
        Adjustment.objects.filter(reporting_day=reporting_day, kind__in=AFTER_INVOICE)
        .values("utc_day", "slice_id", "status", "kind")
        .annotate(cost=Sum("cost_usd"), listed=Sum("list_usd"))
        .order_by("kind")
    )
    found: dict[Key, _Later] = {}
    for row in sums:
        key = row["utc_day"], row["slice_id"], row["status"]
        cost_pico, list_pico = found.get(key, _Later({}, 0))
        cost = {row["kind"]: pico_of(row["cost"])}
        found[key] = _Later(cost_pico | cost, list_pico + pico_of(row["listed"]))
    return found


def _counted(reporting_day: date) -> dict[Key, dict[str, int]]:
    """Return what a day's usage counted beside tokens and requests, which no rollup keeps."""
    undone = Delivery.objects.filter(undone_at__isnull=False)
    events = Event.objects.exclude(delivery_id__in=undone.values("pk")).filter(
        # A day's calls lie in its UTC day or a neighbour's: other months stay unread.
        utc_day__range=(reporting_day - ONE_DAY, reporting_day + ONE_DAY),
    )
    lines = ReportLine.objects.filter(bucket__state=ReportBucket.State.CURRENT)
    found: dict[Key, dict[str, int]] = {}
    for detail in (events, lines.filter(charge_category="usage")):
        for key, counts in _counts(detail, reporting_day):
            known = found.setdefault(key, dict.fromkeys(counts, 0))
            found[key] = {name: known[name] + count for name, count in counts.items()}
    return found


def _counts(detail: QuerySet[Any], reporting_day: date) -> Iterator[tuple[Key, dict[str, int]]]:
    sums = {
        name: Sum(Cast(KeyTextTransform(name, "counters"), BigIntegerField())) for name in _COUNTED
    }
    rows = (
        detail.filter(
            Q(web_searches__gt=0) | Q(counters__isnull=False), reporting_day=reporting_day
        )
        .order_by()
        .values("utc_day", "slice_id", "status")
        .annotate(searches=Sum("web_searches"), **sums)
        .values_list("utc_day", "slice_id", "status", "searches", *_COUNTED)
    )
    for utc_day, slice_id, status, *counts in rows:
        names = ("web_searches", *_COUNTED)
        counted = {name: count or 0 for name, count in zip(names, counts, strict=True)}
        yield (utc_day, slice_id, status), counted


class _RateBook:
    """The rates of every model and day that comes by, each worked out once."""

    def __init__(self) -> None:
        self._version = price_book_version()
        self._tiers: dict[tuple[str, str], list[str]] = {}
        tiers = PriceRow.objects.exclude(service_tier=STANDARD).order_by("service_tier")
        for provider, model, tier in tiers.values_list("provider", "model", "service_tier"):
            known = self._tiers.setdefault((provider, model), [])
            if tier not in known:
                known.append(tier)
        self._known: dict[tuple[str, str, str, date], tuple[list[Rates], list[Rates]]] = {}

    def effective(self, day: Day) -> list[Rates]:
        return self._rates(day)[0]

    def listed(self, day: Day) -> list[Rates]:
        return self._rates(day)[1]

    def _rates(self, day: Day) -> tuple[list[Rates], list[Rates]]:
        key = day.provider, day.model, day.account, day.utc_day
        if key not in self._known:
            effective, listed = self._cards(day)
            self._known[key] = rates_on(effective, day.utc_day), rates_on(listed, day.utc_day)
        return self._known[key]

    def _cards(self, day: Day) -> tuple[list[PriceCard], list[PriceCard]]:
        """Return the cards of the standard tier, then those of every other tier with prices."""
        priced = PricedModel(day.provider, day.model, day.account, STANDARD)
        tiers = [STANDARD, *self._tiers.get((day.provider, day.model), [])]
        found = [
            cards_for(priced._replace(service_tier=tier), version=self._version) for tier in tiers
        ]
        known = [cards for cards in found if cards is not None]
        effective = [card for cards in known for card in cards.effective]
        return effective, [card for cards in known for card in cards.listed]
