"""The quotas' pages: what is read, what is asked and decided, and by whom."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from policy.models import Quota
from policy.operations.quota_raises import RaiseDraft, ask_raise
from policy.queries.quotas import raises_in_force
from tests.factories.quotas import called, quota
from tests.org_cast import Cast

FIELDS = {
    "scope": "unit:support",
    "metric": "calls",
    "limit": "50",
    "window": "day",
    "per": "person",
    "mode": "hard",
    "thresholds": "50, 80, 100",
    "reason": "Fair use.",
}


@pytest.fixture
def grace(cast: Cast, client: Client, at: datetime, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(timezone, "now", lambda: at)
    client.force_login(cast.grace)
    return client


def text_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_the_list_says_who_is_nearest_to_each_limit(
    grace: Client, cast: Cast, at: datetime
) -> None:
    quota("50", by=cast.ed, at=at)
    quota("600", by=cast.ed, at=at, window="1m", per="")
    called("ana@x", unit=cast.support, calls=45)
    called("bob@x", unit=cast.support, calls=20)
    called("elsewhere@x", unit=cast.claims, calls=50)

    text = text_of(grace, "/quotas/")

    assert "50 calls a day for each person" in text
    assert "45 calls of 50 calls" in text
    assert "Counted by the routers alone." in text
    assert "bob@x" not in text


def test_a_quota_shows_the_ten_nearest_the_raised_among_them(
    grace: Client, cast: Cast, at: datetime
) -> None:
    made = quota("10", by=cast.ed, at=at, metric="usd", exempt=["bot@x"])
    for number in range(12):
        called(f"p{number:02}@x", unit=cast.support, calls=1, usd=f"{number}.50")
    called("bot@x", unit=cast.support, calls=1, usd="99")

    text = text_of(grace, f"/quotas/{made.pk}/")

    assert "$11.50 of $10.00" in text
    assert "$2.50 of $10.00" in text
    assert "$1.50 of $10.00" not in text
    assert "Exempt: bot@x." in text
    assert "$99.00" not in text


def test_a_manager_sets_a_quota_of_her_unit_and_changes_it(grace: Client) -> None:
    answer = grace.post("/quotas/new/", FIELDS, follow=True)

    made = Quota.objects.get()
    assert answer.redirect_chain == [(f"/quotas/{made.pk}/", 302)]
    assert "Support: 50 calls a day for each person." in answer.content.decode()
    form = grace.get(f"/quotas/new/?quota={made.pk}").content.decode()
    assert 'value="50"' in form
    grace.post("/quotas/new/", FIELDS | {"limit": "80"})
    assert [int(terms.limit) for terms in made.terms.order_by("pk")] == [50, 80]


def test_what_is_wrong_stands_at_its_field(grace: Client) -> None:
    answer = grace.post("/quotas/new/", FIELDS | {"limit": "1.5", "thresholds": "half"})
    assert answer.status_code == 422
    assert "Write per cents with commas between" in answer.content.decode()

    answer = grace.post("/quotas/new/", FIELDS | {"limit": "1.5"})
    assert answer.status_code == 422
    assert "A limit of calls is a whole number" in answer.content.decode()


def test_more_is_asked_for_and_agreed_to_on_the_page(
    grace: Client, cast: Cast, at: datetime
) -> None:
    made = quota("10", by=cast.ed, at=at)
    page = f"/quotas/{made.pk}/"
    asked = {
        "who": "ana@x",
        "limit": "20",
        "ends_at": "2026-11-22T12:00",
        "reason": "A release.",
    }
    grace.force_login(cast.ed)
    assert "An answer is due within four hours." in str(
        grace.post(page, asked, follow=True).content
    )
    assert "asked 0 min ago, due in 4 h" in text_of(grace, page)
    assert "Agree" not in text_of(grace, page)
    assert "Take it back" in text_of(grace, page)

    grace.force_login(cast.grace)
    assert "on 20 Nov 2026 (asked 0 min ago, due in 4 h)" in text_of(grace, "/approvals/")
    assert "Agree" in text_of(grace, page)
    row = made.raises.get()
    grace.post(f"{page}raises/{row.pk}/", {"do": "approve"}, follow=True)

    assert list(raises_in_force(at=at)) == [row]
    assert "Agree" not in text_of(grace, page)


def test_a_refusal_without_a_reason_stands_on_the_page(
    grace: Client, cast: Cast, at: datetime
) -> None:
    made = quota("10", by=cast.ed, at=at)
    draft = RaiseDraft(who="ana@x", limit=Decimal(20), ends_at=at + timedelta(days=1))
    row = ask_raise(quota_id=made.pk, draft=draft, reason="A release.", by=cast.ed, at=at)

    answer = grace.post(f"/quotas/{made.pk}/raises/{row.pk}/", {"do": "reject"})

    assert answer.status_code == 422
    assert "Say why this is rejected." in answer.content.decode()


def test_quotas_that_promise_more_than_there_is_are_told(
    grace: Client, cast: Cast, at: datetime
) -> None:
    quota("100", by=cast.ed, at=at, scope="unit:operations", per="")
    quota("60", by=cast.ed, at=at, scope="unit:support", per="")
    quota("90", by=cast.ed, at=at, scope="unit:claims", per="")
    grace.force_login(cast.ed)

    assert (
        "Operations has 100 calls a day, and the quotas right beneath it promise 150 calls:"
        " 50 calls more than there is."
    ) in text_of(grace, "/quotas/")


def test_a_quota_is_lifted_with_a_reason(grace: Client, cast: Cast, at: datetime) -> None:
    made = quota("10", by=cast.ed, at=at)

    assert grace.post(f"/quotas/{made.pk}/retire/", {"reason": " "}).status_code == 422
    answer = grace.post(f"/quotas/{made.pk}/retire/", {"reason": "A trial."}, follow=True)

    assert "A quota of Support was lifted." in answer.content.decode()
    assert grace.get(f"/quotas/{made.pk}/").status_code == 404


def test_strangers_and_other_managers_see_nothing_of_it(
    grace: Client, cast: Cast, at: datetime
) -> None:
    made = quota("10", by=cast.ed, at=at)
    grace.force_login(cast.greta)
    assert "50 calls" not in text_of(grace, "/quotas/")
    for path in ("", "retire/", "raises/1/"):
        assert grace.post(f"/quotas/{made.pk}/{path}").status_code == 404
    grace.force_login(cast.aud)
    assert grace.get("/quotas/new/").status_code == 403
    grace.force_login(cast.stan)
    assert grace.get("/quotas/").status_code == 403


def test_the_pages_ask_the_same_for_one_quota_and_for_three(
    grace: Client,
    cast: Cast,
    at: datetime,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    made = quota("10", by=cast.ed, at=at)
    grace.force_login(cast.ed)  # for whom nothing waits: the badge would count it
    with django_assert_num_queries(14):
        grace.get("/quotas/")
    for window in ("week", "month"):
        quota("10", by=cast.ed, at=at, window=window)
        draft = RaiseDraft(who=f"{window}@x", limit=Decimal(20), ends_at=at + timedelta(days=1))
        ask_raise(quota_id=made.pk, draft=draft, reason="A release.", by=cast.ed, at=at)
    with django_assert_num_queries(14):
        grace.get("/quotas/")
    with django_assert_num_queries(17):
        grace.get(f"/quotas/{made.pk}/")
