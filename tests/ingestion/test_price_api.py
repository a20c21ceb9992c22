"""GET /prices: the rows of the book that stand, filtered, paged, for those who may."""

from datetime import datetime
from decimal import Decimal
from io import StringIO

from django.core.management import call_command
from django.test import Client

from ingestion.models import PriceChange
from ingestion.operations.price_list import list_source
from ingestion.operations.prices import OwnPrices, set_prices
from tests.org_cast import Cast


def test_rows_that_stand_are_listed_with_source_and_author(
    cast: Cast, client: Client, at: datetime
) -> None:
    for usd in (Decimal(3), Decimal("2.2")):
        draft = OwnPrices("openai", "gpt-4o", {"in_text": usd}, account="prod")
        set_prices(draft=draft, by=cast.fiona, at=at)
    client.force_login(cast.fiona)

    answer = client.get("/api/v1/prices?provider=openai&model=gpt-4o&meter=in_text").json()

    own, listed = answer["results"]
    assert (own["account"], own["usd"], own["author"]) == ("prod", "2.200000000000", "Fiona")
    assert (listed["account"], listed["usd"], listed["source"]) == (
        "", "2.500000000000", list_source(),
    )  # fmt: skip
    assert answer["next"] is None


def test_hours_are_told(cast: Cast, client: Client) -> None:
    client.force_login(cast.ed)

    rows = client.get("/api/v1/prices?model=deepseek-chat&provider=deepseek&meter=out_text").json()

    assert [row["hours_utc"] for row in rows["results"]] == ["daily 00:30 to 16:30 UTC", ""]


def test_the_book_comes_in_pages(cast: Cast, client: Client) -> None:
    client.force_login(cast.aud)

    answer = client.get("/api/v1/prices?limit=2").json()

    assert len(answer["results"]) == 2
    assert len(client.get(answer["next"]).json()["results"]) == 2


def test_a_general_manager_is_refused(cast: Cast, client: Client) -> None:
    client.force_login(cast.grace)

    assert client.get("/api/v1/prices").status_code == 403


def test_the_command_loads_a_list_once_and_says_so(db: None) -> None:
    changes = PriceChange.objects.count()
    out = StringIO()

    call_command("prices", stdout=out)

    assert out.getvalue() == f"{list_source()}: 0 prices added.\n"
    assert PriceChange.objects.count() == changes
