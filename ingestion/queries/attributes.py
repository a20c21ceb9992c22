"""The attributes by which spend is grouped and filtered, and who may see each.

Two tables hold the same money. `UnitDay` knows the unit, the initiative, the provider
and the model, and is small; `SliceDay` knows everything a slice knows and is read only
where a question needs it.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from django.db.models import Case, CharField, F, FilteredRelation, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import NullIf

from finops.periods import Period
from finops.rules import TAG_PREFIX
from ingestion.models import SliceDay, UnitDay
from org.models import Role, Unit, User
from org.permissions import has_role
from org.refusals import Invalid

UNALLOCATED = "unallocated"
WITHHELD = "withheld"
ATTRIBUTES = (
    "unit",
    "initiative",
    "provider",
    "account",
    "model",
    "key",
    "person",
    "project",
    "workflow",
    "task_type",
    "environment",
)
OF_UNIT_DAYS = frozenset({"unit", "initiative", "provider", "model"})
SEES_NAMES = (Role.GM, Role.FINANCE, Role.AUDITOR)

Days = QuerySet[UnitDay] | QuerySet[SliceDay]


def check_attribute(name: str, *, field: str) -> None:
    """Refuse a name that is no attribute, with the one that was probably meant."""
    if name in ATTRIBUTES or (name.startswith(TAG_PREFIX) and name != TAG_PREFIX):
        return
    near = get_close_matches(name, ATTRIBUTES, n=1)
    known = ", ".join([*ATTRIBUTES, f"{TAG_PREFIX}NAME"])
    hint = f" Did you mean `{near[0]}`?" if near else f" There are {known}."
    raise Invalid.of(field, f"`{name}` is not an attribute of spend.{hint}")


class Ledger:
    """One of the two tables, as one user may read it.

    No user is whoever runs the installation, by a command, and sees everything.
    """

    def __init__(self, *, user: User | None, period: Period, attributes: Iterable[str]) -> None:
        self.by_unit = set(attributes) <= OF_UNIT_DAYS
        self._user = user
        self._memberships = list(user.memberships.select_related("unit")) if user else []
        days: Days = UnitDay.objects.all() if self.by_unit else assigned_slice_days()
        self.days = days.filter(
            metered=True, reporting_day__gte=period.start, reporting_day__lt=period.end
        ).filter(self._visible())

    def expression(self, attribute: str) -> Combinable:
        """Return the attribute's SQL; a value that is missing is NULL, never ''."""
        if attribute == "unit":
            return F(f"{self._owner}unit__slug")
        if attribute == "initiative":
            return F(f"{self._owner}cost_object__slug")
        if attribute == "person":
            return self._person()
        if attribute.startswith(TAG_PREFIX):
            return KeyTextTransform(attribute.removeprefix(TAG_PREFIX), "slice__tags")
        column = attribute if self.by_unit else f"slice__{attribute}"
        return NullIf(F(column), Value(""))

    def within_unit(self, unit: Unit | None) -> Q:
        """Hold for what the unit and everything beneath it spent, or for Unallocated."""
        if unit is None:
            return Q(**{f"{self._owner}unit": None})
        return Q(**{f"{self._owner}unit__path__startswith": unit.path})

    @property
    def _owner(self) -> str:
        return "" if self.by_unit else "assignment__"

    def _visible(self) -> Q:
        """Unallocated spend belongs to no unit, so only those see it who see the company."""
        if self._user is None or sees_company(self._user, self._memberships):
            return Q()
        return _any_of(self.within_unit(m.unit) for m in self._memberships if m.unit)

    def _person(self) -> Combinable:
        """Names are for the person, the unit's manager, finance and auditors alone."""
        managed = [m for m in self._memberships if m.role in SEES_NAMES]
        if self._user is None or any(m.unit is None for m in managed):
            return NullIf(F("slice__person"), Value(""))
        may_see = _any_of(self.within_unit(m.unit) for m in managed)
        return Case(
            When(slice__person="", then=Value(None)),
            When(may_see | Q(slice__person__in=names_of(self._user)), then=F("slice__person")),
            default=Value(WITHHELD),
            output_field=CharField(),
        )


def sees_company(user: User, memberships: Iterable[object]) -> bool:
    """Test whether the user reads across all units, given the memberships once read."""
    return user.is_superuser or any(getattr(m, "unit", m) is None for m in memberships)


def names_of(user: User) -> list[str]:
    """Return what usage may call the user's own person."""
    names = [user.username, user.email, user.person.email if user.person else ""]
    return [name for name in names if name]


def may_see_names(user: User, *, unit: Unit | None) -> bool:
    """Test whether the user may read who in the unit made a call."""
    return has_role(user, *SEES_NAMES, unit=unit)


def assigned_slice_days() -> QuerySet[Any]:
    """Return slice days with the `assignment` that says whose each is."""
    # A slice day without an assignment is kept: it is unallocated, not gone.
    on_the_day = Q(slice__assignments__starts_on__lte=F("reporting_day")) & Q(
        slice__assignments__ends_on__gt=F("reporting_day")
    )
    return SliceDay.objects.annotate(
        assignment=FilteredRelation("slice__assignments", condition=on_the_day)
    )


def _any_of(conditions: Iterable[Q]) -> Q:
    either = Q(pk__in=[])
    for condition in conditions:
        either |= condition
    return either
