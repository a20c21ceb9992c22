"""Business figures: typed or sent whole or not at all; a correction takes the place of what stood.

One that says what stands already changes nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction

from finops.periods import Period
from ingestion.metric_records import (
    AmountDraft,
    BadRecord,
    CountDraft,
    HeadcountDraft,
    read_amount,
    read_count,
    read_headcount,
)
from ingestion.models import Headcount, MonthlyCount, OtherCogs, OutcomeDefinition, Revenue
from ingestion.queries.definitions import products
from ingestion.queries.periods import ClosedDays, closed_days, named_periods
from org import audit
from org.models import Unit, User
from org.permissions import can_manage_headcount, can_manage_metrics
from org.refusals import FieldError, Invalid, NotAllowed

_LOCK = 7_305_050
MOST_RECORDS = 5_000

Row = MonthlyCount | Revenue | OtherCogs | Headcount
Draft = AmountDraft | HeadcountDraft | CountDraft


class Recorded(NamedTuple):
    """What became of the records: kept for the first time, in place of another, or known."""

    added: int
    corrected: int
    unchanged: int


@dataclass(frozen=True)
class Figure:
    """A kind of figure: how a record of it is read, and of what it speaks."""

    name: str
    model: type[Row]
    subject: str  # the field of the model whose standing rows never overlap
    values: tuple[str, ...]
    read: Callable[[Mapping[str, Any]], Draft]
    subjects: Callable[[], Mapping[str, Any]]
    unknown: str
    may: Callable[[User], bool] = can_manage_metrics
    who: str = "FinOps analysts and administrators"


def _products() -> dict[str, str]:
    return {name: name for name in products()}


def _definitions() -> dict[str, OutcomeDefinition]:
    return {row.slug: row for row in OutcomeDefinition.objects.all()}


def _units() -> dict[str, Unit]:
    return {row.slug: row for row in Unit.objects.all()}


_NO_PRODUCT = "no outcome definition names the product {!r}: define what is sold first"
FIGURES = {
    figure.name: figure
    for figure in (
        Figure("revenue", Revenue, "product", ("amount_usd",), read_amount, _products, _NO_PRODUCT),
        Figure("cogs", OtherCogs, "product", ("amount_usd",), read_amount, _products, _NO_PRODUCT),
        Figure(
            "headcount",
            Headcount,
            "unit",
            ("people", "loaded_cost_usd"),
            read_headcount,
            _units,
            "there is no unit {!r}",
            may=can_manage_headcount,
            who="FinOps analysts",
        ),
        Figure(
            "counts",
            MonthlyCount,
            "definition",
            ("started", "succeeded", "escalated"),
            read_count,
            _definitions,
            "there is no outcome definition {!r}",
        ),
    )
}


@transaction.atomic
def record_figures(
    *, figure: Figure, records: Sequence[Any], by: User, at: datetime, first_line: int = 0
) -> Recorded:
    """Keep every record, or refuse them all and name each one that cannot be kept.

    Raises NotAllowed, and Invalid with an error for each record; `first_line` is what the
    first one is called.
    """
    if not figure.may(by):
        raise NotAllowed(f"Figures of {figure.name} are recorded by {figure.who}.")
    _check_size(records)
    _lock()
    keeping = _Keeping(figure, by, at)
    errors: list[FieldError] = []
    for line, record in enumerate(records, start=first_line):
        try:
            keeping.keep(record)
        except BadRecord as error:
            errors.append(FieldError(f"/{line}", str(error)))
    if errors:
        raise _refused(errors)
    audit.record(
        actor=by,
        action=f"metrics.{figure.name}",
        subject=f"metrics:{figure.name}",
        at=at,
        detail=keeping.recorded._asdict(),
    )
    return keeping.recorded


class _Keeping:
    """The keeping of one call's records, with all that each is judged by."""

    def __init__(self, figure: Figure, by: User, at: datetime) -> None:
        self.figure, self.by, self.at = figure, by, at
        self.recorded = Recorded(0, 0, 0)
        self._subjects = figure.subjects()
        self._named: Mapping[str, Period] = named_periods()
        self._closed: ClosedDays = closed_days()

    def keep(self, record: Any) -> None:
        """Keep one record. Raises BadRecord."""
        if not isinstance(record, Mapping):
            raise BadRecord(f"A record is an object, not {str(record)[:40]!r}.")
        draft = self.figure.read(record)
        subject, span = self._subject(draft), self._span(draft.span)
        values = {name: getattr(draft, name) for name in self.figure.values}
        _check_counts(values)
        standing = self._standing(subject, span)
        if standing and all(getattr(standing, name) == value for name, value in values.items()):
            self.recorded = self.recorded._replace(unchanged=self.recorded.unchanged + 1)
            return
        self._replace(standing, subject, span, values, draft.source)

    def _subject(self, draft: Draft) -> Any:
        name = getattr(draft, self.figure.subject)
        if name not in self._subjects:
            raise BadRecord(f"{self.figure.subject}: {self.figure.unknown.format(name)}.")
        return self._subjects[name]

    def _span(self, span: Period | str) -> Period:
        days = self._named.get(span) if isinstance(span, str) else span
        if days is None:
            raise BadRecord(f"period: there is no fiscal period {span!r}.")
        if self.figure.model is MonthlyCount and days not in self._named.values():
            raise BadRecord(f"period: {days.start} to {days.end} is no fiscal period.")
        if label := self._closed.label_within(days):
            raise BadRecord(f"period: {label} is closed: its figures cannot change.")
        return days

    def _standing(self, subject: Any, span: Period) -> Row | None:
        """Return the row that stands for exactly these days. Raises BadRecord for others."""
        rows = self.figure.model.objects.filter(
            superseded_at=None,
            starts_on__lt=span.end,
            ends_on__gt=span.start,
            **{self.figure.subject: subject},
        )
        for row in rows:
            if (row.starts_on, row.ends_on) != (span.start, span.end):
                raise BadRecord(
                    f"period: a figure stands for {row.starts_on} to {row.ends_on} already, and "
                    "these days are some of it: correct that one, or its days would count twice."
                )
        return rows[0] if rows else None

    def _replace(
        self, standing: Row | None, subject: Any, span: Period, values: Any, source: str
    ) -> None:
        if standing is not None:
            standing.superseded_at = self.at
            standing.save(update_fields=["superseded_at"])
        self.figure.model.objects.create(
            starts_on=span.start,
            ends_on=span.end,
            source=source,
            recorded_at=self.at,
            recorded_by=self.by,
            **{self.figure.subject: subject},
            **values,
        )
        added, corrected, unchanged = self.recorded
        is_new = standing is None
        self.recorded = Recorded(added + is_new, corrected + (not is_new), unchanged)


def _check_counts(values: Mapping[str, Any]) -> None:
    if "started" not in values:
        return
    over = values["succeeded"] + values["escalated"]
    if over > values["started"]:
        raise BadRecord(
            f"succeeded: {over:,} tasks succeeded or were escalated, and only "
            f"{values['started']:,} were started."
        )


def _check_size(records: Sequence[Any]) -> None:
    if len(records) > MOST_RECORDS:
        raise Invalid(f"More than {MOST_RECORDS:,} records at once: send the rest apart.")


def _refused(errors: Iterable[FieldError]) -> Invalid:
    listed = list(errors)
    told = f"{listed[0].pointer.removeprefix('/')}: {listed[0].detail}"
    more = f" {len(listed) - 1} more cannot be kept." if len(listed) > 1 else ""
    return Invalid(f"Nothing was kept. Record {told}{more}", errors=listed)


def _lock() -> None:
    """Let one call at a time see what stands and take its place."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
