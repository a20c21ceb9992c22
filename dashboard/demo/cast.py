"""Setting the company up: its units, its people and who manages what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.conf import settings

from dashboard.demo.company import (
    GM_TARGET,
    HEADCOUNT,
    LIMITS,
    NAME,
    POOL_SHARE,
    ROUTER,
    SIGN_INS,
    UNITS,
    WHY_LIMITS,
    WHY_POOL_SHARE,
    UnitPlan,
    manager_of,
    staff,
)
from dashboard.demo.history import FISCAL_START_MONTH, History, Scene, fiscal_year
from finops.periods import ONE_DAY
from org.models import Role, Unit, User
from org.operations.calendar import open_fiscal_year, set_up_company
from org.operations.people import add_person_with_account
from org.operations.profile import answer_profile, override_setting
from org.operations.signing import set_limits
from org.operations.units import add_unit, revise_unit
from org.queries.calendar import reporting_today
from org.queries.profile import profile_version

FOUNDED_BEFORE = ONE_DAY * 40  # the first year's budgets are asked for before it starts


@dataclass(frozen=True, slots=True)
class Cast:
    """The people by user name and the units by slug, filled when the company is set up."""

    users: dict[str, User]
    units: dict[str, Unit]

    def manager(self, slug: str) -> User:
        return self.users[manager_of(slug)]


def scenes(history: History, cast: Cast) -> list[Scene]:
    founded_on = history.start - FOUNDED_BEFORE
    return [
        Scene(history.at(founded_on, "09:00"), partial(_found, history, cast)),
        Scene(history.at(founded_on + ONE_DAY, "09:30"), partial(appoint_managers, cast)),
    ]


def _found(history: History, cast: Cast, at: datetime) -> None:
    set_up_company(
        name=NAME,
        time_zone=settings.TOKENOPS_TIME_ZONE,
        currency=settings.TOKENOPS_CURRENCY,
        fiscal_start_month=FISCAL_START_MONTH,
        at=at,
    )
    for year in range(fiscal_year(history.start), fiscal_year(history.today) + 2):
        open_fiscal_year(fiscal_year=year, at=at)
    add_units(cast, at)
    add_people(cast, at)
    set_profile(cast, at)


def set_profile(cast: Cast, at: datetime) -> None:
    """Say how large the company is, how much may be tried out, and who signs."""
    answer_profile(
        people=HEADCOUNT,
        gm_target=GM_TARGET,
        version=profile_version(),
        by=cast.users["cfo"],
        at=at,
    )
    override_setting(
        name="pool_share",
        value=POOL_SHARE,
        reason=WHY_POOL_SHARE,
        version=profile_version(),
        by=cast.users["cfo"],
        at=at,
    )
    set_limits(limits=LIMITS, reason=WHY_LIMITS, version=0, by=cast.users["cfo"], at=at)


def add_units(cast: Cast, at: datetime, *, units: Sequence[UnitPlan] = UNITS) -> None:
    for plan in units:
        cast.units[plan.slug] = add_unit(
            slug=plan.slug,
            name=plan.name,
            parent=cast.units[plan.parent] if plan.parent else None,
            owner=None,
            by=None,
            at=at,
            starts_on=reporting_today(at),
        )


def add_people(cast: Cast, at: datetime, *, units: Sequence[UnitPlan] = UNITS) -> None:
    """Add everybody. Only the sign-ins get a password: hashing sixty would take seconds."""
    for person in staff(units):
        roles = [(role, cast.units[slug] if slug else None) for role, slug in person.roles]
        cast.users[person.username] = add_person_with_account(
            username=person.username,
            name=person.name,
            email=person.email,
            password=str(settings.TOKENOPS_DEMO_PASSWORD) if person.username in SIGN_INS else None,
            roles=roles,
            at=at,
        )
    cast.users[ROUTER] = add_person_with_account(
        username=ROUTER,
        name="Routing sidecars",
        email="routing@northwind.example",
        password=None,
        roles=[(Role.ENGINEER, None)],
        at=at,
    )


def appoint_managers(cast: Cast, at: datetime) -> None:
    for plan in UNITS:
        if plan.slug not in cast.units:
            continue
        unit = cast.units[plan.slug]
        revise_unit(
            unit=unit,
            name=unit.name,
            parent=unit.parent,
            owner=cast.manager(plan.slug),
            by=cast.users["admin"],
            at=at,
            starts_on=reporting_today(at),
        )
