"""The explorer page: the address is the question, the answer is exact."""

import re
from datetime import date

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.factories.ingestion import assign, book, new_slice
from tests.org_cast import Cast


@pytest.fixture
def carl(cast: Cast, client: Client) -> Client:
    client.force_login(cast.carl)
    return client


def lines(text: str) -> dict[str, str]:
    """Return what the table of groups says, by name."""
    found = re.findall(
        r'<th scope="row"><a href="\?[^"]*">([^<]*)</a></th><td class="num">([^<]*?)\s*<', text
    )
    return dict(found)


def test_a_bare_address_shows_units_by_day(carl: Client, spending: None) -> None:
    text = carl.get("/spend/").text

    assert lines(text) == {"Support": "$1.00", "Claims": "$2.00", "Unallocated": "$4.00"}
    assert '<option value="unit" selected>' in text
    assert "3 calls have no price" in text


def test_two_groups_are_named_together(carl: Client, spending: None) -> None:
    text = carl.get("/spend/?group_by=unit&group_by=workflow").text

    assert lines(text) == {
        "Support · reply": "$1.00",
        "Claims · claim": "$2.00",
        "Unallocated · stray": "$4.00",
    }


def test_a_filter_is_added_to_the_address_and_taken_away_again(
    carl: Client, spending: None
) -> None:
    added = carl.get("/spend/?group_by=unit&filter_by=workflow&filter_value=reply")
    page = carl.get(added.headers["Location"])
    removal = re.search(r'class="filter-remove" href="([^"]*)"', page.text)

    assert added.status_code == 302
    assert "filter%5Bworkflow%5D=reply" in added.headers["Location"]
    assert lines(page.text) == {"Support": "$1.00"}
    assert removal
    assert len(lines(carl.get(f"/spend/{removal[1]}".replace("&amp;", "&")).text)) == 3


def test_a_group_leads_to_its_own_spend(carl: Client, spending: None) -> None:
    drill = re.search(r'<a href="(\?[^"]*)">Claims</a>', carl.get("/spend/?group_by=unit").text)

    assert drill
    assert lines(carl.get(f"/spend/{drill[1]}".replace("&amp;", "&")).text) == {"Claims": "$2.00"}


def test_htmx_gets_the_result_and_the_address_that_asks_for_it(
    carl: Client, spending: None
) -> None:
    asked = "/spend/?group_by=unit&filter_by=workflow&filter_value=reply"

    part = carl.get(asked, headers={"HX-Request": "true"})

    assert part.text.strip().startswith('<div id="result"')
    assert "filter%5Bworkflow%5D=reply" in part.headers["HX-Push-Url"]
    assert lines(part.text) == {"Support": "$1.00"}


def test_nothing_found_says_so_and_offers_a_way_on(carl: Client, spending: None) -> None:
    text = carl.get("/spend/?filter[key]=none").text

    assert "No call of this time has all of these values." in text
    assert 'href="/spend/">Start again' in text


def test_a_question_that_makes_no_sense_keeps_the_page(carl: Client) -> None:
    answer = carl.get("/spend/?measure=money")

    assert answer.status_code == 422
    assert "`measure` must be one of effective" in answer.text
    assert answer.text.count("<h1") == 1


def test_small_groups_are_one_row_and_the_total_keeps_them(
    cast: Cast, carl: Client, today: date
) -> None:
    for number in range(53):
        called = new_slice(workflow=f"flow-{number:02}")
        assign(called, cast.support)
        book(called, today, "1.00")

    text = carl.get("/spend/?group_by=workflow").text

    assert len(lines(text)) == 50
    assert '<th scope="row">3 smaller groups</th><td class="num">$3.00</td>' in text
    assert '<th scope="row">Total</th><td class="num">$53.00</td>' in text


@pytest.mark.parametrize("groups", [1, 3])
def test_three_groups_take_as_many_queries_as_one(
    cast: Cast,
    carl: Client,
    today: date,
    groups: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(groups):
        called = new_slice(workflow=f"flow-{number}")
        assign(called, cast.support)
        book(called, today, "1.00")

    with django_assert_num_queries(9):
        carl.get("/spend/?group_by=workflow")


def test_the_chart_answers_the_same_question_as_the_page(carl: Client, spending: None) -> None:
    figure = carl.get("/charts/spend.json?group_by=workflow&measure=calls&granularity=total").json()

    assert {bar["name"]: bar["y"] for bar in figure["data"]} == {
        "reply": [4.0],
        "claim": [1.0],
        "stray": [1.0],
    }


def test_names_are_withheld_from_who_may_not_read_them(
    cast: Cast, client: Client, today: date
) -> None:
    called = new_slice(person="ana@x")
    assign(called, cast.support)
    book(called, today, "1.00")

    client.force_login(cast.carl)
    for_carl = client.get("/spend/?group_by=person").text
    client.force_login(cast.fiona)
    for_fiona = client.get("/spend/?group_by=person").text

    assert lines(for_carl) == {"Names withheld": "$1.00"}
    assert lines(for_fiona) == {"ana@x": "$1.00"}


def test_the_rows_behind_an_answer_can_be_had_as_focus(carl: Client, spending: None) -> None:
    page = carl.get(
        "/spend/?from=2026-11-01&to=2026-12-01&group_by=unit&filter[workflow]=reply&measure=list"
    )

    links = [
        link.replace("&amp;", "&") for link in re.findall(r'"(/api/v1/focus[^"]*)"', page.text)
    ]

    asked = "from=2026-11-01&to=2026-12-01&filter%5Bworkflow%5D=reply"
    assert links == [f"/api/v1/focus?{asked}&format={kind}" for kind in ("csv", "parquet")]
    assert carl.get(links[0]).status_code == 200
