"""The spend explorer: one question, answered exactly, for what the asker may see."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import (
    F,
    Q,
    QuerySet,
    Sum,
)
from django.db.models.expressions import Combinable

from finops.periods import Period
from finops.tokens import TOKEN_CLASSES
from ingestion.models import CostStatus, SpendChange
from ingestion.queries.attributes import UNALLOCATED, Ledger
from ingestion.queries.questions import MONEY_MEASURES, Question, check_question
from ingestion.queries.spend import ZERO_USD
from ingestion.queries.steps import step_labels, step_of
from org.models import Unit, User
from org.refusals import Invalid

MOST_ROWS = 100_000
Amount = Decimal | int


@dataclass(frozen=True, slots=True)
class Totals:
    """The whole of what was asked for; `value` leaves out the unpriced calls."""

    value: Amount
    calls: int
    tokens: int
    unpriced_calls: int


@dataclass(frozen=True, slots=True)
class StatusShare:
    """How much of a total stands in one cost status; no money is known of unpriced calls."""

    status: CostStatus
    value: Amount | None
    calls: int


class _Cell(NamedTuple):
    """A group's sums in one step and one cost status."""

    step: object
    groups: tuple[str | None, ...]
    status: CostStatus
    value: Amount
    calls: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Explored:
    """The answer: a row per group and time step, and the totals they add up to.

    A row maps each attribute asked for, `period`, `value` and `unpriced_calls`. None is a
    value that the calls did not carry. `as_of` is when the ledger last changed.
    """

    question: Question
    rows: list[dict[str, Any]]
    totals: Totals
    statuses: list[StatusShare]
    as_of: datetime | None


def explore(
    *,
    user: User,
    period: Period,
    group_by: Sequence[str] = (),
    filters: Mapping[str, Sequence[str]] | None = None,
    measure: str = "effective",
    granularity: str = "total",
) -> Explored:
    """Return what was spent, within the units the user may see.

    A filter holds where any of its values does; '' is a value the calls did not carry.
    A unit stands for everything beneath it. Raises Invalid, which names the parameter.
    """
    wanted = {name: tuple(values) for name, values in (filters or {}).items()}
    return answer(Question(period, tuple(group_by), wanted, measure, granularity), user=user)


def answer(question: Question, *, user: User) -> Explored:
    """Answer a question for a user; see `explore`."""
    check_question(question)
    ledger = Ledger(user=user, period=question.period, attributes=question.attributes)
    cells = _cells(ledger, filtered(ledger, question, user), question)
    return Explored(
        question=question,
        rows=_rows(question, cells),
        totals=_totals(question, cells),
        statuses=_statuses(question, cells),
        as_of=last_change(),
    )


def last_change() -> datetime | None:
    """Return when spend last changed, None where nothing was ever loaded."""
    return SpendChange.objects.order_by("-pk").values_list("recorded_at", flat=True).first()


def filtered(ledger: Ledger, question: Question, user: User | None) -> QuerySet[Any]:
    """Return the ledger's days for which every filter of the question holds."""
    days: QuerySet[Any] = ledger.days
    for number, (attribute, values) in enumerate(question.filters.items()):
        if attribute == "unit":
            days = days.filter(_in_units(ledger, values, user))
            continue
        column = f"f{number}"
        is_missing = Q(**{f"{column}__isnull": True}) if "" in values else Q(pk__in=[])
        days = days.alias(**{column: ledger.expression(attribute)})
        days = days.filter(Q(**{f"{column}__in": [v for v in values if v]}) | is_missing)
    return days


def _in_units(ledger: Ledger, slugs: Iterable[str], user: User | None) -> Q:
    wanted = {UNALLOCATED if slug == "" else slug for slug in slugs}
    seen = Unit.objects.all() if user is None else Unit.objects.visible_to(user)
    units = {u.slug: u for u in seen.filter(slug__in=wanted)}
    if missing := sorted(wanted - units.keys() - {UNALLOCATED}):
        raise Invalid.of("filter/unit", f"There is no unit {missing[0]!r} that you may see.")
    either = ledger.within_unit(None) if UNALLOCATED in wanted else Q(pk__in=[])
    for unit in units.values():
        either |= ledger.within_unit(unit)
    return either


