"""No path lets who asked approve: every address that takes a POST, every door beneath them."""

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin import site
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.client import MULTIPART_CONTENT
from django.urls import URLResolver, get_resolver
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from budgets.lifecycle import BudgetAction, InitiativeAction
from budgets.models import GateSignature, Initiative, Waiver
from budgets.openings import OpeningAsked, OpeningLine
from budgets.operations.held import WINDOW, carry_out_due, hold_decision
from org.models import Approval, Membership, Role, User
from org.models.tokens import Scope
from org.operations.approvals import record_decision
from org.operations.delegations import give_delegation
from org.refusals import Refusal
from policy.models import Cap, Override, QuotaRaise
from policy.operations.quota_raises import RaiseDraft, ask_raise
from tests.factories.budgets import (
    asked_budget,
    budget_step,
    drafted,
    extended,
    granted_budget,
    revision_asked,
    running,
    stepped,
)
from tests.factories.flex import asked_waiver, proposed
from tests.factories.gates import FINANCE, Ledger, gate_step, gates, reviewed
from tests.factories.org import new_token, new_unit, new_user
from tests.factories.outcomes import defined
from tests.factories.overrides import overridden
from tests.factories.quotas import quota
from tests.org_cast import Cast, gather

pytestmark = pytest.mark.long

BACKEND = "django.contrib.auth.backends.ModelBackend"
SECRET = "tok_of_who_asked"
APPROVING = ("approve", "grant_extension", "grant_revision", "grant_opening")
NAMED = re.compile(r"<(?:\w+:)?(\w+)>")
WHO = ("herself", "her other account", "as a superuser", "her token", "in her place", "as delegate")


def everything_asked(cast: Cast, *, at: datetime) -> dict[str, Any]:
    """Let Carl, a CFO, ask for everything that can be asked for; each waits for a decision."""
    today = at.date()
    days = {"starts_on": today, "ends_on": today + timedelta(days=20)}
    granted = granted_budget(cast, at=at)
    rule = proposed(
        cast,
        granted,
        defined(cast, at=at),
        by=cast.carl,
        at=at,
        starts_on=today.replace(day=1),
        planned_volumes=[Decimal(100)] * (13 - today.month),
    )
    sold = defined(
        cast, at=at, name="Answer sold", workflows=["sold"], kind="customer", product="helpdesk"
    )
    waiver = asked_waiver(
        cast,
        sold,
        by=cast.carl,
        at=at,
        waived_floor=Decimal("0.5"),
        starts_on=today,
        expires_on=today + timedelta(days=60),
    )
    runs = running(cast, at=at, name="Runs", **days)
    extended(runs, by=cast.carl, at=at, ends_on=today + timedelta(days=40))
    waits = drafted(cast, at=at, by=cast.carl, name="Waits", **days)
    stepped(waits, "submit", by=cast.carl, at=at)
    budget = asked_budget(cast, at=at, by=cast.carl, unit=cast.claims)
    revised = granted_budget(cast, at=at, unit=new_unit("Legal", parent=cast.acme))
    revision_asked(revised, by=cast.carl, at=at, core="1200.00")
    started = granted_budget(cast, at=at, unit=cast.operations)
    asked = OpeningAsked(lines=(OpeningLine(1, Decimal("5.00")),), source="Invoices")
    budget_step(started, "ask_opening", by=cast.carl, at=at, opening=asked)
    override = overridden(
        Cap.objects.get(scope__slug="initiative:runs", window="day"),
        by=cast.carl,
        at=at,
        limit_usd=Decimal("60.00"),
    )
    limited = quota(by=cast.ed, at=at)
    wanted = RaiseDraft(who="ana@x", limit=Decimal(20), ends_at=at + timedelta(days=2))
    raised = ask_raise(quota_id=limited.pk, draft=wanted, reason="A release.", by=cast.carl, at=at)
    return {
        "quota-raise": raised,
        "budget": budget,
        "revision": revised,
        "initiative": waits,
        "extension": runs,
        "opening": started,
        "flex-rule": rule,
        "waiver": waiver,
        "override": override,
    }


@dataclass(frozen=True)
class Asked:
    """Everything that can be asked for, and who is there."""

    cast: Cast
    matters: dict[str, Any]


@pytest.fixture(scope="class")
def _asked_once(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Asked]:
    with django_db_blocker.unblock(), transaction.atomic():
        cast = gather()
        yield Asked(cast, everything_asked(cast, at=timezone.now()))
        transaction.set_rollback(True)


