"""The rules as the edit page holds them: rows that travel with every button press.

Nothing is stored until it is published. `rule` lists the rows' keys in their order; the
fields of row 7 are `name-7`, `unit-7`, `attribute-7` … A row of an initiative carries
only its rule's id: its conditions are the initiative's own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Self

from django.http import QueryDict

from finops.allocation import DatedRule
from finops.rules import Wanted, validate_when
from ingestion.models import Rule
from ingestion.operations.rules import RuleDraft
from ingestion.queries.rules import RULE_ATTRIBUTES
from org.models import Unit

BLANK = ("", "")
MOVES = {"up": -1, "down": 1}


@dataclass(slots=True)
class Row:
    """One rule being edited, in texts as they were typed, with what is wrong with it."""

    key: str
    name: str = ""
    unit: str = ""
    starts_on: str = ""
    ends_on: str = ""
    conditions: list[tuple[str, str]] = field(default_factory=lambda: [BLANK])
    kept: Rule | None = None
    errors: list[str] = field(default_factory=list)

    @classmethod
    def of_rule(cls, rule: Rule) -> Self:
        return cls(
            key=f"r{rule.pk}",
            name=rule.name,
            unit=str(rule.unit_id),
            starts_on=rule.starts_on.isoformat() if rule.starts_on else "",
            ends_on=rule.ends_on.isoformat() if rule.ends_on else "",
            conditions=_pairs(rule.when) or [BLANK],
            kept=rule if rule.cost_object_id else None,
        )

    @classmethod
    def posted(cls, key: str, data: QueryDict, kept: Mapping[str, Rule]) -> Self:
        if key in kept:
            return cls.of_rule(kept[key])
        names, values = data.getlist(f"attribute-{key}"), data.getlist(f"value-{key}")
        return cls(
            key=key,
            name=data.get(f"name-{key}", "").strip(),
            unit=data.get(f"unit-{key}", ""),
            starts_on=data.get(f"starts-{key}", ""),
            ends_on=data.get(f"ends-{key}", ""),
            conditions=list(zip(names, values, strict=False)) or [BLANK],
        )

    def when(self) -> dict[str, Wanted]:
        """Return the conditions; an attribute that stands twice may be either."""
        gathered: dict[str, list[str]] = {}
        for name, value in self.conditions:
            if name.strip():
                gathered.setdefault(name.strip(), []).append(value)
        return {name: v[0] if len(v) == 1 else v for name, v in gathered.items()}


def rows_of(rules: Iterable[Rule]) -> list[Row]:
    return [Row.of_rule(rule) for rule in rules]


def posted_rows(data: QueryDict, rules: Iterable[Rule]) -> list[Row]:
    """Return the rows of a form; rules of initiatives come from the book, not from it."""
    kept = {f"r{rule.pk}": rule for rule in rules if rule.cost_object_id}
    return [Row.posted(key, data, kept) for key in dict.fromkeys(data.getlist("rule"))]


def changed(rows: list[Row], press: str) -> list[Row]:
    """Return the rows after a button: add, up-KEY, down-KEY, remove-KEY, condition-KEY."""
    verb, _, key = press.partition("-")
    if verb == "add":
        return [new_row(rows), *rows]
    place = next((i for i, row in enumerate(rows) if row.key == key), None)
    if place is None:
        return rows
    row = rows[place]
    if verb in MOVES:
        return _moved(rows, place, place + MOVES[verb])
    if verb == "remove" and row.kept is None:
        return rows[:place] + rows[place + 1 :]
    if verb == "condition":
        row.conditions.append(BLANK)
    return rows


def new_row(rows: Iterable[Row], conditions: Iterable[tuple[str, str]] = ()) -> Row:
    """Return a row whose key no other has."""
    taken = {row.key for row in rows}
    key = next(f"n{number}" for number in range(len(taken) + 1) if f"n{number}" not in taken)
    return Row(key=key, conditions=list(conditions) or [BLANK])


def drafts_of(rows: Iterable[Row], units: Mapping[str, Unit]) -> list[RuleDraft] | None:
    """Return the drafts the rows stand for; None where a row has errors, noted in it."""
    drafts = [_draft(row, units) for row in rows]
    found = [draft for draft in drafts if draft is not None]
    return found if len(found) == len(drafts) else None


def dated(drafts: Iterable[RuleDraft]) -> list[DatedRule[int | None]]:
    """Return the drafts as rules that can be tried out; their target is the unit's id."""
    return [
        DatedRule(place, place, draft.when, draft.unit_id, draft.starts_on, draft.ends_on)
        for place, draft in enumerate(drafts, 1)
    ]


def fingerprint(drafts: Iterable[RuleDraft]) -> str:
    """Return what tells one list of drafts from another: what was previewed is published."""
    return sha256(repr(list(drafts)).encode()).hexdigest()


def _draft(row: Row, units: Mapping[str, Unit]) -> RuleDraft | None:
    if row.kept is not None:
        return RuleDraft(
            row.kept.name,
            row.kept.when,
            row.kept.unit_id,
            row.kept.cost_object_id,
            row.kept.starts_on,
            row.kept.ends_on,
        )
    unit, when = units.get(row.unit), row.when()
    starts_on, ends_on = _day(row, "starts_on"), _day(row, "ends_on")
    if not row.name:
        row.errors.append("Give the rule a name.")
    if unit is None:
        row.errors.append("Choose the unit that the spend goes to.")
    row.errors += validate_when(when, RULE_ATTRIBUTES)
    if starts_on and ends_on and ends_on <= starts_on:
        row.errors.append("The last day lies before the first.")
    if row.errors or unit is None:
        return None
    return RuleDraft(row.name[:120], when, unit.pk, None, starts_on, ends_on)


def _day(row: Row, name: str) -> date | None:
    text = getattr(row, name)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        row.errors.append(f"{text!r} is not a day such as 2026-11-01.")
        return None


def _moved(rows: list[Row], place: int, target: int) -> list[Row]:
    if not 0 <= target < len(rows):
        return rows
    rows = list(rows)
    rows.insert(target, rows.pop(place))
    return rows


def _pairs(when: Mapping[str, Wanted]) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name, wanted in when.items()
        for value in ([wanted] if isinstance(wanted, str) else wanted)
    ]
