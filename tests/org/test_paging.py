"""Lists of the API, page by page."""

import pytest
from django.test import Client

from org.models import Unit
from tests.factories.org import new_unit
from tests.org_cast import Cast

pytestmark = pytest.mark.urls("tests.org.plain_views")
URL = "/api/v1/units"


@pytest.fixture
def client(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.ed, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_a_list_that_fits_has_no_next_page(client: Client) -> None:
    content = client.get(URL).json()

    assert [row["slug"] for row in content["results"]] == [
        "claims",
        "support",
        "operations",
        "acme",
    ]
    assert content["next"] is None


def test_pages_join_without_gap_or_repetition_while_rows_are_added(client: Client) -> None:
    seen, url = [], f"{URL}?limit=3"
    while url:
        content = client.get(url).json()
        seen += [row["slug"] for row in content["results"]]
        url = content["next"]
        new_unit(f"Added {Unit.objects.count()}")

    assert seen == ["claims", "support", "operations", "acme"]


def test_a_cursor_that_is_none_is_refused(client: Client) -> None:
    answer = client.get(f"{URL}?cursor=abc")

    assert answer.status_code == 404
    assert answer.json()["detail"] == "Invalid cursor"


def test_a_page_has_at_most_five_hundred_rows(client: Client) -> None:
    Unit.objects.bulk_create(Unit(slug=f"u{n}", name="U", path="") for n in range(500))

    assert len(client.get(f"{URL}?limit=10000").json()["results"]) == 500
