"""What OpenAPI says of every call."""

from typing import Any

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from tests.org import plain_views


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    views = [pattern for pattern in plain_views.urlpatterns if "cost-objects" in str(pattern)]
    generator: Any = SchemaGenerator(patterns=views)  # type: ignore[no-untyped-call] # it is
    document: dict[str, Any] = generator.get_schema(public=True)
    return document


def test_a_call_names_the_scope_its_token_needs(schema: dict[str, Any]) -> None:
    call = schema["paths"]["/api/v1/cost-objects"]["post"]

    assert {"token": ["usage:write"]} in call["security"]
    assert schema["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def test_a_post_that_may_be_repeated_says_so(schema: dict[str, Any]) -> None:
    call = schema["paths"]["/api/v1/cost-objects"]["post"]

    (key,) = [found for found in call["parameters"] if found["in"] == "header"]
    assert (key["name"], key.get("required", False)) == ("Idempotency-Key", False)


def test_every_call_may_end_in_a_problem(schema: dict[str, Any]) -> None:
    answers = schema["paths"]["/api/v1/cost-objects"]["post"]["responses"]

    assert list(answers["default"]["content"]) == ["application/problem+json"]
    assert "Problem" in schema["components"]["schemas"]


@pytest.mark.django_db
def test_the_document_is_openapi_3_1_and_open_to_all() -> None:
    answer = Client().get("/api/v1/openapi.json", headers={"Accept": "application/json"})

    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"
    assert answer.json()["openapi"].startswith("3.1")


@pytest.mark.django_db
def test_the_documentation_needs_no_exception_from_the_content_policy() -> None:
    page = Client().get("/api/v1/docs/")
    script = Client().get("/api/v1/docs/?script")

    assert page.status_code == script.status_code == 200
    assert "<style" not in page.text
    assert "'unsafe" not in page["Content-Security-Policy"]
    assert script["Content-Type"] == "application/javascript"
