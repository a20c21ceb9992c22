"""Whatever is asked of the API, it answers as its OpenAPI document says, and never falls over."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from budgets.models import Initiative
from ingestion.models import Delivery
from org.models import User
from org.permissions import scopes_of
from policy.models import PolicyRevision
from tests.demo_company import demo
from tests.factories.org import new_token

pytestmark = pytest.mark.long

__all__ = ["demo"]

SECRET = "tok_of_the_api_test"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
CALLER = {"Authorization": f"Bearer {SECRET}"}

every_operation = pytest.mark.parametrize(
    "label",
    [
        f"{method.upper()} {path}"
        for path, operations in SchemaGenerator().get_schema(public=True)["paths"].items()  # type: ignore[no-untyped-call]
        for method in operations
    ],
)
few = settings(max_examples=15, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def api(demo: object) -> Iterator[Any]:
    """Return the API of the demo company, asked by its FinOps analyst."""
    # As Django's own test client does: the connection holds what the test sees.
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    finance = User.objects.get(username="finance")
    new_token(
        secret=SECRET, user=finance, scopes=[*scopes_of(finance)], created_at=datetime.now(UTC)
    )
    yield schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


@every_operation
def test_any_question_is_answered_as_documented(api: Any, label: str) -> None:
    operation = next(found for found in api.get_all_operations() if found.ok().label == label).ok()

    @few
    @given(operation.as_strategy())
    def ask(case: Any) -> None:
        case.call_and_validate(headers=CALLER, checks=CHECKS)

    ask()


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/imports/{delivery_id}",
        "/api/v1/initiatives/{slug}",
        "/api/v1/initiatives/{slug}/graduation",
        "/api/v1/policy/revisions/{number}",
    ],
)
def test_what_is_there_is_told_as_documented(api: Any, path: str) -> None:
    known = {
        "delivery_id": Delivery.objects.latest("pk").pk,
        "slug": Initiative.objects.get(state="core").slug,
        "number": PolicyRevision.objects.latest("pk").pk,
    }
    case = api[path]["GET"].Case(path_parameters=known)

    answer = case.call_and_validate(headers=CALLER, checks=CHECKS)

    assert answer.status_code == 200


def test_options_is_left_to_the_document(api: Any) -> None:
    answer = Client(headers=CALLER).options("/api/v1/spend?format=csv")

    assert answer.status_code == 405
    assert answer["Content-Type"] == "application/problem+json"
