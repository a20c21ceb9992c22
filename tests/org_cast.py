"""The cast: the company in which tests play, its units, and one person of each role."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest

from org.models import (
    Company,
    CompanyProfile,
    FiscalCalendar,
    ProfileOverride,
    Role,
    Unit,
    User,
)
from org.operations.calendar import open_fiscal_year
from tests.factories.org import new_unit, new_user
from tests.scenes import Scene


@dataclass(frozen=True)
class Cast:
    """Tree: Acme > Operations > Support and Claims. Fiscal years 2026 and 2027 are open."""

    company: Company
    acme: Unit
    operations: Unit
    support: Unit
    claims: Unit
    carl: User  # CFO
    fiona: User  # FinOps analyst
    grace: User  # general manager of Support
    greta: User  # general manager of Claims
    ed: User  # engineer
    aud: User  # auditor
    ada: User  # administrator
    stan: User  # a stranger: no role


@pytest.fixture
def cast(db: None) -> Cast:
    return gather()


@pytest.fixture
def cast_in_berlin(db: None) -> Cast:
    """Gather the cast of a company whose days begin at 22:00 or 23:00 UTC."""
    return gather(time_zone="Europe/Berlin")


@pytest.fixture
def cast_unprofiled(db: None) -> Cast:
    """Gather the cast of a company that answered nothing yet about itself."""
    return gather(profiled=False)


@Scene
def gather(*, time_zone: str = "UTC", profiled: bool = True) -> Cast:
    """Make the cast; for tests that commit and so ask for the database otherwise.

    Its profile leaves experiments as free as can be: tests of a limit decide it otherwise.
    """
    company = Company.objects.create(pk=1, name="Acme", time_zone=time_zone)
    FiscalCalendar.objects.create(pattern=FiscalCalendar.Pattern.MONTHS, start_month=1)
    for fiscal_year in (2026, 2027):
        open_fiscal_year(fiscal_year=fiscal_year)
    acme = new_unit("Acme")
    operations = new_unit("Operations", parent=acme)
    support = new_unit("Support", parent=operations)
    claims = new_unit("Claims", parent=operations)
    cast = Cast(
        company=company,
        acme=acme,
        operations=operations,
        support=support,
        claims=claims,
        carl=_person("Carl", Role.CFO),
        fiona=_person("Fiona", Role.FINANCE),
        grace=_person("Grace", (Role.GM, support)),
        greta=_person("Greta", (Role.GM, claims)),
        ed=_person("Ed", Role.ENGINEER),
        aud=_person("Aud", Role.AUDITOR),
        ada=_person("Ada", Role.ADMIN),
        stan=_person("Stan"),
    )
    if profiled:
        _answer(cast)
    return cast


def rehearse() -> None:
    """Make each cast once on the empty database, so that tests get it in one statement."""
    gather.rehearse()
    gather.rehearse(time_zone="Europe/Berlin")
    gather.rehearse(profiled=False)


def _answer(cast: Cast) -> None:
    """Make Acme an enterprise whose experiments and pools are limited as little as can be."""
    who = {"recorded_by": cast.carl, "recorded_at": datetime(2026, 1, 1, tzinfo=UTC)}
    first = date(2025, 1, 1)
    CompanyProfile.objects.create(people=3000, gm_target="0.6", starts_on=first, **who)
    ProfileOverride.objects.bulk_create(
        ProfileOverride(
            setting=setting, value=value, reason="Acme leaves this to its CFO.",
            starts_on=first, **who,
        )
        for setting, value in (
            ("pool_share", "100"), ("pool_overbooking", "1"), ("extension_days", "90"),
            ("override_deciders", "founder"),
        )
    )  # fmt: skip


def _person(name: str, *roles: Role | tuple[Role, Unit]) -> User:
    joined = datetime(2026, 1, 1, tzinfo=UTC)
    return new_user(username=name.lower(), person__name=name, roles=roles, date_joined=joined)
