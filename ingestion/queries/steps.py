"""The steps of time that a question parts its days into, and what each is called."""

from django.db.models import Case, DateField, F, Func, QuerySet, Value, When
from django.db.models.expressions import Combinable

from ingestion.queries.questions import Question
from org.models import FiscalPeriod

OUTSIDE_PERIODS = "outside"


def step_labels(question: Question) -> dict[object, str]:
    """Return what fiscal periods are called, by their first day; other steps name themselves."""
    if question.granularity != "period":
        return {}
    labels: dict[object, str] = {found.starts_on: found.label for found in _touched(question)}
    return labels | {None: OUTSIDE_PERIODS}


def step_of(question: Question) -> Combinable:
    """Return the SQL of the first day of the time step that a day is in."""
    match question.granularity:
        case "day":
            return F("reporting_day")
        case "week":
            return _StartOf("reporting_day", unit="week")
        case "month":
            return _StartOf("reporting_day", unit="month")
        case "period":
            return _fiscal_period(question)
        case _:
            return Value(None, output_field=DateField())


class _StartOf(Func):
    """The first day of a day's week or month; Django's would ask the time zone of each row."""

    template = "date_trunc('%(unit)s', %(expressions)s::timestamp)::date"
    output_field = DateField()


def _fiscal_period(question: Question) -> Case:
    starts = [
        When(
            reporting_day__gte=found.starts_on,
            reporting_day__lt=found.ends_on,
            then=Value(found.starts_on),
        )
        for found in _touched(question)
    ]
    return Case(*starts, default=Value(None), output_field=DateField())


def _touched(question: Question) -> QuerySet[FiscalPeriod]:
    period = question.period
    return FiscalPeriod.objects.filter(starts_on__lt=period.end, ends_on__gt=period.start)
