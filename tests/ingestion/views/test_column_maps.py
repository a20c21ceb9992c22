"""Mapping a held file: with a saved map, with none, and keeping what was said."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from ingestion.models import ColumnMap, Delivery
from tests.factories.ingestion import new_map
from tests.org_cast import Cast

TRACE = b"T,I,O\n2026-11-19 10:00:00,1000,100\n"
MAPPED = {
    "map-started_at": "T",
    "map-in_text": "I",
    "map-out_text": "O",
    "set-provider": "openai",
    "set-model": "gpt-4o",
}


@pytest.fixture
def fiona(cast: Cast, client: Client) -> Client:
    client.force_login(cast.fiona)
    return client


def hold(client: Client, content: bytes = TRACE) -> str:
    """Hand in a file that nobody recognises, and return where it is mapped."""
    file = SimpleUploadedFile("trace.csv", content)
    answer = client.post("/data/imports/new/", {"file": file, "source": "detect"})
    return str(answer.headers["Location"])


def test_a_map_is_kept_while_its_file_is_loaded(cast: Cast, fiona: Client) -> None:
    fiona.post(hold(fiona), MAPPED | {"save_as": "Azure trace"})

    kept = ColumnMap.objects.get()
    assert (kept.name, kept.owner, kept.columns) == ("Azure trace", cast.fiona, ["I", "O", "T"])
    assert kept.fixed_values == {"provider": "openai", "model": "gpt-4o"}
    assert Delivery.objects.get().column_map == kept.column_map


def test_the_next_file_of_these_columns_is_mapped_by_itself(cast: Cast, fiona: Client) -> None:
    new_map("Azure trace", owner=cast.fiona)

    text = fiona.get(hold(fiona, b"O,I,T\n1,2,2026-11-19\n")).text

    assert "The columns are those of the saved map <b>Azure trace</b>" in text
    assert text.count('<option value="T" selected>') == 1
    assert 'value="gpt-4o"' in text
    assert ">Azure trace</option>" in text


def test_a_file_of_other_columns_is_guessed(cast: Cast, fiona: Client) -> None:
    new_map("Azure trace", owner=cast.fiona)

    text = fiona.get(hold(fiona, b"model,T\nx,2026-11-19\n")).text

    assert "The columns are those of" not in text
    assert '<option value="model" selected>' in text
    assert 'value="gpt-4o"' not in text


def test_a_saved_map_is_chosen_in_the_address_and_what_it_lacks_is_said(
    cast: Cast, fiona: Client
) -> None:
    saved = new_map("Azure trace", owner=cast.fiona)
    place = hold(fiona, b"T,Other\n2026-11-19,1\n")

    text = fiona.get(place, {"saved": saved.pk}).text

    assert f'<option value="{saved.pk}" selected>Azure trace</option>' in text
    assert "names columns that this file does not have: I, O." in text
    assert '<option value="T" selected>' in text


@pytest.mark.parametrize("wanted", ["0", "", "x", "99999999999999999999", "-1"])
def test_no_map_is_used_where_none_is_wanted(cast: Cast, fiona: Client, wanted: str) -> None:
    new_map("Azure trace", owner=cast.fiona)

    text = fiona.get(hold(fiona), {"saved": wanted}).text

    assert "The columns are those of" not in text
    assert 'value="gpt-4o"' not in text


def test_htmx_gets_the_part_and_everybody_else_the_page(cast: Cast, fiona: Client) -> None:
    saved = new_map("Azure trace", owner=cast.fiona)
    place = hold(fiona)

    part = fiona.get(place, {"saved": saved.pk}, headers={"HX-Request": "true"}).text
    page = fiona.get(place, {"saved": saved.pk}).text

    assert part.strip().startswith('<div id="map"')
    assert "<h1" not in part
    assert page.count("<h1") == 1
    assert page.count('<div id="map"') == 1


def test_the_name_of_the_map_in_use_replaces_it(cast: Cast, fiona: Client) -> None:
    saved = new_map("Azure trace", owner=cast.ed)

    fiona.post(hold(fiona), MAPPED | {"map-out_text": "", "save_as": "azure trace"})

    kept = ColumnMap.objects.get()
    assert (kept.pk, kept.owner) == (saved.pk, cast.fiona)
    assert kept.column_map == {"started_at": "T", "in_text": "I"}


def test_the_name_of_another_map_is_refused_and_nothing_is_loaded(
    cast: Cast, fiona: Client
) -> None:
    new_map("Other", owner=cast.fiona, columns=["a"])

    page = fiona.post(hold(fiona), MAPPED | {"save_as": "other"})

    assert page.status_code == 422
    assert "There is a map &#x27;other&#x27; already." in page.text
    assert not Delivery.objects.exists()


def test_an_engineer_uses_maps_and_keeps_none(cast: Cast) -> None:
    saved = new_map("Azure trace", owner=cast.fiona)
    ed = Client()
    ed.force_login(cast.ed)
    place = hold(ed)

    page = ed.get(place)
    refused = ed.post(place, MAPPED | {"save_as": "Mine"})

    assert "The columns are those of the saved map <b>Azure trace</b>" in page.text
    assert "Keep this map as" not in page.text
    assert refused.status_code == 422
    assert ColumnMap.objects.get() == saved
    assert ed.post(f"/data/imports/maps/{saved.pk}/delete/").status_code == 403
    assert ed.post(place, MAPPED).status_code == 302


def test_a_map_is_deleted_where_files_are_chosen(cast: Cast, fiona: Client) -> None:
    saved = new_map("Azure trace", owner=cast.fiona)

    assert "Delete Azure trace" in fiona.get("/data/imports/new/").text
    answer = fiona.post(f"/data/imports/maps/{saved.pk}/delete/")

    assert answer.headers["Location"] == "/data/imports/new/"
    assert not ColumnMap.objects.exists()
    assert "Saved column maps" not in fiona.get("/data/imports/new/").text


def test_who_may_not_load_files_sees_no_map(cast: Cast, client: Client) -> None:
    saved = new_map("Azure trace", owner=cast.fiona)
    client.force_login(cast.grace)

    assert client.get("/data/imports/new/").status_code == 403
    assert client.post(f"/data/imports/maps/{saved.pk}/delete/").status_code == 403


@pytest.mark.parametrize("count", [1, 3])
def test_the_maps_take_as_many_queries_for_three_as_for_one(
    cast: Cast, fiona: Client, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        new_map(f"Map {number}", owner=cast.fiona)

    with django_assert_num_queries(8):
        page = fiona.get("/data/imports/new/")

    assert page.text.count("Delete Map") == count
