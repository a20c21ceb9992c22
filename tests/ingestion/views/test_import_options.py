"""What a source takes beside its file, on the page and over REST."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from ingestion.models import Delivery
from tests.factories.ingestion import new_map
from tests.ingestion.workbooks import written
from tests.org_cast import Cast

NEW = "/data/imports/new/"


@pytest.fixture
def fiona(cast: Cast, client: Client) -> Client:
    client.force_login(cast.fiona)
    return client


def upload(content: bytes = b"a,b\n1,2\n", name: str = "file.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def errors(answer: Any) -> list[tuple[str, str]]:
    return [(error["pointer"], error["detail"]) for error in answer.json()["errors"]]


@pytest.mark.parametrize(
    ("source", "asked", "unasked"),
    [
        ("detect", ["sheet"], ["export", "map", "user"]),
        ("azure-costs", ["sheet", "export"], ["map", "user"]),
        ("claude-code-logs", ["user", "key", "environment"], ["sheet"]),
        ("bedrock-logs", ["profile"], ["sheet", "map"]),
        ("responses", ["map", "set"], ["sheet"]),
        ("csv", ["sheet"], ["map", "set"]),
        ("vllm", [], ["sheet", "map", "set"]),
        ("nonsense", ["sheet"], ["export"]),
    ],
)
def test_the_page_asks_for_what_the_source_takes(
    fiona: Client, source: str, asked: list[str], unasked: list[str]
) -> None:
    page = fiona.get(NEW, {"source": source}).text
    part = fiona.get(NEW, {"source": source}, headers={"HX-Request": "true"}).text

    for text in (page, part):
        assert [name for name in asked if f'name="{name}"' not in text] == []
        assert [name for name in unasked if f'name="{name}"' in text] == []
    assert "<h1" in page
    assert part.startswith('<div id="import-options"')


@pytest.mark.parametrize(
    ("given", "mapped", "fixed"),
    [
        ({"source": "azure-costs", "export": "actual"}, {}, {"export": "actual"}),
        ({"source": "azure-costs", "export": "", "sheet": "March"}, {}, {"sheet": "March"}),
        ({"source": "codex-logs", "user": "ana@example.com"}, {}, {"user": "ana@example.com"}),
        (
            {"source": "bedrock-logs", "profile": "profile.a = m\nprofile.b=n"},
            {},
            {"profile.a": "m", "profile.b": "n"},
        ),
        (
            {"source": "responses", "map": "started_at = at", "set": "provider = mistral"},
            {"started_at": "at"},
            {"provider": "mistral"},
        ),
    ],
)
def test_what_is_given_on_the_page_stands_with_the_import(
    fiona: Client, given: dict[str, str], mapped: dict[str, str], fixed: dict[str, str]
) -> None:
    answer = fiona.post(NEW, {"file": upload()} | given)

    delivery = Delivery.objects.get()
    assert answer.status_code == 302
    assert (delivery.column_map, delivery.fixed_values) == (mapped, fixed)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"source": "responses", "map": "at"}, "is no line of the form field = value"),
        ({"source": "bedrock-logs", "profile": "model = m"}, "takes no value for model"),
        ({"source": "azure-costs", "export": "both"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_taken_is_said_on_the_page(
    fiona: Client, given: dict[str, str], words: str
) -> None:
    answer = fiona.post(NEW, {"file": upload()} | given)

    assert answer.status_code == 422
    assert words in answer.text
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    ("given", "pointer", "detail"),
    [
        (
            {"source": "tokenops", "map[model]": "M"},
            "/map[model]",
            "tokenops takes no map: model cannot be mapped.",
        ),
        (
            {"source": "azure-costs", "set[model]": "M"},
            "/set[model]",
            "azure-costs takes no value for model: it takes sheet and export.",
        ),
        (
            {"source": "azure-costs", "set[export]": "both"},
            "/set[export]",
            "azure-costs takes actual or amortized for export, not 'both'.",
        ),
        (
            {"source": "vllm", "sheet": "May"},
            "/set[sheet]",
            "vllm takes no value for sheet: it takes nothing beside the file and its account.",
        ),
        ({}, "/source", "Say what the file is: by a source, or by a saved map."),
        ({"saved": "nope"}, "/saved", "There is no saved map 'nope'. None was saved yet."),
    ],
)
def test_the_api_names_the_option_that_it_does_not_take(
    fiona: Client, given: dict[str, str], pointer: str, detail: str
) -> None:
    answer = fiona.post("/api/v1/imports", {"file": upload()} | given)

    assert (answer.status_code, errors(answer)) == (422, [(pointer, detail)])
    assert not Delivery.objects.exists()


def test_the_api_takes_a_saved_map_and_what_stands_over_it(cast: Cast, fiona: Client) -> None:
    new_map("Azure trace", owner=cast.fiona)

    answer = fiona.post(
        "/api/v1/imports",
        {"saved": "azure trace", "set[model]": "gpt-5", "file": upload()},
    )

    delivery = Delivery.objects.get()
    assert (answer.status_code, delivery.source) == (202, "csv")
    assert delivery.column_map == {"started_at": "T", "in_text": "I", "out_text": "O"}
    assert delivery.fixed_values == {"provider": "openai", "model": "gpt-5"}


def test_the_api_takes_the_name_of_a_sheet(fiona: Client) -> None:
    book = written({"Log": [["id"]], "March": [["id"]]})

    fiona.post("/api/v1/imports", {"source": "tokenops", "sheet": "March", "file": upload(book)})

    assert Delivery.objects.get().fixed_values == {"sheet": "March"}


def test_the_api_s_description_lists_what_each_source_takes(fiona: Client) -> None:
    document = fiona.get("/api/v1/openapi.json").json()

    told = document["paths"]["/api/v1/imports"]["post"]["description"]
    assert "- `azure-costs`: it takes sheet and export" in told
