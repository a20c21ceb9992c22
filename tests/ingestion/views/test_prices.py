"""The price pages: unpriced on top, the book, a model's history, setting with a preview."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from ingestion.models import Adjustment, CostStatus, PriceChange, PriceRow, PriceTerm, SliceDay
from ingestion.operations.prices import Discount, OwnPrices, set_prices
from ingestion.operations.work import do_next
from tests.factories.ingestion import book, new_slice
from tests.ingestion.conftest import Deliver
from tests.org_cast import Cast

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HEADER = "id,started_at,provider,model,account,in_text,out_text\n"
OWN = {"provider": "openai", "model": "gpt-4o", "account": "prod", "service_tier": "standard"}


@pytest.fixture
def fiona(cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(timezone, "now", lambda: AT)
    client.force_login(cast.fiona)
    return client


def call(name: str, model: str = "gpt-4o") -> str:
    return f"{name},2026-11-19T10:00:00Z,openai,{model},prod,1000,100\n"


def confirm(client: Client, path: str, fields: dict[str, Any]) -> Any:
    """Press Preview, then keep what was seen, as a browser would."""
    page = client.post(path, fields | {"do": "preview"})
    assert page.status_code == 200
    seen = re.search(r'name="seen" value="([^"]+)"', page.content.decode())
    assert seen
    return client.post(path, fields | {"do": "confirm", "seen": seen[1]})


def test_what_is_unpriced_stands_on_top_with_what_it_would_cost(
    fiona: Client, deliver: Deliver
) -> None:
    deliver(HEADER + call("r1", "gpt-4o-imaginary"))
    assert SliceDay.objects.get().status == CostStatus.UNPRICED

    page = fiona.get("/prices/")

    [each] = page.context["unpriced"]
    assert (each.model, each.calls, each.tokens, each.since) == (
        "gpt-4o-imaginary", 1, 1100, date(2026, 11, 19),
    )  # fmt: skip
    assert each.like is not None
    assert not each.is_listed
    assert each.like_usd is not None
    text = page.content.decode()
    assert text.index("gpt-4o-imaginary") < text.index("The book as it holds now")


def test_a_listed_model_in_a_tier_without_a_price_says_so(fiona: Client, deliver: Deliver) -> None:
    deliver(
        "id,started_at,provider,model,service_tier,in_text,out_text\n"
        "r1,2026-11-19T10:00:00Z,openai,gpt-4o,priority,1000000,100000\n"
    )

    [each] = fiona.get("/prices/").context["unpriced"]

    assert each.is_listed
    # As gpt-4o at the standard tier: $2.50 and a tenth of $10.
    assert (each.like, each.like_usd) == (("openai", "gpt-4o"), Decimal("3.5"))


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_asks_as_many_questions_for_one_model_as_for_three(
    fiona: Client, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        unpriced = new_slice(model=f"house-{number}xqzw")
        book(unpriced, date(2026, 11, 19), "0", status=CostStatus.UNPRICED)
    fiona.get("/prices/")

    with django_assert_num_queries(18):
        fiona.get("/prices/")


def test_the_book_is_searched_by_model_provider_account_and_tier(fiona: Client, cast: Cast) -> None:
    set_prices(
        draft=OwnPrices("openai", "gpt-4o", {"in_text": Decimal(2)}, account="prod"),
        by=cast.fiona,
        at=AT,
    )

    found = fiona.get("/prices/?text=gpt-4o&provider=openai&account=prod&tier=standard")

    [row] = found.context["rows"]
    assert (row.model, row.account, row.usd["in_text"]) == ("gpt-4o", "prod", Decimal(2))
    [own] = fiona.get("/prices/?own=yes").context["rows"]
    assert own == row


def test_htmx_is_answered_the_book_alone(fiona: Client) -> None:
    part = fiona.get("/prices/?text=gpt-4o", headers={"HX-Request": "true"}).content.decode()

    assert part.startswith('<div id="book"')
    assert "<h1" not in part


def test_a_models_page_has_every_row_with_source_and_author(fiona: Client, cast: Cast) -> None:
    for usd in (Decimal(2), Decimal(1)):
        draft = OwnPrices("openai", "gpt-4o", {"in_text": usd}, account="prod")
        set_prices(draft=draft, by=cast.fiona, at=AT)

    page = fiona.get("/prices/model/?provider=openai&model=gpt-4o")

    rows = [row for row in page.context["rows"] if row.meter == "in_text"]
    assert [(row.account, row.usd, row.author) for row in rows] == [
        ("", Decimal("2.5"), None),
        ("prod", Decimal(2), cast.fiona),
        ("prod", Decimal(1), cast.fiona),
    ]
    text = page.content.decode()
    assert "Corrected" in text
    assert "genai-prices" in text
    assert "Derived" in text


def test_hours_are_written_in_words(fiona: Client) -> None:
    page = fiona.get("/prices/model/?provider=deepseek&model=deepseek-chat").content.decode()

    assert "daily 00:30 to 16:30 UTC" in page


def test_a_model_that_the_book_does_not_know_is_not_found(fiona: Client) -> None:
    assert fiona.get("/prices/model/?provider=openai&model=nope").status_code == 404


def test_a_price_is_previewed_kept_and_restates(fiona: Client, deliver: Deliver) -> None:
    deliver(HEADER + call("r1"))

    preview = fiona.post("/prices/own/", OWN | {"in_text": "2", "do": "preview"})

    assert "$0.00" in preview.content.decode()
    [(line, unit)] = preview.context["lines"]
    assert (line.before_usd, line.change_usd, unit) == (
        Decimal("0.0035"), Decimal("-0.0005"), "Unallocated",
    )  # fmt: skip
    assert not PriceRow.objects.filter(account="prod").exists()

    answer = confirm(fiona, "/prices/own/", OWN | {"in_text": "2"})
    change = PriceChange.objects.latest("pk")
    assert (answer.status_code, answer.headers["Location"]) == (
        302,
        f"/prices/changes/{change.pk}/",
    )
    while do_next(at=AT):
        pass
    page = fiona.get(f"/prices/changes/{change.pk}/")
    assert page.context["months"] == [(date(2026, 11, 1), Decimal("-0.0005"), 0)]
    assert SliceDay.objects.get().cost_usd == Decimal("0.003")


def test_what_was_not_seen_is_not_kept(fiona: Client) -> None:
    page = fiona.post("/prices/own/", OWN | {"in_text": "2", "do": "confirm", "seen": "other"})

    assert page.status_code == 200
    assert "what would move" in page.content.decode()
    assert not PriceRow.objects.filter(account="prod").exists()


def test_a_discount_is_set_from_its_day_on(fiona: Client, cast: Cast) -> None:
    fields = {
        "provider": "openai", "model": "gpt-4*", "account": "prod", "percent": "12.5",
        "starts_on": "2026-11-01", "ends_on": "2026-12-31",
    }  # fmt: skip

    confirm(fiona, "/prices/discount/", fields)

    term = PriceTerm.objects.get(account="prod")
    assert (term.factor, term.author, term.covers_fees) == (Decimal("0.875"), cast.fiona, False)
    assert term.starts_at == datetime(2026, 11, 1, tzinfo=UTC)
    assert term.ends_at == datetime(2027, 1, 1, tzinfo=UTC)
    page = fiona.get("/prices/").content.decode()
    assert "12.5%" in page


@pytest.mark.parametrize(
    ("path", "fields", "field"),
    [
        ("own", {"in_text": "-1"}, "in_text"),
        ("own", {"in_text": "two"}, "in_text"),
        ("own", {}, "in_text"),
        ("own", {"in_text": "1", "model": ""}, "model"),
        ("own", {"in_text": "1", "starts_on": "2026-11-02", "ends_on": "2026-11-01"}, "ends_on"),
        ("own", {"in_text": "1", "starts_on": "yesterday"}, "starts_on"),
        ("discount", {"percent": "101"}, "percent"),
        ("discount", {"percent": "5", "account": ""}, "account"),
    ],
)
def test_bad_input_is_named_beside_its_field(
    fiona: Client, path: str, fields: dict[str, str], field: str
) -> None:
    page = fiona.post(f"/prices/{path}/", OWN | fields | {"do": "preview"})

    assert page.status_code == 422
    assert list(page.context["form"].errors) == [field]


def test_pricing_like_another_model_fills_its_prices_in(fiona: Client) -> None:
    page = fiona.get(
        "/prices/own/?provider=openai&model=house-9&like_provider=openai&like_model=gpt-4o"
    )

    initial = page.context["form"].initial
    assert (initial["model"], initial["in_text"], initial["out_text"]) == ("house-9", "2.5", "10")


def test_a_re_pricing_shows_how_far_it_is_and_can_be_resumed(
    fiona: Client, deliver: Deliver, cast: Cast
) -> None:
    deliver(HEADER + call("r1"))
    draft = Discount("openai", "prod", Decimal(10))
    change = set_prices(draft=draft, by=cast.fiona, at=AT)
    path = f"/prices/changes/{change.pk}/"

    part = fiona.get(path, headers={"HX-Request": "true"}).content.decode()
    assert "0 of 1 days" in part
    assert 'hx-trigger="every 1s"' in part

    PriceChange.objects.filter(pk=change.pk).update(state="failed", reason="Broken.", attempts=3)
    assert "Go on from there" in fiona.get(path).content.decode()
    assert fiona.post(path).status_code == 302
    while do_next(at=AT):
        pass
    page = fiona.get(path).content.decode()
    assert "1 of 1 days" in page
    assert "hx-trigger" not in page
    assert Adjustment.objects.count() == 1


def test_an_auditor_reads_prices_and_changes_none(
    cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(cast.aud)

    page = client.get("/prices/")

    assert page.status_code == 200
    assert "Set a price" not in page.content.decode()
    for path in ("/prices/own/", "/prices/discount/"):
        assert client.get(path).status_code == 403
        assert client.post(path, OWN | {"in_text": "1"}).status_code == 403


def test_a_general_manager_does_not_see_what_accounts_pay(cast: Cast, client: Client) -> None:
    client.force_login(cast.grace)

    assert client.get("/prices/").status_code == 403
    assert client.get("/prices/model/?provider=openai&model=gpt-4o").status_code == 403
    assert client.get("/prices/changes/1/").status_code == 403