@pytest.fixture
def asked(_asked_once: Asked, db: None) -> Asked:
    """Return what was asked for once for all who try; what one of them does is taken back."""
    return deepcopy(_asked_once)


def identities(cast: Cast, name: str) -> Callable[[], Client]:
    """Return a maker of clients that act as who asked, in one of the ways there are."""
    at = timezone.now()
    user = cast.carl
    headers: dict[str, str] = {}
    if name == "her other account":
        user = new_user(username="carl-2", person=cast.carl.person, roles=[Role.CFO])
    elif name == "as a superuser":
        User.objects.filter(pk=user.pk).update(is_superuser=True, is_staff=True)
        user.refresh_from_db()
    elif name == "her token":
        new_token(secret=SECRET, user=user, scopes=list(Scope.values), created_at=at)
        headers = {"Authorization": f"Bearer {SECRET}"}
    elif name == "in her place":
        delegated(giver=user, taker=cast.ed, at=at)
        user = cast.ed
    elif name == "as delegate":
        delegated(giver=new_user(username="cleo", roles=[Role.CFO]), taker=user, at=at)
        Membership.objects.filter(user=user).update(role=Role.FINANCE)

    def client() -> Client:
        made = Client(headers=headers)
        if not headers:
            made.force_login(user, backend=BACKEND)
        return made

    return client


def delegated(*, giver: User, taker: User, at: datetime) -> None:
    today = at.date()
    give_delegation(
        taker=taker,
        unit=None,
        starts_on=today,
        ends_on=today + timedelta(days=7),
        reason="On leave.",
        by=giver,
        at=at,
    )


def routes(found: Any = None, prefix: str = "") -> Iterator[str]:
    """Yield the path of every address of the product."""
    for entry in found or get_resolver().url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, path)
        elif "signout" not in path:
            yield path


