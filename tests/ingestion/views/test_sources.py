"""The page of sources: what counts, what stands beside it, and changing it."""

from datetime import date

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from ingestion.models import MeteringSource
from tests.ingestion.conftest import Deliver
from tests.ingestion.report_source import line, report
from tests.org_cast import Cast

pytestmark = pytest.mark.usefixtures("report_sources")
NOVEMBER = "/data/sources/?from=2026-11-01&to=2026-12-01"
CHANGE = {
    "provider": "openai",
    "account": "prod",
    "source": "acme-export",
    "starts_on": "2026-11-02",
    "reason": "The invoice follows it.",
}


@pytest.fixture
def fiona(cast: Cast, client: Client) -> Client:
    client.force_login(cast.fiona)
    return client


def tell(deliver: Deliver, *accounts: str) -> None:
    """Let two sources tell of the same day of each account: $8.00 counts, $10.00 stands beside."""
    for account in accounts:
        for source, usd in (("acme-usage", "8"), ("acme-export", "10")):
            told = line(2, usd=usd, tokens=(1_000, 500), requests=7)
            deliver(report(told), source=source, account=account)


def test_nothing_was_told_yet(fiona: Client) -> None:
    assert "No source has told anything yet" in fiona.get("/data/sources/").text


def test_sources_of_the_same_money_stand_side_by_side(fiona: Client, deliver: Deliver) -> None:
    tell(deliver, "prod")

    text = " ".join(fiona.get(NOVEMBER).text.split())

    assert "openai · prod" in text
    assert (
        '<th scope="row">acme-usage<span class="beneath">counts</span></th> <td class="num">1</td>'
        ' <td class="num">7</td> <td class="num">1,500</td> <td class="num">$8.00</td>'
        ' <td class="num">$0.00</td> <td class="num">0.0%</td>'
    ) in text
    assert (
        '<th scope="row">acme-export</th> <td class="num">1</td> <td class="num">7</td>'
        ' <td class="num">1,500</td> <td class="num">$10.00</td> <td class="num">$2.00</td>'
        ' <td class="num">25.0%</td>'
    ) in text


def test_a_source_of_few_days_is_set_against_those_days_alone(
    fiona: Client, deliver: Deliver
) -> None:
    deliver(report(line(2, usd="8"), line(3, usd="30")), source="acme-usage", account="prod")
    deliver(report(line(2, usd="10")), source="acme-export", account="prod")

    text = " ".join(fiona.get(NOVEMBER).text.split())

    assert '<td class="num">$38.00</td> <td class="num">$0.00</td>' in text
    assert '<td class="num">$10.00</td> <td class="num">$2.00</td>' in text


def test_days_outside_the_period_are_left_out(fiona: Client, deliver: Deliver) -> None:
    tell(deliver, "prod")

    text = fiona.get("/data/sources/?from=2026-11-03&to=2026-12-01").text

    assert "No source has usage of these days." in text


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("from=2026-11-03&to=2026-11-01", "The period ends before it begins."),
        ("from=yesterday&to=", "Give both days of the period"),
    ],
)
def test_a_period_that_does_not_hold_is_refused_in_words(
    fiona: Client, asked: str, sentence: str
) -> None:
    answer = fiona.get(f"/data/sources/?{asked}")

    assert answer.status_code == 422
    assert sentence in answer.text


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_takes_as_many_queries_for_three_accounts_as_for_one(
    fiona: Client, deliver: Deliver, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    tell(deliver, *(f"account-{number}" for number in range(count)))

    with django_assert_num_queries(10):
        text = fiona.get(NOVEMBER).text

    assert text.count("Let another source count") == count


def test_the_source_of_record_is_changed_from_the_page(
    cast: Cast, fiona: Client, deliver: Deliver
) -> None:
    tell(deliver, "prod")

    done = fiona.post("/data/sources/change/", CHANGE, follow=True)

    assert done.redirect_chain == [("/data/sources/", 302)]
    assert "acme-export is the source of record of prod now." in done.text
    assert list(MeteringSource.objects.order_by("pk").values_list("source", "starts_on")) == [
        ("acme-usage", None),
        ("acme-export", date(2026, 11, 2)),
    ]


def test_a_refused_change_says_why_and_keeps_what_was_typed(
    fiona: Client, deliver: Deliver
) -> None:
    tell(deliver, "prod")

    unknown = fiona.post("/data/sources/change/", CHANGE | {"source": "litellm"})
    undated = fiona.post("/data/sources/change/", CHANGE | {"starts_on": "soon"})

    assert unknown.status_code == undated.status_code == 422
    assert "“litellm” has told nothing of openai/prod yet." in unknown.text
    assert ">The invoice follows it.</textarea>" in unknown.text
    assert "Enter a valid date." in undated.text


@pytest.mark.parametrize(
    ("name", "answers"),
    [
        ("fiona", (200, 302)),
        ("ada", (200, 302)),
        ("ed", (200, 403)),
        ("carl", (200, 403)),
        ("aud", (200, 403)),
        ("grace", (403, 403)),
    ],
)
def test_who_sees_sources_and_who_changes_them(
    cast: Cast, client: Client, deliver: Deliver, name: str, answers: tuple[int, int]
) -> None:
    sees, changes = answers
    tell(deliver, "prod")
    client.force_login(getattr(cast, name))

    page = client.get("/data/sources/")

    assert page.status_code == sees
    assert ("Let another source count" in page.text) == (changes == 302)
    assert client.post("/data/sources/change/", CHANGE).status_code == changes
