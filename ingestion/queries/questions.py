"""A question to the spend explorer, read from the parameters of a URL.

The page and the API ask with the same words, so that a link and a call mean the same.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from finops.periods import ONE_DAY, Period
from ingestion.queries.attributes import check_attribute
from org.refusals import Invalid

MEASURES = ("effective", "billed", "list", "tokens", "calls")
MONEY_MEASURES = frozenset({"effective", "billed", "list"})
GRANULARITIES = ("day", "week", "month", "period", "total")
MOST_GROUPS = 4
DEFAULT_DAYS = 30
_FILTER = re.compile(r"filter\[(?P<attribute>[^\]]*)\](?:\[\])?")
_GROUP_BY = ("group_by", "group_by[]")
_PLAIN = ("from", "to", "measure", "granularity")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: the spend of a period, grouped, filtered, measured and cut in time."""

    period: Period
    group_by: tuple[str, ...] = ()
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    measure: str = "effective"
    granularity: str = "total"

    @property
    def attributes(self) -> frozenset[str]:
        return frozenset({*self.group_by, *self.filters})


def read_question(
    parameters: Mapping[str, Sequence[str]], *, today: date, also_known: Iterable[str] = ()
) -> Question:
    """Return the question a URL asks; without dates it is about the last thirty days.

    `also_known` names parameters that somebody else reads; any other is refused, since a
    misspelled filter that is passed over would answer another question than was asked.
    """
    _refuse_unknown(parameters, also_known)
    question = Question(
        period=_period(parameters, today),
        group_by=_group_by(parameters),
        filters=_filters(parameters),
        measure=_last(parameters, "measure") or "effective",
        granularity=_last(parameters, "granularity") or "total",
    )
    check_question(question)
    return question


def check_question(question: Question) -> None:
    """Refuse attributes, a measure or a granularity that do not exist."""
    _member(question.measure, MEASURES, name="measure")
    _member(question.granularity, GRANULARITIES, name="granularity")
    for attribute in question.group_by:
        check_attribute(attribute, field="group_by")
    for attribute in question.filters:
        check_attribute(attribute, field=f"filter/{attribute}")
    if len(question.group_by) > MOST_GROUPS:
        raise Invalid.of("group_by", f"Spend is grouped by at most {MOST_GROUPS} attributes.")


def _refuse_unknown(parameters: Iterable[str], also_known: Iterable[str]) -> None:
    known = {*_PLAIN, *_GROUP_BY, *also_known}
    for name in parameters:
        if name not in known and not _FILTER.fullmatch(name):
            known_names = ", ".join([*_PLAIN, "group_by", "filter[…]"])
            raise Invalid.of(name, f"`{name}` is not a parameter. There are {known_names}.")


def _period(parameters: Mapping[str, Sequence[str]], today: date) -> Period:
    end = _day(parameters, "to") or today + ONE_DAY
    start = _day(parameters, "from") or end - timedelta(days=DEFAULT_DAYS)
    if end <= start:
        raise Invalid.of(
            "to", f"`to` is the first day outside, so it lies after `from`: not {start} to {end}."
        )
    return Period(start, end)


def _day(parameters: Mapping[str, Sequence[str]], name: str) -> date | None:
    text = _last(parameters, name)
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid.of(
            name, f"`{name}` must be a day such as 2026-11-01, not {text!r}."
        ) from None


def _group_by(parameters: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    given = [name for key in _GROUP_BY for name in parameters.get(key, ()) if name]
    return tuple(dict.fromkeys(given))


def _filters(parameters: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    return {
        found["attribute"]: tuple(dict.fromkeys(values))
        for name, values in parameters.items()
        if (found := _FILTER.fullmatch(name)) and values
    }


def _member(value: str, choices: Sequence[str], *, name: str) -> None:
    if value not in choices:
        raise Invalid.of(name, f"`{name}` must be one of {', '.join(choices)}, not {value!r}.")


def _last(parameters: Mapping[str, Sequence[str]], name: str) -> str:
    values = parameters.get(name) or [""]
    return values[-1].strip()