def posts(path: str, matters: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a path's addresses, and the bodies, for everything that waits."""
    names = set(NAMED.findall(path))
    if not names & {
        "approval_id",
        "budget_id",
        "slug",
        "waiver_id",
        "override_id",
        "raise_id",
    }:
        yield NAMED.sub("1", path), {"action": "approve", "reason": "Why not."}
        return
    for approval in Approval.objects.waiting():
        subject = matters[approval.kind]
        subject.refresh_from_db()
        known = names_of(subject) | {"approval_id": approval.pk}
        if not names & set(known):
            continue  # an address of something else
        for action in APPROVING:
            yield (
                addressed(path, known | {"action": action}),
                {
                    "action": action,
                    "do": action,
                    "rule": subject.pk,
                    "version": getattr(subject, "version", 1),
                    "reason": "Why not.",
                },
            )


def names_of(subject: Any) -> dict[str, Any]:
    """Return by which names addresses speak of a matter."""
    if isinstance(subject, Initiative):
        return {"slug": subject.slug}
    if isinstance(subject, Waiver):
        return {"waiver_id": subject.pk}
    if isinstance(subject, Override):
        return {"override_id": subject.pk}
    if isinstance(subject, QuotaRaise):
        return {"quota_id": subject.quota_id, "raise_id": subject.pk}
    return {"budget_id": getattr(subject, "budget_id", subject.pk)}


def addressed(path: str, known: dict[str, Any]) -> str:
    """Return a path with its names filled in; those that are not known are 1."""
    return NAMED.sub(lambda mark: str(known.get(mark[1], 1)), path)


def assert_nobody_approved_it(approvals: list[Approval]) -> None:
    carry_out_due(at=timezone.now() + WINDOW + timedelta(seconds=1))
    for approval in approvals:
        approval.refresh_from_db()
        assert approval.state != "approved", approval


class TestOnceEverythingIsAsked:
    @pytest.mark.parametrize("who", WHO)
    def test_no_address_lets_who_asked_approve(self, asked: Asked, who: str) -> None:
        waiting = list(Approval.objects.waiting().filter(requested_by=asked.cast.carl))
        assert {each.kind for each in waiting} == set(asked.matters)
        client_of = identities(asked.cast, who)
        tried = 0

        for path in routes():
            client = client_of()  # anew for each: one of them may end the session
            # Pages read forms and REST reads JSON; an address that reads neither refuses both.
            kind = "application/json" if path.startswith("api/") else MULTIPART_CONTENT
            for address, body in posts(path, asked.matters):
                client.post(f"/{address}", body, content_type=kind)
                tried += 1

        assert tried > 100
        assert_nobody_approved_it(waiting)

    @pytest.mark.parametrize(
        ("kind", "action"),
        [
            ("budget", "approve"),
            ("initiative", "approve"),
            ("extension", "grant_extension"),
            ("revision", "grant_revision"),
        ],
    )
    def test_nor_does_the_operation_that_holds_it(
        self, asked: Asked, kind: str, action: str
    ) -> None:
        subject = asked.matters[kind]
        subject.refresh_from_db()

        with pytest.raises(Refusal):
            hold_decision(
                subject=subject,
                action=action,
                by=asked.cast.carl,
                reason="",
                version=subject.version,
                at=timezone.now(),
            )

    def test_nor_does_the_door_of_all_decisions(self, asked: Asked) -> None:
        second = new_user(person=asked.cast.carl.person, roles=list(Role))
        for approval in Approval.objects.waiting().filter(requested_by=asked.cast.carl):
            for by in (asked.cast.carl, second):
                with pytest.raises(Refusal):
                    record_decision(
                        kind=approval.kind,
                        subject_id=approval.subject_id,
                        approve=True,
                        by=by,
                        reason="",
                        at=timezone.now(),
                        deciders=list(Role),
                    )

    @pytest.mark.parametrize("way", ["save", "update", "bulk_update", "sql"])
    @pytest.mark.parametrize("place", ["decided_by", "decided_for"])
    def test_nor_does_the_database(self, asked: Asked, way: str, place: str) -> None:
        second = new_user(person=asked.cast.carl.person, roles=[Role.CFO])
        values = {"decided_by": asked.cast.ed, "decided_at": timezone.now(), "state": "approved"}
        for approval in Approval.objects.waiting().filter(requested_by=asked.cast.carl):
            for user in (asked.cast.carl, second):
                with pytest.raises(DatabaseError), transaction.atomic():
                    written(approval, values | {place: user}, way=way)
        assert not Approval.objects.filter(requested_by=asked.cast.carl, state="approved").exists()


def written(approval: Approval, values: dict[str, Any], *, way: str) -> None:
    """Approve by a way round the operations."""
    if way == "update":
        Approval.objects.filter(pk=approval.pk).update(**values)
        return
    if way == "sql":
        columns = {
            f"{name}_id" if isinstance(v, User) else name: getattr(v, "pk", v)
            for name, v in values.items()
        }
        marks = ", ".join(f"{name} = %s" for name in columns)
        with connection.cursor() as cursor:
            statement = f"UPDATE org_approval SET {marks} WHERE id = %s"  # noqa: S608 -- our own names
            cursor.execute(statement, [*columns.values(), approval.pk])
        return
    row = Approval.objects.get(pk=approval.pk)
    for name, value in values.items():
        setattr(row, name, value)
    if way == "save":
        row.save()
    else:
        Approval.objects.bulk_update([row], list(values))


@pytest.mark.parametrize("who", WHO)
def test_no_identity_of_who_submitted_evidence_signs_it(cast: Cast, who: str) -> None:
    at = timezone.now()
    days = {"starts_on": at.date(), "ends_on": at.date() + timedelta(days=20)}
    granted_budget(cast, at=at)
    made = running(cast, at=at, **days)
    with gates(Ledger(), signers=lambda _: (FINANCE,)):
        version = reviewed(made, by=cast.carl, at=at).version
        client_of, sent = identities(cast, who), {"version": version}

        client_of().post(f"/initiatives/{made.slug}/gates/1/sign/", sent)
        rest = f"/api/v1/initiatives/{made.slug}/gates/1/actions/sign"
        client_of().post(rest, sent, content_type="application/json")
        carry_out_due(at=timezone.now() + WINDOW + timedelta(seconds=1))

        assert not GateSignature.objects.exists()
        another = new_user(roles=[Role.CFO])
        assert gate_step(made, "sign", by=another, at=at).state == "passed"


def test_the_admin_knows_no_approvals() -> None:
    assert not any(model._meta.app_label in {"org", "budgets"} for model in site._registry)  # noqa: SLF001


def test_every_action_that_approves_is_in_the_matrix() -> None:
    actions = {*BudgetAction.values, *InitiativeAction.values}

    assert {each for each in actions if each.startswith(("approve", "grant"))} == set(APPROVING)