def _measure(question: Question, tokens: Combinable) -> Combinable:
    match question.measure:
        case "tokens":
            return tokens
        case "calls":
            return F("calls")
        case "list":
            return F("list_usd")
        case _:
            # Billed is what effective is until invoices with commitments part the two.
            return F("cost_usd")


def _tokens(ledger: Ledger) -> Combinable:
    first, *others = ("in_tokens", "out_tokens") if ledger.by_unit else TOKEN_CLASSES
    total: Combinable = F(first)
    for name in others:
        total = total + F(name)
    return total


def _cells(ledger: Ledger, days: QuerySet[Any], question: Question) -> list[_Cell]:
    """Return the answer's cells; rows and totals come from these, so they cannot differ."""
    # Attributes such as tag.team are no names that SQL could give a column.
    columns = {f"g{n}": ledger.expression(name) for n, name in enumerate(question.group_by)}
    tokens = _tokens(ledger)
    found = (
        days.order_by()
        .annotate(step=step_of(question), **columns)
        .values("step", *columns, "status")
        .annotate(
            value=Sum(_measure(question, tokens)), calls_made=Sum("calls"), tokens=Sum(tokens)
        )
        .values_list("step", *columns, "status", "value", "calls_made", "tokens")
    )
    rows = list(found[: MOST_ROWS + 1])
    if len(rows) > MOST_ROWS:
        raise _too_wide()
    return [
        _Cell(step, tuple(groups), CostStatus(status), _amount(question, value), int(n), int(t))
        for step, *groups, status, value, n, t in rows
    ]


def _totals(question: Question, cells: Iterable[_Cell]) -> Totals:
    listed = list(cells)
    return Totals(
        value=sum((cell.value for cell in listed), _amount(question, ZERO_USD)),
        calls=sum(cell.calls for cell in listed),
        tokens=sum(cell.tokens for cell in listed),
        unpriced_calls=sum(c.calls for c in listed if c.status == CostStatus.UNPRICED),
    )


def _statuses(question: Question, cells: Sequence[_Cell]) -> list[StatusShare]:
    found = ((status, [c for c in cells if c.status == status]) for status in CostStatus)
    totals = [(status, _totals(question, of_status)) for status, of_status in found if of_status]
    return [
        StatusShare(
            status,
            None if status == CostStatus.UNPRICED and _is_money(question) else total.value,
            total.calls,
        )
        for status, total in totals
    ]


def _rows(question: Question, cells: Iterable[_Cell]) -> list[dict[str, Any]]:
    """Return the rows in the order of time, the biggest of each step first."""
    sums: dict[tuple[object, tuple[str | None, ...]], tuple[Amount, int]] = {}
    for cell in cells:
        key = cell.step, cell.groups
        value, unpriced_calls = sums.get(key, (0, 0))
        unpriced = cell.calls if cell.status == CostStatus.UNPRICED else 0
        sums[key] = value + cell.value, unpriced_calls + unpriced
    labels = step_labels(question)
    return [
        _row(question, labels.get(step, _named(step)), groups, *sums[step, groups])
        for step, groups in sorted(sums, key=lambda key: _rank(key, sums[key][0]))
    ]


def _rank(key: tuple[object, tuple[str | None, ...]], value: Amount) -> tuple[object, ...]:
    step, groups = key
    return str(step), -value, [name or "" for name in groups]


def _too_wide() -> Invalid:
    return Invalid.of(
        "group_by",
        f"The answer has more than {MOST_ROWS:,} rows: ask for a shorter time, a coarser "
        "granularity or fewer groups.",
    )


def _amount(question: Question, value: Amount) -> Amount:
    """Return dollars as they are and counts, which SQL sums as NUMERIC, as integers."""
    return value if _is_money(question) else int(value)


def _is_money(question: Question) -> bool:
    return question.measure in MONEY_MEASURES


def _row(
    question: Question,
    period: str | None,
    groups: Sequence[str | None],
    value: Amount,
    unpriced_calls: int,
) -> dict[str, Any]:
    row: dict[str, Any] = dict(zip(question.group_by, groups, strict=True))
    if "unit" in row and row["unit"] is None:
        row["unit"] = UNALLOCATED
    return row | {"period": period, "value": value, "unpriced_calls": unpriced_calls}


def _named(step: object) -> str | None:
    return None if step is None else str(step)
