"""The explorer page's question and what it draws of the answer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.http import QueryDict

from dashboard.labels import namer
from dashboard.stacks import Amount, Row, Stack, stacked
from finops.money import ROUNDED, calculated_in
from ingestion.queries.explorer import Explored
from ingestion.queries.questions import Question, read_question

# Read by the page itself: a filter that is being added, and who the link was made for.
PAGE_PARAMETERS = ("filter_by", "filter_value")
MOST_LINES = 50
ALL_TIME = "All of it"


@dataclass(frozen=True, slots=True)
class Line:
    """A group of the table, with its share of the total and where its name leads."""

    name: str
    value: Amount
    share: Decimal | None
    unpriced_calls: int
    drill: str


class Rest(NamedTuple):
    """The groups that are too small for a line of their own."""

    groups: int
    value: Amount


def asked(parameters: QueryDict, *, today: date) -> Question:
    """Return the question of an address; bare, it asks for units by day."""
    given = {
        name: [value for value in values if value or name.startswith("filter[")]
        for name, values in parameters.lists()
    }
    given = {name: values for name, values in given.items() if values}
    if not given:
        given = {"group_by": ["unit"], "granularity": ["day"]}
    return read_question(with_new_filter(given), today=today, also_known=PAGE_PARAMETERS)


def with_new_filter(given: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return the parameters with the filter that was being added among the others."""
    attribute = given.get("filter_by", [""])[-1]
    if not attribute:
        return given
    name = f"filter[{attribute}]"
    value = given.get("filter_value", [""])[-1].strip()
    kept = {key: values for key, values in given.items() if key not in PAGE_PARAMETERS}
    return kept | {name: [*kept.get(name, []), value]}


def address_of(question: Question) -> QueryDict:
    """Return the parameters that ask this very question: the link is the state."""
    address = QueryDict(mutable=True)
    address["from"] = question.period.start.isoformat()
    address["to"] = question.period.end.isoformat()
    address["measure"] = question.measure
    address["granularity"] = question.granularity
    address.setlist("group_by", list(question.group_by))
    for attribute, values in question.filters.items():
        address.setlist(f"filter[{attribute}]", list(values))
    return address


def focus_address_of(question: Question) -> QueryDict:
    """Return the parameters of the FOCUS file that holds every row behind the answer."""
    address = address_of(question)
    for name in ("measure", "granularity", "group_by"):
        del address[name]
    return address


def without(question: Question, attribute: str, value: str) -> str:
    """Return the address of the question with one filter value less."""
    address = address_of(question)
    name = f"filter[{attribute}]"
    address.setlist(name, [each for each in address.getlist(name) if each != value])
    return address.urlencode()


def stack_of(found: Explored) -> Stack:
    return stacked(
        found.rows,
        name_of=namer(found.question.group_by),
        step_of=lambda row: row["period"] or ALL_TIME,
    )


def lines_of(found: Explored) -> tuple[list[Line], Rest]:
    """Return the biggest groups over the whole time, and the smaller ones together."""
    sums: dict[tuple[str | None, ...], tuple[Amount, int]] = {}
    for row in found.rows:
        key = tuple(row[attribute] for attribute in found.question.group_by)
        value, unpriced_calls = sums.get(key, (0, 0))
        sums[key] = value + row["value"], unpriced_calls + row["unpriced_calls"]
    ranked = sorted(sums, key=lambda key: (-sums[key][0], [name or "" for name in key]))
    smaller = ranked[MOST_LINES:]
    rest = Rest(len(smaller), sum(sums[key][0] for key in smaller))
    name_of = namer(found.question.group_by)
    return [_line(found, key, *sums[key], name_of) for key in ranked[:MOST_LINES]], rest


def _line(
    found: Explored,
    key: tuple[str | None, ...],
    value: Amount,
    unpriced_calls: int,
    name_of: Callable[[Row], str],
) -> Line:
    name = name_of(dict(zip(found.question.group_by, key, strict=True)))
    return Line(name, value, _share(value, found), unpriced_calls, _drill(found.question, key))


@calculated_in(ROUNDED)
def _share(value: Amount, found: Explored) -> Decimal | None:
    total = Decimal(found.totals.value)
    return Decimal(value) / total if total > 0 else None


def _drill(question: Question, key: tuple[str | None, ...]) -> str:
    address = address_of(question)
    for attribute, value in zip(question.group_by, key, strict=True):
        address.setlist(f"filter[{attribute}]", [value or ""])
    return address.urlencode()
