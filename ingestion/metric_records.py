"""Reading what is sent of outcomes and business figures: records of JSON, or rows of CSV.

Knows no database: a record becomes a draft, or a sentence about the field that is wrong.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from finops.money import BadAmount, parse_usd
from finops.periods import ONE_DAY, Period
from ingestion.models import Result
from ingestion.readers.instants import END_YEAR, FIRST_YEAR, instant

DAY, MONTH = len("2026-11-03"), len("2026-11")
MOST_COUNT = 10**15
FISCAL_MARK = "FY"

Record = Mapping[str, Any]


class BadRecord(ValueError):
    """A record that cannot be used; the message names the field and what would be right."""


@dataclass(frozen=True, slots=True)
class OutcomeDraft:
    """What became of a task, as it is told."""

    outcome_id: str
    definition: str
    workflow: str
    task: str
    at: datetime
    result: Result
    value_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class AmountDraft:
    """An amount of a product over some days; `span` is a day, a month or a fiscal period."""

    product: str
    span: Period | str
    amount_usd: Decimal
    source: str


@dataclass(frozen=True, slots=True)
class HeadcountDraft:
    unit: str
    span: Period | str
    people: Decimal
    loaded_cost_usd: Decimal
    source: str


@dataclass(frozen=True, slots=True)
class CountDraft:
    """What was counted of a definition's tasks in a fiscal period."""

    definition: str
    span: Period | str
    started: int
    succeeded: int
    escalated: int
    source: str


def read_outcome(record: Record) -> OutcomeDraft:
    """Return what one record tells. Raises BadRecord."""
    result = _text(record, "outcome", most=9)
    if result not in Result.values:
        raise BadRecord(f"outcome: is {result!r}, and not one of {', '.join(Result.values)}.")
    moment = instant(_text(record, "at", most=40))
    if moment is None:
        raise BadRecord(f"at: {record['at']!r} names no time: write it as 2026-11-20T10:00:00Z.")
    return OutcomeDraft(
        outcome_id=_text(record, "id", most=160),
        definition=_text(record, "definition", most=60, default=""),
        workflow=_text(record, "workflow", most=160),
        task=_text(record, "task", most=200, default=""),
        at=moment,
        result=Result(result),
        value_usd=_amount(record, "value", decimals=6) if _has(record, "value") else None,
    )


def read_amount(record: Record) -> AmountDraft:
    """Return what one record tells of revenue or of other costs. Raises BadRecord."""
    return AmountDraft(
        product=_text(record, "product", most=60),
        span=_span(record),
        amount_usd=_amount(record, "amount_usd", decimals=2),
        source=_text(record, "source", most=120, default=""),
    )


def read_headcount(record: Record) -> HeadcountDraft:
    """Return what one record tells of a unit's people. Raises BadRecord."""
    return HeadcountDraft(
        unit=_text(record, "unit", most=60),
        span=_span(record),
        people=_amount(record, "people", decimals=2, least=Decimal(0), most_digits=7),
        loaded_cost_usd=_amount(record, "loaded_cost_usd", decimals=2, least=Decimal(0)),
        source=_text(record, "source", most=120, default=""),
    )


def read_count(record: Record) -> CountDraft:
    """Return what one record tells of a fiscal period's tasks. Raises BadRecord."""
    return CountDraft(
        definition=_text(record, "definition", most=60),
        span=_span(record),
        started=_whole(record, "started"),
        succeeded=_whole(record, "succeeded"),
        escalated=_whole(record, "escalated") if _has(record, "escalated") else 0,
        source=_text(record, "source", most=120, default=""),
    )


def _has(record: Record, field: str) -> bool:
    return record.get(field) not in (None, "")


def _text(record: Record, field: str, *, most: int, default: str | None = None) -> str:
    if not _has(record, field):
        if default is None:
            raise BadRecord(f"{field}: is missing.")
        return default
    value = record[field]
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise BadRecord(f"{field}: is no text.")
    text = str(value).strip()
    if len(text) > most:
        raise BadRecord(f"{field}: is longer than {most} characters.")
    if "\x00" in text:
        raise BadRecord(f"{field}: holds a NUL character.")
    return text


def _amount(
    record: Record,
    field: str,
    *,
    decimals: int,
    least: Decimal | None = None,
    most_digits: int = 12,
) -> Decimal:
    try:
        amount = parse_usd(_text(record, field, most=40))
    except BadAmount as error:
        raise BadRecord(f"{field}: {error}") from error
    if least is not None and amount < least:
        raise BadRecord(f"{field}: is {amount:f}, and never less than {least}.")
    if amount and amount.adjusted() >= most_digits:
        raise BadRecord(f"{field}: has more than {most_digits} digits before the dot.")
    rounded = round(amount, decimals)
    if rounded != amount:
        raise BadRecord(f"{field}: has more than {decimals} digits after the dot.")
    return rounded


def _whole(record: Record, field: str) -> int:
    text = _text(record, field, most=20)
    if not (text.isascii() and text.isdigit()) or int(text) > MOST_COUNT:
        raise BadRecord(f"{field}: {text!r} is not a whole number of tasks.")
    return int(text)


def _span(record: Record) -> Period | str:
    """Return the days that `period` names; a fiscal period stays a name until it is looked up."""
    text = _text(record, "period", most=20)
    if text.startswith(FISCAL_MARK):
        return text
    readers: Mapping[int, Callable[[str], Period]] = {DAY: _day, MONTH: _month}
    try:
        return readers[len(text)](text)
    except (KeyError, ValueError) as error:
        raise BadRecord(
            f"period: {text!r} is no day as 2026-11-03, no month as 2026-11 and no fiscal "
            "period as FY2026 P11."
        ) from error


def _day(text: str) -> Period:
    day = _dated(text)
    return Period(day, day + ONE_DAY)


def _month(text: str) -> Period:
    first = _dated(f"{text}-01")
    # Four days past the 28th are in the next month, whichever month it is.
    after = first.replace(day=28) + ONE_DAY * 4
    return Period(first, after.replace(day=1))


def _dated(text: str) -> date:
    day = date.fromisoformat(text)
    if not FIRST_YEAR <= day.year < END_YEAR:
        raise ValueError(text)
    return day
