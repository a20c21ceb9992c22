"""The company's business units and the people in them."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from finops.signing import Limit
from org.models import Role

NAME = "Northwind Assurance"
DOMAIN = "northwind.example"
ROOT = "northwind"
# An insurer of some size: what its profile follows from.
HEADCOUNT, GM_TARGET = 2400, Decimal("0.60")
# The preset of a tenth would leave no room for the experiments of the story.
POOL_SHARE = "40"
WHY_POOL_SHARE = "The board wants claims and service tried out on a large scale for two years."

# The preset of a company of this size wants two CFOs from a quarter of a million on.
LIMITS = (Limit(Decimal(0), "cfo", 1),)
WHY_LIMITS = "There is one CFO; the board signs off her decisions every quarter."


class UnitPlan(NamedTuple):
    """A unit as it stands in the tree. The first of its people is its general manager.

    `headroom` is the core budget as a multiple of what the unit is going to spend.
    """

    slug: str
    name: str
    parent: str | None
    headroom: float
    people: tuple[str, ...]
    engineers: int = 0  # how many of the last ones are engineers of the unit


UNITS = (
    UnitPlan(ROOT, NAME, None, 1.08, ("Margaret Osei",)),
    UnitPlan("insurance", "Insurance operations", ROOT, 1.06, ("Pieter van Dam",)),
    UnitPlan("customer", "Customer", ROOT, 1.05, ("Rosa Jimenez",)),
    UnitPlan("technology", "Technology", ROOT, 1.06, ("Daniel Acheampong",)),
    UnitPlan("corporate", "Corporate functions", ROOT, 1.10, ("Ingrid Solberg",)),
    UnitPlan("claims", "Claims", "insurance", 1.07,
             ("Viktor Lindqvist", "Aisha Karim", "Tom Hollis", "Yuki Tanabe", "Carla Mendes",
              "Sean Whitfield", "Nadia Petrova"), engineers=2),
    UnitPlan("underwriting", "Underwriting", "insurance", 1.15,
             ("Harriet Cole", "Jonas Weber", "Imani Okafor", "Luca Ferri", "Beth Nolan"),
             engineers=1),
    UnitPlan("payments", "Payments", "insurance", 1.30,
             ("Samir Haddad", "Olga Sorokina", "Mike Tran"), engineers=1),
    UnitPlan("fraud", "Fraud and recovery", "insurance", 1.10,
             ("Diane Mercer", "Kofi Boateng", "Elena Rossi"), engineers=1),
    UnitPlan("support", "Support", "customer", 0.93,
             ("Grace Holloway", "Ben Adeyemi", "Priya Raman", "Jack Morrow", "Lucia Navarro",
              "Femi Balogun", "Anna Kowalska"), engineers=2),
    UnitPlan("marketing", "Marketing", "customer", 0.84,
             ("Chloe Bennett", "Marco Silva", "Tara Singh", "Owen Price")),
    UnitPlan("sales", "Broker sales", "customer", 1.25,
             ("Robert Kane", "Mei Lin", "Hugo Laurent")),
    UnitPlan("engineering", "Product engineering", "technology", 1.02,
             ("Erik Johansson", "Sofia Marin", "Dev Patel", "Hana Suzuki", "Noah Fischer",
              "Zoe Laing", "Ali Rezaei", "Maya Cohen"), engineers=6),
    UnitPlan("data-platform", "Data platform", "technology", 1.12,
             ("Fatima Zahra", "Leo Brandt", "Chen Wei", "Amara Diallo"), engineers=3),
    UnitPlan("security", "Security", "technology", 1.40,
             ("Gavin Reid", "Nina Holm", "Tariq Aziz"), engineers=2),
    UnitPlan("legal", "Legal", "corporate", 1.12,
             ("Eleanor Finch", "David Roth", "Sana Malik", "Paul Greaves")),
    UnitPlan("hr", "Human resources", "corporate", 1.20,
             ("Julia Brandt", "Kwame Mensah", "Lena Fuchs")),
    UnitPlan("finance-office", "Finance office", "corporate", 1.20,
             ("Stephen Ward", "Ines Duarte", "Raj Malhotra")),
)  # fmt: skip
BY_SLUG = {unit.slug: unit for unit in UNITS}
LEAVES = tuple(unit for unit in UNITS if len(unit.people) > 1)

# Who signs in during a demo: user name → name. `gm` and `gm2` manage a unit each.
SIGN_INS = {
    "cfo": "Catherine Doyle",
    "finance": "Philip Stone",
    "gm": "Grace Holloway",
    "gm2": "Viktor Lindqvist",
    "engineer": "Sofia Marin",
    "auditor": "Judith Weiss",
    "admin": "Adam Novak",
}
COMPANY_ROLES = {
    "Catherine Doyle": Role.CFO,
    "Philip Stone": Role.FINANCE,
    "Miriam Goldberg": Role.FINANCE,
    "Sofia Marin": Role.ENGINEER,
    "Judith Weiss": Role.AUDITOR,
    "Oscar Lund": Role.AUDITOR,
    "Adam Novak": Role.ADMIN,
    "Wanda Kruk": Role.ADMIN,
}
ROUTER = "router"  # the account whose token the routers carry
_USER_NAMES = {name: username for username, name in SIGN_INS.items()}


class StaffPlan(NamedTuple):
    """A person with the roles held: (role, slug of a unit, or None for the company)."""

    username: str
    name: str
    email: str
    roles: tuple[tuple[Role, str | None], ...]


def username_of(name: str) -> str:
    return _USER_NAMES.get(name) or name.lower().replace(" ", ".")


def email_of(name: str) -> str:
    return f"{name.lower().replace(' ', '.')}@{DOMAIN}"


def manager_of(slug: str) -> str:
    """Return the user name of a unit's general manager."""
    return username_of(BY_SLUG[slug].people[0])


def staff(units: Sequence[UnitPlan] = UNITS) -> Iterator[StaffPlan]:
    """Yield everybody of the units once, those with a role in the whole company first."""
    in_units = [(name, unit) for unit in units for name in unit.people]
    for name, role in COMPANY_ROLES.items():
        yield _plan(name, (role, None))
    for name, unit in in_units:
        if name not in COMPANY_ROLES:
            yield _plan(name, *_roles_in(unit, name))


def _roles_in(unit: UnitPlan, name: str) -> Iterator[tuple[Role, str | None]]:
    place = unit.people.index(name)
    if place == 0:
        yield Role.GM, unit.slug
    elif place >= len(unit.people) - unit.engineers:
        yield Role.ENGINEER, unit.slug


def _plan(name: str, *roles: tuple[Role, str | None]) -> StaffPlan:
    return StaffPlan(username_of(name), name, email_of(name), roles)
