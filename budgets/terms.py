"""The terms of an initiative: as given, as kept in its history, and how two of them differ."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from decimal import Decimal
from typing import Any

from budgets.models import Initiative
from org.models import Unit, User

Match = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class InitiativeTerms:
    """What is asked for. `ends_on` is outside: the first day without the experiment.

    A call belongs to the experiment where one of `match` holds for it; `expected_volume` is in
    units of work, until the end.
    """

    name: str
    unit: Unit
    hypothesis: str
    owner: User
    cap_usd: Decimal
    daily_cap_usd: Decimal
    starts_on: date
    ends_on: date
    on_call: User | None = None
    stop_loss_pct: int | None = None
    unit_of_work: str = ""
    outcome_source: str = ""
    expected_volume: int | None = None
    task_types: Sequence[str] = ()
    allowed_models: Sequence[str] = ()
    match: Sequence[Match] = field(default_factory=tuple)


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a step makes different from the terms as they stand; None leaves a term alone."""

    cap_usd: Decimal | None = None
    daily_cap_usd: Decimal | None = None
    ends_on: date | None = None

    def given(self) -> dict[str, Any]:
        """Return the terms that are to be different, by name."""
        values = {spec.name: getattr(self, spec.name) for spec in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    def of(self, terms: InitiativeTerms) -> InitiativeTerms:
        return replace(terms, **self.given())


UNCHANGED = Change()
NAMES = tuple(spec.name for spec in fields(InitiativeTerms))


def terms_of(initiative: Initiative) -> InitiativeTerms:
    """Return the terms an initiative stands on now."""
    return InitiativeTerms(**{name: getattr(initiative, name) for name in NAMES})


def put_terms(initiative: Initiative, terms: InitiativeTerms) -> None:
    """Write the terms onto the initiative; saving is the caller's."""
    for name in NAMES:
        setattr(initiative, name, getattr(terms, name))
    initiative.allowed_models = list(terms.allowed_models)
    initiative.task_types = list(terms.task_types)
    initiative.match = [dict(condition) for condition in terms.match]


def as_written(terms: InitiativeTerms) -> dict[str, Any]:
    """Return the terms as plain JSON: what history keeps and approvals hash."""
    return {
        "name": terms.name,
        "unit": terms.unit.slug,
        "hypothesis": terms.hypothesis,
        "owner": terms.owner.username,
        "on_call": terms.on_call.username if terms.on_call else None,
        "cap_usd": f"{terms.cap_usd:.2f}",
        "daily_cap_usd": f"{terms.daily_cap_usd:.2f}",
        "starts_on": terms.starts_on.isoformat(),
        "ends_on": terms.ends_on.isoformat(),
        "stop_loss_pct": terms.stop_loss_pct,
        "unit_of_work": terms.unit_of_work,
        "outcome_source": terms.outcome_source,
        "expected_volume": terms.expected_volume,
        "task_types": list(terms.task_types),
        "models": list(terms.allowed_models),
        "match": [dict(condition) for condition in terms.match],
    }


def change_in(written: Mapping[str, Any]) -> Change:
    """Return what written terms say of all that a step can make different."""
    return Change(
        cap_usd=Decimal(written["cap_usd"]),
        daily_cap_usd=Decimal(written["daily_cap_usd"]),
        ends_on=date.fromisoformat(written["ends_on"]),
    )


def change_as_written(change: Change) -> dict[str, str]:
    """Return a change as plain JSON, without what it leaves alone."""
    return {name: str(value) for name, value in change.given().items()}


def change_written(written: Mapping[str, str]) -> Change:
    """Return the change that was written down."""
    readers: dict[str, Callable[[str], Any]] = {
        "cap_usd": Decimal,
        "daily_cap_usd": Decimal,
        "ends_on": date.fromisoformat,
    }
    return Change(**{name: readers[name](value) for name, value in written.items()})


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what changed between two written terms, by name."""
    return {
        name: {"then": then.get(name), "now": now.get(name)}
        for name in now
        if then.get(name) != now.get(name)
    }
