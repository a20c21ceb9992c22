"""Notices: who is told, once, and only of what is committed."""

from datetime import datetime
from typing import Any

import pytest
from django.db import ProgrammingError, transaction

from org.models import Delivered, Dispatch, Notice, NoticeKind, User
from org.operations.notices import choose_levels, mark_read, tell
from org.refusals import Invalid
from tests.factories.org import new_user
from tests.org_cast import Cast, gather
from tests.races import race


def told(cast: Cast, *, at: datetime, **changes: Any) -> Notice | None:
    values: dict[str, Any] = {
        "kind": NoticeKind.DECISION,
        "subject": "budget:7",
        "title": "The budget was approved",
        "text": "As planned.",
        "url": "/budgets/7/",
        "unit": cast.support,
        "to": [cast.grace, cast.carl],
        "by": cast.carl,
    }
    return tell(**(values | changes), at=at)


def readers(state: str = "waiting") -> set[User | None]:
    return {each.recipient for each in Dispatch.objects.filter(state=state)}


def test_everybody_concerned_is_told_but_who_did_it(cast: Cast, at: datetime) -> None:
    told(cast, at=at)

    assert [each.user for each in Delivered.objects.all()] == [cast.grace]
    assert readers() == {cast.grace}


@pytest.mark.parametrize(
    ("level", "listed", "mailed"), [("mail", 1, 1), ("list", 1, 0), ("off", 0, 0)]
)
def test_each_hears_as_much_of_a_kind_as_she_chose(
    cast: Cast, at: datetime, level: str, listed: int, mailed: int
) -> None:
    choose_levels(user=cast.grace, levels={"decision": level})

    told(cast, at=at)

    assert (Delivered.objects.count(), Dispatch.objects.count()) == (listed, mailed)


def test_a_choice_holds_for_its_kind_alone(cast: Cast, at: datetime) -> None:
    choose_levels(user=cast.grace, levels={"decision": "off"})

    told(cast, at=at, kind=NoticeKind.STOP)

    assert readers() == {cast.grace}


def test_an_unknown_kind_or_level_is_refused(cast: Cast) -> None:
    for levels in ({"gossip": "mail"}, {"decision": "loud"}):
        with pytest.raises(Invalid):
            choose_levels(user=cast.grace, levels=levels)


def test_two_accounts_of_one_mailbox_get_one_mail(cast: Cast, at: datetime) -> None:
    second = new_user(person=cast.grace.person, email=cast.grace.email.upper())

    told(cast, at=at, to=[cast.grace, second])

    assert Delivered.objects.count() == 2
    assert Dispatch.objects.count() == 1


def test_who_has_left_is_told_nothing(cast: Cast, at: datetime) -> None:
    User.objects.filter(pk=cast.grace.pk).update(is_active=False)
    cast.grace.refresh_from_db()

    told(cast, at=at)

    assert not Dispatch.objects.exists()


def test_what_is_rolled_back_is_never_told(cast: Cast, at: datetime) -> None:
    with transaction.atomic():
        told(cast, at=at)
        transaction.set_rollback(True)

    assert not Notice.objects.exists()
    assert not Dispatch.objects.exists()


def test_what_is_told_once_is_not_told_again(cast: Cast, at: datetime) -> None:
    told(cast, at=at, once="budget:7:80")

    assert told(cast, at=at, once="budget:7:80") is None
    assert Notice.objects.count() == 1


def test_a_title_of_several_lines_becomes_one(cast: Cast, at: datetime) -> None:
    notice = told(cast, at=at, title="Approved\r\nBcc: all@example.org")

    assert notice is not None
    assert notice.title == "Approved Bcc: all@example.org"


def test_reading_takes_what_was_seen_for_read_and_nothing_later(cast: Cast, at: datetime) -> None:
    first = told(cast, at=at)
    told(cast, at=at)
    assert first is not None

    assert mark_read(user=cast.grace, at=at, up_to=first.pk) == 1

    assert cast.grace.notices.filter(read_at__isnull=True).count() == 1


def test_the_application_cannot_change_what_was_told(cast: Cast, at: datetime) -> None:
    told(cast, at=at)

    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        Notice.objects.update(title="x")


@pytest.mark.django_db(transaction=True)
def test_of_many_who_tell_the_same_once_one_does(at: datetime) -> None:
    cast = gather()

    results = race(*[lambda: told(cast, at=at, once="budget:7:100")] * 6)

    assert sum(isinstance(each, Notice) for each in results) == 1
    assert Notice.objects.count() == 1
    assert Dispatch.objects.count() == 1
