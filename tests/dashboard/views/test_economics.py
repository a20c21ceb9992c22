"""The pages of unit economics, their CSV, and GET /economics."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from ingestion.operations.metrics import FIGURES, record_figures
from ingestion.operations.outcomes import record_outcomes
from tests.factories.ingestion import book, new_slice
from tests.factories.outcomes import defined, told
from tests.org_cast import Cast


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch, at: datetime) -> None:
    monkeypatch.setattr(timezone, "now", lambda: at)


@pytest.fixture
def october(cast: Cast, at: datetime) -> None:
    """Ninety-five hundred tickets for $4,200."""
    defined(cast, at=at, rework_usd=Decimal("6.50"))
    book(new_slice(workflow="support-drafter"), date(2026, 10, 10), "4200", calls=20000)
    record = {
        "definition": "ticket-answered", "period": "FY2026 P10",
        "started": 9500, "succeeded": 7790,
    }  # fmt: skip
    record_figures(figure=FIGURES["counts"], records=[record], by=cast.fiona, at=at)


def opened(client: Client, cast: Cast, name: str, url: str) -> str:
    client.force_login(getattr(cast, name))
    return client.get(url).text


def test_the_index_says_what_one_result_costs(cast: Cast, client: Client, october: None) -> None:
    text = opened(client, cast, "carl", "/economics/?period=FY26-P10")

    for figure in ("$4,200.00", "9,500", "$0.4421", "$0.5392", "$1.966", "100.0%", "n = 7,790"):
        assert figure in text


def test_one_outcome_shows_how_it_is_computed(cast: Cast, client: Client, october: None) -> None:
    text = opened(client, cast, "grace", "/economics/ticket-answered/?period=FY26-P10")

    assert "In FY2026 P10 one successful ticket cost $0.5392, from 7,790 that succeeded." in text
    assert "$4,200.00 divided by 7,790" in text
    assert "$15,315.00 with review of 9,500 tasks, rework of 1,710" in text
    assert "31 of 31 days, counted by hand for whole periods" in text
    assert "/spend/?from=2026-10-01&amp;to=2026-11-01" in text


def test_too_few_outcomes_are_said_to_be_too_few(cast: Cast, client: Client, at: datetime) -> None:
    defined(cast, at=at)
    book(new_slice(workflow="support-drafter"), date(2026, 11, 19), "3")
    record_outcomes(records=[told(str(n)) for n in range(14)], by=cast.ed, at=at)
    record_outcomes(records=[told("0", outcome="failure")], by=cast.ed, at=at)

    index = opened(client, cast, "carl", "/economics/")
    page = opened(client, cast, "carl", "/economics/ticket-answered/")

    assert "Not enough: n = 14" in index
    assert "cost $0.2143, from 14 alone: too few to rely on." in page
    assert "1 outcome came again with other content" in page


def test_without_outcomes_no_cost_of_one_is_shown(cast: Cast, client: Client, at: datetime) -> None:
    defined(cast, at=at)
    book(new_slice(workflow="support-drafter"), date(2026, 11, 19), "3")

    index = opened(client, cast, "carl", "/economics/")
    assert "no outcomes yet" in index
    assert '<td class="num">0</td>' not in index  # what nobody counted is not nought
    page = opened(client, cast, "carl", "/economics/ticket-answered/")
    assert "$3.00 was spent in FY2026 P11; no outcomes yet, so one ticket has no cost." in page


def test_without_definitions_the_page_says_what_to_do(cast: Cast, client: Client) -> None:
    assert "Define an outcome" in opened(client, cast, "fiona", "/economics/")
    assert "A FinOps analyst or an administrator defines" in opened(
        client, cast, "carl", "/economics/"
    )


def test_what_belongs_to_another_unit_is_not_there(
    cast: Cast, client: Client, october: None
) -> None:
    assert "Ticket answered" not in opened(client, cast, "greta", "/economics/?period=FY26-P10")
    assert client.get("/economics/ticket-answered/").status_code == 404


def test_the_csv_has_exact_figures(cast: Cast, client: Client, october: None) -> None:
    client.force_login(cast.carl)

    answer = client.get("/economics/?period=FY26-P10&format=csv")

    header, row = answer.getvalue().decode("utf-8-sig").splitlines()
    cells = dict(zip(header.split(","), row.split(","), strict=True))
    assert (cells["outcome"], cells["cost_usd"]) == ("ticket-answered", "4200.000000000000")
    assert cells["per_outcome_usd"] == "0.539152759949"
    assert cells["spend_coverage"] == ""


def test_the_api_tells_the_same(cast: Cast, client: Client, october: None) -> None:
    client.force_login(cast.carl)

    answer = client.get("/api/v1/economics?from=2026-10-01&to=2026-11-01").json()

    (row,) = answer["results"]
    assert (answer["from"], answer["to"], answer["currency"]) == ("2026-10-01", "2026-11-01", "USD")
    assert (row["outcome"], row["started"], row["evidence"]) == ("ticket-answered", 9500, "enough")
    assert (row["per_outcome_usd"], row["counted_from"]) == ("0.539152759949", "typed")
    assert (row["spend_coverage"], row["task_p50_usd"]) == (None, None)


@pytest.mark.parametrize("question", ["from=then", "to=2026-01-01&from=2026-02-01", "unit=x",
                                      "from=0001-01-01", "to=9999-12-31"])  # fmt: skip
def test_a_question_that_makes_no_sense_is_refused(
    cast: Cast, client: Client, question: str
) -> None:
    client.force_login(cast.carl)

    assert client.get(f"/api/v1/economics?{question}").status_code == 422


@pytest.mark.parametrize("count", [1, 3])
def test_three_outcomes_take_as_many_queries_as_one(
    cast: Cast,
    client: Client,
    at: datetime,
    count: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(count):
        defined(cast, at=at, name=f"Work {number}", workflows=[f"flow-{number}"])
    client.force_login(cast.carl)

    with django_assert_num_queries(17):
        client.get("/economics/")
