"""Mending rejected rows from an import's page and over REST."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from ingestion.models import Delivery
from tests.ingestion.conftest import Deliver
from tests.org_cast import Cast

CALLS = (
    "id,started_at,provider,model,in_text\n"
    "r1,2026-11-19T10:00:00Z,openai,gpt-4o,1000\n"
    "r2,2026-11-19T10:00:00Z,openai,gpt-4o,many\n"
)


@pytest.fixture
def fiona(cast: Cast, client: Client) -> Client:
    client.force_login(cast.fiona)
    return client


@pytest.fixture
def first(deliver: Deliver) -> Delivery:
    return deliver(CALLS)


def mended(answer: Any) -> SimpleUploadedFile:
    content = b"".join(answer.streaming_content).replace(b"many", b"2000")
    return SimpleUploadedFile("mended.csv", content)


def test_rows_are_taken_mended_and_loaded_from_the_page(
    cast: Cast, fiona: Client, first: Delivery
) -> None:
    page = f"/data/imports/{first.pk}/"
    before = fiona.get(page).text
    taken = fiona.get(f"{page}rejects/file/")

    sent = fiona.post(f"{page}mend/", {"file": mended(taken)})

    delivery = Delivery.objects.exclude(pk=first.pk).get()
    assert f'href="{page}rejects/file/"' in before
    assert f'action="{page}mend/"' in before
    assert taken.headers["Content-Disposition"] == f'attachment; filename="mend-{first.pk}.csv"'
    assert sent.headers["Location"] == f"/data/imports/{delivery.pk}/"
    assert (delivery.mends, delivery.source, delivery.submitted_by) == (
        first,
        "tokenops",
        cast.fiona,
    )
    assert (
        f'rejected rows of <a href="{page}">import {first.pk}</a>'
        in sent.client.get(sent.headers["Location"]).text
    )
    link = f'<a href="/data/imports/{delivery.pk}/">import {delivery.pk}</a>'
    assert f"<dt>Mended by</dt><dd>{link}</dd>" in fiona.get(page).text


def test_the_form_says_why_mended_rows_cannot_be_taken(fiona: Client, deliver: Deliver) -> None:
    clean = deliver(CALLS.rpartition("r2")[0])

    nothing = fiona.post(f"/data/imports/{clean.pk}/mend/", {})
    refused = fiona.post(
        f"/data/imports/{clean.pk}/mend/", {"file": SimpleUploadedFile("x.csv", b"id\n")}
    )

    assert (nothing.status_code, refused.status_code) == (422, 422)
    assert Delivery.objects.count() == 1


@pytest.mark.parametrize("name", ["aud", "carl"])
def test_who_may_not_load_has_the_rows_and_no_form(
    cast: Cast, client: Client, first: Delivery, name: str
) -> None:
    client.force_login(getattr(cast, name))
    page = f"/data/imports/{first.pk}/"

    assert "mend/" not in client.get(page).text
    assert client.get(f"{page}rejects/file/").status_code == 200
    assert client.post(f"{page}mend/", {}).status_code == 403


def test_rows_are_taken_mended_and_loaded_over_the_api(fiona: Client, first: Delivery) -> None:
    taken = fiona.get(f"/api/v1/imports/{first.pk}/rejects/file")

    sent = fiona.post("/api/v1/imports", {"mends": first.pk, "file": mended(taken)})

    told = sent.json()
    assert (sent.status_code, told["mends"], told["source"]) == (202, first.pk, "tokenops")
    assert fiona.get(f"/api/v1/imports/{first.pk}").json()["mended_by"] == [told["id"]]


@pytest.mark.parametrize(
    ("beside", "pointer", "words"),
    [
        ({"mends": "0"}, "/mends", "greater than or equal to 1"),
        ({"mends": "999999"}, "/mends", "There is no import 999999."),
        ({"source": "csv"}, "/source", "`source` is not given beside `mends`"),
        ({"map[model]": "M"}, "/map[model]", "`map[model]` is not given beside `mends`"),
    ],
)
def test_the_api_says_what_is_not_given_with_mended_rows(
    fiona: Client, first: Delivery, beside: dict[str, str], pointer: str, words: str
) -> None:
    file = SimpleUploadedFile("mended.csv", b"id\n")

    answer = fiona.post("/api/v1/imports", {"mends": first.pk, "file": file} | beside)

    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["pointer"]) == (422, pointer)
    assert words in error["detail"]


def test_rows_of_a_clean_import_are_not_given(fiona: Client, deliver: Deliver) -> None:
    clean = deliver(CALLS.rpartition("r2")[0])

    answer = fiona.get(f"/api/v1/imports/{clean.pk}/rejects/file")

    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        f"Import {clean.pk} rejected no row: there is nothing to mend.",
    )
