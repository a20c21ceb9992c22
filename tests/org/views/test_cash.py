"""The page of the cash: told by finance, kept for ever, and what a day may cost by it."""

from datetime import datetime
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from org.models import AuditEntry, CashPosition
from org.queries.cash import cash_on
from tests.factories.profile import answered
from tests.org_cast import Cast

TYPED = {
    "as_of": "2026-11-01",
    "cash_usd": "1800000",
    "net_burn_usd_per_month": "150000",
    "source": "Books of October",
}


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch, at: datetime) -> None:
    monkeypatch.setattr(timezone, "now", lambda: at)


def tell(client: Client, **changes: str) -> str:
    return client.post("/settings/cash/", TYPED | changes, follow=True).text


def test_what_is_told_counts_and_says_what_a_day_of_a_startup_may_cost(
    cast: Cast, client: Client, at: datetime
) -> None:
    answered(cast.carl, at=at, people=40)
    client.force_login(cast.fiona)

    page = tell(client)

    assert "the whole company may spend $600.00 a day on AI." in page
    assert "Thirty days may cost 1% of the cash" in page
    assert "Books of October" in page
    assert AuditEntry.objects.filter(action="cash.recorded", actor=cast.fiona).exists()


def test_a_larger_company_has_no_cap_by_cash(cast: Cast, client: Client, at: datetime) -> None:
    client.force_login(cast.carl)

    assert "a day on AI" not in tell(client)


def test_the_newest_day_counts_and_of_one_day_what_was_told_last(
    cast: Cast, client: Client, at: datetime
) -> None:
    client.force_login(cast.carl)
    for changes in (
        {"as_of": "2026-10-01", "cash_usd": "1"},
        {"cash_usd": "2"},
        {"cash_usd": "3"},
        {"as_of": "2026-09-01", "cash_usd": "4"},
    ):
        tell(client, **changes)

    found = cash_on(at.date())

    assert found is not None
    assert found.cash_usd == Decimal(3)
    assert CashPosition.objects.count() == 4


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"as_of": "2026-11-21"}, "today, 20 Nov 2026, or before"),
        ({"cash_usd": "-1"}, "Cash is no less than nothing."),
        ({"source": " "}, "This field is required."),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_kept(
    cast: Cast, client: Client, changes: dict[str, str], says: str
) -> None:
    client.force_login(cast.carl)

    assert says in tell(client, **changes)
    assert not CashPosition.objects.exists()


@pytest.mark.parametrize(
    ("name", "status"), [("grace", 403), ("ed", 403), ("aud", 403), ("stan", 404)]
)
def test_only_finance_of_the_whole_company_tells_it(
    cast: Cast, client: Client, name: str, status: int
) -> None:
    client.force_login(getattr(cast, name))

    assert client.post("/settings/cash/", TYPED).status_code == status
    assert not CashPosition.objects.exists()


def test_what_was_told_is_never_changed(cast: Cast, client: Client) -> None:
    client.force_login(cast.carl)
    tell(client)

    with pytest.raises(DatabaseError), transaction.atomic():
        CashPosition.objects.update(cash_usd=1)
    with pytest.raises(DatabaseError), transaction.atomic():
        CashPosition.objects.all().delete()
