"""The shell around every page: which rooms a person sees, the theme, what waits for her."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from budgets.models import HeldDecision
from budgets.queries.gates_waiting import waiting_column, waiting_for_signature
from dashboard.theme import theme_of
from ingestion.queries.freshness import freshness_columns
from org.models import Membership, Role, User
from org.queries.calendar import reporting_today
from org.queries.deciders import DECIDING, takes_part, waiting_for
from org.queries.notices import unread_column
from policy.queries.blocked import blocked_column, blocked_count

EVERYBODY = frozenset(Role)
MANAGERS = frozenset({Role.CFO, Role.FINANCE, Role.GM, Role.ADMIN, Role.AUDITOR})
DATA_PEOPLE = frozenset({Role.CFO, Role.FINANCE, Role.ENGINEER, Role.ADMIN, Role.AUDITOR})
KEEPERS = frozenset({Role.FINANCE, Role.ADMIN})

# Data of yesterday is fresh; after three days without any, figures mislead.
FRESH, LATE = timedelta(days=1), timedelta(days=3)


@dataclass(frozen=True)
class Room:
    """An entry of the navigation; `key` follows G, `on_phone` puts it in the bottom bar.

    `also` is where other pages of the room live.
    """

    label: str
    url_name: str
    icon: str
    key: str
    roles: frozenset[Role] = EVERYBODY
    on_phone: bool = False
    counts: Literal["", "waiting", "blocked"] = ""
    also: tuple[str, ...] = ()


ROOMS = (
    Room("Overview", "overview", "layout-dashboard", "o", on_phone=True),
    Room("Spend", "spend", "chart-column", "s", on_phone=True),
    Room("Units", "units", "building-2", "u"),
    Room("Rules", "rules", "list-ordered", "r", roles=DATA_PEOPLE | {Role.GM}),
    Room("Budgets", "budgets", "wallet", "b", on_phone=True),
    Room("Initiatives", "initiatives", "flask-conical", "i", also=("/core/",)),
    Room("Approvals", "approvals", "inbox", "a", on_phone=True, counts="waiting"),
    Room("Breakers", "breakers", "ban", "k", counts="blocked"),
    Room("Policy", "policy", "shield-check", "p"),
    Room("Quotas", "quotas", "funnel", "h"),
    Room("Models", "models", "list-ordered", "l", roles=DATA_PEOPLE),
    Room("Unit economics", "economics", "chart-column", "e"),
    Room("Prices", "prices", "table-2", "c", roles=DATA_PEOPLE),
    Room("Imports", "imports", "upload", "d", roles=DATA_PEOPLE),
    Room("Sources", "sources", "table-2", "m", roles=DATA_PEOPLE),
    Room("Connectors", "connectors", "refresh-cw", "n", roles=DATA_PEOPLE),
    Room("Business figures", "metrics", "file-text", "f", roles=KEEPERS),
    Room("Data quality", "quality", "clipboard-check", "q", roles=DATA_PEOPLE),
    Room("API tokens", "tokens", "key-round", "t", roles=DATA_PEOPLE),
)


@dataclass(frozen=True)
class NavItem:
    """A room as one person sees it."""

    label: str
    url: str
    icon: str
    key: str
    is_current: bool
    on_phone: bool
    count: int | None
    count_of: str = ""  # what is counted, for who does not see the badge


@dataclass(frozen=True)
class Freshness:
    """How far the figures reach: "Data to 20 Nov", what a phone leaves out, ok, warn or danger."""

    text: str
    detail: str
    tone: str
    url: str


def url_of(room: Room) -> str | None:
    """Return the room's address, or None while nothing answers there."""
    try:
        return reverse(room.url_name)
    except NoReverseMatch:
        return None


def is_current(url: str, path: str) -> bool:
    """Test whether a page is in the room; the front room is only itself."""
    return path == url if url == "/" else path.startswith(url)


def navigation(
    *, path: str, roles: frozenset[str], waiting: int, blocked: int = 0
) -> list[NavItem]:
    """Return the rooms that exist and that one of the roles may enter."""
    counts = {"": 0, "waiting": waiting, "blocked": blocked}
    return [
        NavItem(
            label=room.label,
            url=url,
            icon=room.icon,
            key=room.key,
            is_current=any(is_current(each, path) for each in (url, *room.also)),
            on_phone=room.on_phone,
            count=counts[room.counts] or None,
            count_of=room.counts,
        )
        for room in ROOMS
        if room.roles & roles and (url := url_of(room)) is not None
    ]


def waiting_count(user: User, *, memberships: list[Membership], at: datetime) -> int:
    """Count the decisions that wait for the user, by her own right or by another's.

    Gates that wait for her signature are among them; they are looked for where any waits.
    """
    waiting = 0
    if any(_takes_part(m) for m in memberships):
        waiting = waiting_for(user, at=at).exclude(held__state=HeldDecision.State.HELD).count()
    if any(getattr(m, "gates_wait", False) for m in memberships):
        waiting += len(waiting_for_signature(user, on=reporting_today(at)))
    return waiting


def _takes_part(membership: Membership) -> bool:
    if membership.role in DECIDING:
        return True
    return getattr(membership, "was_given", False) or getattr(membership, "signs", False)


def freshness(memberships: list[Membership], *, at: datetime) -> Freshness | None:
    """Say how far the data reaches; None where nothing was loaded, or nobody may see it."""
    held = memberships[0] if memberships else None
    data_to, changed_at = getattr(held, "data_to", None), getattr(held, "changed_at", None)
    if data_to is None:
        return None
    loaded = f"loaded {changed_at:%-d %b %H:%M} UTC" if changed_at else ""
    behind = at.date() - data_to
    tone = "ok" if behind <= FRESH else "warn" if behind <= LATE else "danger"
    return Freshness(f"Data to {data_to:%-d %b}", loaded, tone, "/spend/")


def shell(request: HttpRequest) -> dict[str, object]:
    """Return what base.html needs, in no query for a stranger and two for a person."""
    user = getattr(request, "user", None)
    if not isinstance(user, User) or not user.is_active:
        nobody: dict[str, object] = {
            "nav": [],
            "freshness": None,
            "waiting": 0,
            "unread": 0,
            "roles": [],
        }
        return nobody | {"theme": theme_of(request)}
    # Freshness and unread notices ride along, so that no page pays a query for them.
    at = timezone.now()
    held = (
        user.memberships.select_related("unit")
        .annotate(
            **freshness_columns(), **unread_column(), **takes_part(user, at=at), **waiting_column()
        )
        .annotate(**blocked_column())
    )
    memberships = list(held)
    roles = frozenset(membership.role for membership in memberships)
    waiting = waiting_count(user, memberships=memberships, at=at)
    return {
        "nav": navigation(
            path=request.path, roles=roles, waiting=waiting, blocked=blocked_count(memberships)
        ),
        "theme": theme_of(request),
        "freshness": freshness(memberships, at=at),
        "waiting": waiting,
        "unread": getattr(memberships[0], "unread", 0) if memberships else 0,
        "roles": sorted(Role(role).label for role in roles),
    }
