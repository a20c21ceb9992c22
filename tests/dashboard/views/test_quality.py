"""Data quality: what is missing, unowned, unpriced or at odds is named with its money."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from ingestion.models import Connector, CostStatus, Delivery
from org.models import User
from org.operations.proofs import run_proofs
from tests.factories.ingestion import assign, book, new_delivery, new_slice
from tests.org_cast import Cast

TODAY = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: TODAY)


def shown(client: Client, user: User) -> str:
    client.force_login(user)
    answer = client.get("/data/quality/")
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def use_every_day(cast: Cast, *, account: str = "main", without: tuple[int, ...] = ()) -> None:
    """Book $2 a day for eight weeks up to yesterday, but not on the days back from today."""
    called = new_slice(account=account, model=f"model-{account}")
    assign(called, cast.support)
    for back in range(1, 57):
        if back not in without:
            book(called, TODAY.date() - timedelta(days=back), "2.00")


def test_a_company_without_usage_is_not_called_good(cast: Cast, client: Client) -> None:
    text = shown(client, cast.fiona)

    assert "Freshness How far the newest usage lies behind today. – Unknown no data yet" in text
    assert "Nothing is to be mended." in text
    assert "Nothing was checked yet" in text


def test_rows_that_came_late_are_told_with_their_money(cast: Cast, client: Client) -> None:
    new_delivery(rows=1000, loaded=1000, late=50, late_usd="12.00", submitted_at=TODAY)
    new_delivery(rows=40, loaded=40, late=40, late_usd="9.00", submitted_at=TODAY, undone_at=TODAY,
                 state=Delivery.State.UNDONE)  # fmt: skip

    text = shown(client, cast.fiona)

    assert "50 of 1,000 loaded rows came late" in text
    assert "95.0% Watch" in text
    assert "$12.00" in text


def test_a_day_that_a_source_usually_has_is_missing_with_its_money(
    cast: Cast, client: Client
) -> None:
    use_every_day(cast, without=(3, 9))

    text = shown(client, cast.fiona)

    assert "2 of 30 source days are missing" in text
    assert "93.3% Bad" in text
    assert "tokenops · main lacks 11 Nov, 17 Nov." in text
    assert "About $4.00." in text


def test_a_weekday_that_never_has_data_is_not_missed(cast: Cast, client: Client) -> None:
    sundays = tuple(back for back in range(1, 57) if (TODAY - timedelta(days=back)).weekday() == 6)
    use_every_day(cast, without=sundays)

    text = shown(client, cast.fiona)

    assert "0 of 26 source days are missing" in text
    assert "100.0% Good" in text


def test_what_belongs_to_no_unit_and_what_has_no_price_is_to_be_mended(
    cast: Cast, client: Client
) -> None:
    use_every_day(cast)  # 30 days of $2.00 and 15 tokens
    stray, unpriced = new_slice(workflow="stray"), new_slice(model="gpt-x")
    yesterday = TODAY.date() - timedelta(days=1)
    assign(stray, None)
    assign(unpriced, cast.support)
    book(stray, yesterday, "20.00", tokens=(100, 50))
    book(unpriced, yesterday, "0", status=CostStatus.UNPRICED, calls=3, tokens=(200, 100))

    text = shown(client, cast.fiona)

    # $20 of $80; 3 of 34 calls; 300 tokens at $80 for 600.
    assert "Allocated Money that belongs to a unit. 75.0% Bad at least 98% 100.0% $20.00" in text
    assert "91.2% Bad 3 calls without a price" in text
    assert "1 model without a price. 3 calls of unknown cost are in no sum. About $40.00." in text
    assert "Spend that belongs to no unit. Rules are suggested for the biggest groups." in text


def test_a_cost_report_beside_the_meter_says_by_how_much_they_differ(
    cast: Cast, client: Client
) -> None:
    use_every_day(cast)  # 30 days of $2.00
    told = new_slice(source="openai-costs", model="model-main")
    assign(told, cast.support)
    for back, usd in ((1, "2.50"), (2, "1.90"), (3, "2.00")):
        book(told, TODAY.date() - timedelta(days=back), usd, metered=False)

    text = shown(client, cast.fiona)

    # $6 of $60 are told twice; they differ by 50 and 10 cents.
    assert "cost report, tells too. 10.0% Bad at least 98% 0.0% $0.60" in text


def test_a_connector_that_cannot_pull_is_to_be_mended_first(cast: Cast, client: Client) -> None:
    use_every_day(cast, without=(3,))
    Connector.objects.create(
        kind="openai-costs",
        name="OpenAI of the group",
        account="main",
        created_by=cast.fiona,
        created_at=TODAY - timedelta(days=9),
        next_run_at=TODAY + timedelta(minutes=8),
        failures=3,
        failing_since=TODAY - timedelta(days=1),
        last_error="The key was refused.",
    )

    text = shown(client, cast.fiona)

    assert "OpenAI of the group is failed. " in text
    assert text.index("OpenAI of the group") < text.index("tokenops · main lacks")


def test_rows_that_could_not_be_used_lead_to_their_import(cast: Cast, client: Client) -> None:
    rows = {"rows": 1000, "loaded": 900, "duplicate": 95, "rejected": 5}
    bad = new_delivery(state=Delivery.State.DONE, filename="spend.csv", **rows)
    new_delivery(state=Delivery.State.FAILED, filename="odd.csv", reason="There is no header.")
    client.force_login(cast.fiona)

    page = re.sub(r"\s+", " ", client.get("/data/quality/").text)

    assert "95 duplicates left out, 0 conflicts, 5 rejected of 1,000 rows" in page
    assert "99.5%" in page
    assert f'href="/data/imports/{bad.pk}/"' in page
    assert "There is no header." in page


def test_the_proofs_say_when_they_ran_and_what_is_off(cast: Cast, client: Client) -> None:
    def cannot() -> str | None:
        new_delivery(rows=1)  # which the table refuses
        return None

    run_proofs([("unit days = slice days", lambda: "Off by $3.")], at=TODAY - timedelta(days=1))
    run_proofs(
        [
            ("journals = 0", lambda: None),
            ("unit days = slice days", lambda: "Unit 4 is off by $2."),
            ("audit chain intact", cannot),
        ],
        at=TODAY,
    )

    text = shown(client, cast.aud)

    assert "unit days = slice days Unit 4 is off by $2. Off 20 Nov 2026, 12:00" in text
    assert "Off by $3." not in text
    assert "journals = 0 Holds" in text
    assert "delivery_rows_add_up" in text
    assert "Could not be checked" in text


def test_a_general_manager_is_refused(cast: Cast, client: Client) -> None:
    client.force_login(cast.greta)

    assert client.get("/data/quality/").status_code == 403


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_asks_the_same_number_of_questions_for_any_number_of_sources(
    cast: Cast, client: Client, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        use_every_day(cast, account=f"account-{number}", without=(2,))
        new_delivery(state=Delivery.State.FAILED, filename=f"{number}.csv", reason="No.")
    client.force_login(cast.fiona)
    client.get("/data/quality/")

    with django_assert_num_queries(23):
        client.get("/data/quality/")
