"""The navigation and what waits, as each person sees them."""

from datetime import datetime

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import path
from pytest_django import DjangoAssertNumQueries

from dashboard.shell import ROOMS, navigation, shell
from org.models import Approval, Membership, Person, Role, Unit, User


def answer(_request: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [
    path("", answer, name="overview"),
    path("spend/", answer, name="spend"),
    path("approvals/", answer, name="approvals"),
    path("breakers/", answer, name="breakers"),
    path("data/imports/", answer, name="imports"),
]

pytestmark = pytest.mark.urls(__name__)


def labels(*roles: Role) -> list[str]:
    return [item.label for item in navigation(path="/", roles=frozenset(roles), waiting=0)]


def test_only_rooms_that_exist_and_that_a_role_may_enter_are_shown() -> None:
    assert labels(Role.FINANCE) == ["Overview", "Spend", "Approvals", "Breakers", "Imports"]
    assert labels(Role.GM) == ["Overview", "Spend", "Approvals", "Breakers"]
    assert labels() == []


def test_every_room_has_a_key_of_its_own() -> None:
    keys = [room.key for room in ROOMS]

    assert sorted(keys) == sorted(set(keys))


def test_the_front_room_is_current_only_on_its_own_page() -> None:
    items = navigation(path="/spend/", roles=frozenset({Role.CFO}), waiting=0)

    assert [item.label for item in items if item.is_current] == ["Spend"]


def test_waiting_approvals_are_counted_and_none_is_not_written() -> None:
    busy = navigation(path="/", roles=frozenset({Role.CFO}), waiting=4)
    idle = navigation(path="/", roles=frozenset({Role.CFO}), waiting=0)

    assert [item.count for item in busy] == [None, None, 4, None, None]
    assert [item.count for item in idle] == [None, None, None, None, None]


def test_blocked_breakers_are_counted_at_their_own_room() -> None:
    items = navigation(path="/", roles=frozenset({Role.CFO}), waiting=4, blocked=2)

    counted = {item.label: (item.count, item.count_of) for item in items if item.count}
    assert counted == {"Approvals": (4, "waiting"), "Breakers": (2, "blocked")}


def test_a_stranger_gets_an_empty_shell_without_a_query() -> None:
    request = RequestFactory().get("/signin/")
    request.user = AnonymousUser()

    context = shell(request)

    assert context == {
        "nav": [],
        "theme": "system",
        "freshness": None,
        "waiting": 0,
        "unread": 0,
        "roles": [],
    }


def make_user(name: str) -> User:
    person = Person.objects.create(name=name, email=f"{name}@example.com")
    return User.objects.create_user(name, person=person)


def make_unit(name: str) -> Unit:
    unit = Unit.objects.create(slug=name, name=name, path="")
    unit.path = f"{unit.pk}/"
    unit.save()
    return unit


def ask(unit: Unit, *, by: User, at: datetime, subject: int) -> None:
    assert by.person is not None
    Approval.objects.create(
        kind="budget.request",
        subject_id=subject,
        title="More",
        url="/budgets/1/",
        unit=unit,
        terms={},
        terms_hash="0" * 64,
        requested_by=by,
        requested_person=by.person,
        requested_at=at,
    )


def shell_of(user: User) -> dict[str, object]:
    request = RequestFactory().get("/")
    request.user = user
    return shell(request)


@pytest.mark.django_db
def test_what_waits_is_in_the_approvers_units_and_not_her_own_request(
    at: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    claims, payments = make_unit("claims"), make_unit("payments")
    asker, company_cfo, claims_cfo = make_user("gina"), make_user("cora"), make_user("carl")
    Membership.objects.create(user=asker, role=Role.GM, unit=claims)
    Membership.objects.create(user=company_cfo, role=Role.CFO)
    Membership.objects.create(user=claims_cfo, role=Role.CFO, unit=claims)
    ask(claims, by=asker, at=at, subject=1)
    ask(payments, by=asker, at=at, subject=2)
    ask(claims, by=claims_cfo, at=at, subject=3)

    with django_assert_num_queries(2):
        company = shell_of(company_cfo)
    with django_assert_num_queries(1):
        gm = shell_of(asker)

    assert company["waiting"] == 3
    assert shell_of(claims_cfo)["waiting"] == 1
    assert gm["waiting"] == 0
    assert gm["roles"] == ["General manager"]
