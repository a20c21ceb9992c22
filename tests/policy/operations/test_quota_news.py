"""Who is told that a quota is nearly used up: each threshold once."""

from datetime import datetime, timedelta

from org.models import Delivered, Notice, Role
from policy.operations.quota_news import tell_of_quotas
from tests.factories.org import new_user
from tests.factories.quotas import called, quota
from tests.org_cast import Cast


def told(at: datetime) -> list[str]:
    """Tell what is new; return it in its order."""
    before = set(Notice.objects.values_list("pk", flat=True))
    count = tell_of_quotas(at=at)
    new = Notice.objects.exclude(pk__in=before).order_by("pk")
    assert new.count() == count
    return [f"{notice.title}. {notice.text}" for notice in new]


def test_each_threshold_is_told_once_and_the_highest_of_several(cast: Cast, at: datetime) -> None:
    quota("10", by=cast.ed, at=at)
    called("ana@x", unit=cast.support, calls=4)
    assert told(at) == []

    called("ana@x", unit=cast.support, calls=4)
    assert told(at) == [
        (
            "ana@x used 8 calls of 10 calls. Support has a quota of 10 calls a day for each person;"
            " 80 per cent of it is reached."
        )
    ]
    assert told(at) == []
    called("ana@x", unit=cast.support, calls=2)
    assert told(at) == [
        (
            "ana@x used 10 calls of 10 calls. Support has a quota of 10 calls a day for each"
            " person; further calls are refused. More can be asked for on its page."
        )
    ]


def test_the_next_window_is_told_anew(cast: Cast, at: datetime) -> None:
    quota("10", by=cast.ed, at=at, mode="alert")
    called("ana@x", unit=cast.support, calls=10)
    called("ana@x", unit=cast.support, calls=5, on=(at + timedelta(days=1)).date())

    assert len(told(at)) == 1
    assert told(at + timedelta(days=1)) == [
        (
            "ana@x used 5 calls of 10 calls. Support has a quota of 10 calls a day for each person;"
            " 50 per cent of it is reached."
        )
    ]


def test_the_person_and_her_manager_are_told(cast: Cast, at: datetime) -> None:
    quota("10", by=cast.ed, at=at)
    new_user(username="ana", person__email="ana@x", roles=[(Role.ENGINEER, cast.support)])
    called("ana@x", unit=cast.support, calls=9)

    told(at)

    names = Delivered.objects.values_list("user__username", flat=True)
    assert sorted(names) == ["ana", "grace"]


def test_of_what_all_of_the_company_share_its_finance_is_told(cast: Cast, at: datetime) -> None:
    quota("10", by=cast.ed, at=at, scope="org", per="", mode="soft")
    called("ana@x", unit=cast.support, calls=12)

    [text] = told(at)

    assert text.endswith("further calls have to give a reason.")
    assert [each.user for each in Delivered.objects.all()] == [cast.fiona]
