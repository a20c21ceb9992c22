"""What needs somebody: decisions, blocked scopes, failed imports."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse

from budgets.gates.registry import title_of
from budgets.lifecycle import IN_CORE, SPENDING
from budgets.models import Gate, HeldDecision
from budgets.queries.gates_waiting import at_stake, waiting_for_signature
from ingestion.models import Delivery
from ingestion.queries.deliveries import PROBLEMS
from org.models import Approval, Unit, User
from org.permissions import can_see_imports
from org.queries.calendar import reporting_today
from org.queries.deciders import decided_by
from policy.lifecycle import ScopeState
from policy.models import Scope
from policy.permissions import scopes_visible_to

MOST_SHOWN = 5
HELD = HeldDecision.State.HELD  # somebody decided, and may take it back for some seconds
DECIDED_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Need:
    """One thing to do: what, why in words, and the button that leads there."""

    tone: str
    title: str
    text: str
    button: str
    url: str


@dataclass(frozen=True, slots=True)
class Rest:
    """How many needs of one kind are not shown, and the page that lists them."""

    count: int
    kind: str
    url: str


@dataclass(frozen=True, slots=True)
class Needs:
    """What is shown on the front page, and what is left to say of the rest."""

    shown: list[Need]
    rest: list[Rest]


def needs_of(user: User, *, at: datetime) -> Needs:
    """Return the first things that wait for the user, decisions before blocks and failures."""
    shown: list[Need] = []
    rest: list[Rest] = []
    for kind, url, needed, as_need in _kinds(user, at=at):
        room = MOST_SHOWN - len(shown)
        found = list(needed[: room + 1])
        shown += [as_need(each) for each in found[:room]]
        if len(found) > room:
            rest.append(Rest(needed.count() - room, kind, url))
    return Needs(shown, rest)


def _kinds(
    user: User, *, at: datetime
) -> list[tuple[str, str, QuerySet[Any], Callable[[Any], Need]]]:
    """Return each kind of need with the page that lists all of it, the most urgent kind first."""
    return [
        ("to decide", reverse("approvals"), waiting_for_me(user, at=at), _decision),
        ("to sign", reverse("approvals"), _signable(user, at=at), _signature),
        ("blocked", reverse("policy"), _blocked(user), _block),
        ("not loaded", reverse("imports"), _failed(user), _failure),
    ]


def waiting_for_me(user: User, *, at: datetime) -> QuerySet[Approval]:
    """Return the decisions that the user may take: in her units, and not asked by herself."""
    mine = approvals_in_sight(user).filter(decided_by(user, at=at), state=Approval.State.PENDING)
    return mine.exclude(held__state=HELD).order_by("requested_at", "pk")


def waiting_for_others(user: User, *, at: datetime) -> QuerySet[Approval]:
    """Return the decisions in sight that somebody else has to take."""
    waiting = approvals_in_sight(user).filter(state=Approval.State.PENDING)
    mine = waiting_for_me(user, at=at).values("pk")
    return waiting.exclude(pk__in=mine).order_by("requested_at", "pk")


def decided(user: User) -> QuerySet[Approval]:
    """Return what was decided, withdrawn or made void lately, the newest first."""
    over = approvals_in_sight(user).exclude(state=Approval.State.PENDING)
    return over.order_by(Coalesce("decided_at", "requested_at").desc(), "-pk")[:DECIDED_SHOWN]


def approvals_in_sight(user: User) -> QuerySet[Approval]:
    units = Unit.objects.visible_to(user)
    return Approval.objects.filter(unit__in=units).select_related(
        "unit", "requested_by__person", "decided_by__person", "decided_for__person"
    )


def _decision(approval: Approval) -> Need:
    text = f"{approval.requested_by} asks for a decision, {approval.unit.name}."
    return Need("info", approval.title, text, "Decide", approval.url)


def _signable(user: User, *, at: datetime) -> QuerySet[Gate]:
    """Return the gates that wait for the user's signature, the oldest evidence first."""
    mine = [gate.pk for gate in waiting_for_signature(user, on=reporting_today(at))]
    found = Gate.objects.filter(pk__in=mine).select_related("initiative__unit", "evidence")
    return found.order_by("evidence")


def _signature(gate: Gate) -> Need:
    initiative, title = gate.initiative, title_of(gate.number)
    waits = f"Its evidence passes and waits for your signature, {initiative.unit.name}."
    text = f"{waits} {at_stake(gate)}".strip()
    page = reverse("initiative-gates", args=[initiative.slug])
    url = f"{page}#gate-{gate.number}"
    return Need("info", f"{title} of {initiative.name}", text, "Look and sign", url)


def _blocked(user: User) -> QuerySet[Scope]:
    """Return the blocked scopes that should run; what was ended on purpose needs nobody."""
    blocked = scopes_visible_to(user).filter(state=ScopeState.OPEN)
    running = Q(cost_object__initiative__state__in=(*SPENDING, *IN_CORE))
    without = Q(cost_object__initiative__isnull=True)
    return blocked.filter(running | without).order_by("-since", "pk")


def _block(scope: Scope) -> Need:
    url = f"{reverse('policy')}#{scope.slug}"
    return Need("danger", f"{scope.name} is blocked", scope.reason_text, "See why", url)


def _failed(user: User) -> QuerySet[Delivery]:
    """Return the failed imports whose content was not loaded by a later one."""
    if not can_see_imports(user):
        return Delivery.objects.none()
    good = Delivery.objects.filter(state=Delivery.State.DONE).exclude(sha256="")
    failed = Delivery.objects.filter(state__in=PROBLEMS)
    return failed.exclude(sha256__in=good.values("sha256")).order_by("-pk")


def _failure(delivery: Delivery) -> Need:
    title = f"{delivery.filename or delivery.source} was not loaded"
    url = reverse("import", args=[delivery.pk])
    return Need("danger", title, delivery.reason, "Open the import", url)
