"""The pages of business figures: tables looked at before they are kept, definitions, counts."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from ingestion.models import MonthlyCount, Outcome, OutcomeDefinition, Revenue
from ingestion.queries.definitions import terms_of
from tests.factories.outcomes import defined
from tests.org_cast import Cast

REVENUE = "product,period,amount_usd\nassist,2026-10,1000.50\nassist,2026-09,900\n"
OUTCOMES = (
    "id;workflow;at;outcome;value\r\n"
    "1;support-drafter;2026-11-19T10:00:00Z;success;2.5\r\n"
    "2;support-drafter;2026-11-19T11:00:00Z;failure;\r\n"
)
TERMS = {
    "name": "Ticket answered", "unit_of_work": "ticket", "success": "Nobody writes again.",
    "workflows": "support-drafter\nsupport-drafter\n\nsupport-triage", "source": "Zendesk",
    "kind": "internal",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch, at: datetime) -> None:
    monkeypatch.setattr(timezone, "now", lambda: at)


@pytest.fixture
def fiona(cast: Cast, client: Client, at: datetime) -> Client:
    defined(cast, at=at, kind="customer", product="assist")
    client.force_login(cast.fiona)
    return client


def send(client: Client, kind: str, text: str, do: str, **more: Any) -> Any:
    return client.post("/data/metrics/", {"kind": kind, "text": text, "do": do, **more})


def test_a_table_is_looked_at_before_it_is_kept(fiona: Client) -> None:
    looked = send(fiona, "revenue", REVENUE, "look").text

    assert "2 rows: 2 would be added, 0 would take the place" in looked
    assert not Revenue.objects.exists()

    kept = send(fiona, "revenue", REVENUE, "keep")

    assert kept.status_code == 302
    assert [row.amount_usd for row in Revenue.objects.order_by("starts_on")] == [
        Decimal(900), Decimal("1000.50"),
    ]  # fmt: skip
    assert (
        "Revenue of products: 2 added, 0 corrected, 0 known already."
        in fiona.get("/data/metrics/").text
    )


def test_a_file_is_read_like_its_text(fiona: Client) -> None:
    file = SimpleUploadedFile("o.csv", b"\xef\xbb\xbf" + OUTCOMES.encode())

    looked = fiona.post("/data/metrics/", {"kind": "outcomes", "file": file, "do": "look"})

    assert "2 rows: 2 would be added" in looked.text
    send(fiona, "outcomes", OUTCOMES, "keep")
    assert list(Outcome.objects.order_by("outcome_id").values_list("result", "value_usd")) == [
        ("success", Decimal("2.5")),
        ("failure", None),
    ]


def test_of_a_table_with_a_bad_line_nothing_is_kept_and_the_line_is_named(fiona: Client) -> None:
    answer = send(fiona, "revenue", REVENUE + "assist,soon,5\n", "keep")

    assert answer.status_code == 422
    assert "Line 4: period: &#x27;soon&#x27; is no day" in answer.text
    assert not Revenue.objects.exists()

    mixed = OUTCOMES + "3;mystery;2026-11-19T11:00:00Z;success;\r\n"
    answer = send(fiona, "outcomes", mixed, "keep")
    assert "Line 4: workflow: no outcome definition covers" in answer.text
    assert not Outcome.objects.exists()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Choose a file, or paste its text."),
        ("product,period\na,b\n", "has no column &#x27;amount_usd&#x27;"),
        ("product,period,amount_usd,colour\n", "The column &#x27;colour&#x27; is not one of"),
        ("product,product,period,amount_usd\n", "stands twice in the header"),
        ("product,period,amount_usd\na,b\n", "Line 2 has 2 cells where the header has 3."),
        ('product,period,amount_usd\n"a,b,c\n', "cannot be read as CSV"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused(fiona: Client, text: str, sentence: str) -> None:
    answer = send(fiona, "revenue", text, "look")

    assert answer.status_code == 422
    assert sentence in answer.text


def test_an_outcome_is_defined_on_a_page(cast: Cast, client: Client) -> None:
    client.force_login(cast.fiona)
    given = TERMS | {"unit": cast.support.pk, "owner": cast.grace.pk}

    answer = client.post("/data/metrics/outcomes/new/", given)

    assert answer.status_code == 302
    terms = terms_of(OutcomeDefinition.objects.get())
    assert (terms.workflows, terms.owner) == (["support-drafter", "support-triage"], cast.grace)
    assert "Ticket answered" in client.get("/data/metrics/").text


def test_a_definition_is_changed_by_who_read_its_newest_version(cast: Cast, fiona: Client) -> None:
    page = "/data/metrics/outcomes/ticket-answered/"
    given = TERMS | {"owner": cast.grace.pk, "minutes_saved": "4", "minutes_basis": "timed"}

    assert 'name="version" value="1"' in fiona.get(page).text
    assert fiona.post(page, given | {"version": "1"}).status_code == 302
    stale = fiona.post(page, given | {"version": "1"})

    assert stale.status_code == 422
    assert "it is at version 2, and you read version 1" in stale.text
    assert terms_of(OutcomeDefinition.objects.get()).minutes_saved == 4


def test_a_month_is_counted_by_hand(fiona: Client) -> None:
    page = "/data/metrics/outcomes/ticket-answered/counts/"
    count = {"period": "FY2026 P10", "started": "9500", "succeeded": "7790", "escalated": "1710"}

    refused = fiona.post(page, count | {"succeeded": "9000"})
    kept = fiona.post(page, count | {"source": "Dashboard"})

    assert refused.status_code == 422
    assert "10,710 tasks succeeded or were escalated, and only 9,500" in refused.text
    assert kept.status_code == 302
    row = MonthlyCount.objects.get()
    assert (row.starts_on, row.succeeded, row.source) == (date(2026, 10, 1), 7790, "Dashboard")
    assert "9,500" in fiona.get("/data/metrics/outcomes/ticket-answered/").text


@pytest.mark.parametrize("name", ["carl", "grace", "ed", "aud", "stan"])
def test_who_may_not_keep_figures_is_refused(cast: Cast, client: Client, name: str) -> None:
    client.force_login(getattr(cast, name))

    for path in ("/data/metrics/", "/data/metrics/outcomes/new/"):
        assert client.get(path).status_code == 403
