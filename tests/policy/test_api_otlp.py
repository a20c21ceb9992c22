"""REST: an exporter's spans are stored as usage, judged, and answered in their encoding."""

import gzip
import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from django.test import Client
from django.utils import timezone
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from pytest_django.live_server_helper import LiveServer

from ingestion.models import Conflict, Delivery, Event
from ingestion.operations.price_list import load_list_prices
from ingestion.operations.rules import RuleDraft, publish_rules
from policy import wire_otlp
from policy.models import PolicyRevision
from policy.operations.publish import publish
from tests.factories.org import new_token
from tests.factories.policy import cap, drafter_scope
from tests.org_cast import Cast
from tests.policy.test_api import caller, state_of

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PATHS = ["/api/v1/otlp/v1/traces", "/v1/traces"]
PATH = PATHS[0]
JSON, PROTOBUF = "application/json", "application/x-protobuf"
TRACE = "0af7651916cd43dd8448eb211c80319c"


def attribute(name: str, value: str | int) -> dict[str, Any]:
    kind = "intValue" if isinstance(value, int) else "stringValue"
    return {"key": name, "value": {kind: str(value)}}


def call(number: int, **more: str | int) -> dict[str, Any]:
    """Return the span of a call of gpt-5 that costs $0.00225."""
    attributes: dict[str, str | int] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-5",
        "gen_ai.usage.input_tokens": 1000,
        "gen_ai.usage.output_tokens": 100,
        "tokenops.workflow": "support-drafter",
    }
    attributes |= {f"gen_ai.{name}".replace("__", "."): value for name, value in more.items()}
    return {
        "traceId": TRACE,
        "spanId": f"{number:016x}",
        "name": "chat gpt-5",
        "startTimeUnixNano": str(int(timezone.now().timestamp()) * 10**9),
        "attributes": [attribute(name, value) for name, value in attributes.items()],
    }


def export(*spans: dict[str, Any]) -> dict[str, Any]:
    return {"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}


def protobuf(*spans: dict[str, Any]) -> bytes:
    """Return the same spans in protobuf."""
    message = ExportTraceServiceRequest()
    within = message.resource_spans.add().scope_spans.add()
    for span in spans:
        made = within.spans.add(
            trace_id=bytes.fromhex(span["traceId"]),
            span_id=bytes.fromhex(span["spanId"]),
            name=span["name"],
            start_time_unix_nano=int(span["startTimeUnixNano"]),
        )
        for pair in span["attributes"]:
            value = made.attributes.add(key=pair["key"]).value
            if "intValue" in pair["value"]:
                value.int_value = int(pair["value"]["intValue"])
            else:
                value.string_value = pair["value"]["stringValue"]
    return bytes(message.SerializeToString())


def send(client: Client, body: object, path: str = PATH, kind: str = JSON, **headers: str) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(path, data=content, content_type=kind, headers=headers, CONTENT_TYPE=kind)


@pytest.fixture
def engineer(cast: Cast) -> Client:
    return caller(cast.ed)


@pytest.fixture
def drafter(cast: Cast) -> Any:
    """Cap the experiment at $0.01 a day, and let its workflow's calls lead to it."""
    scope = drafter_scope(cast.support)
    when = {"workflow": "support-drafter"}
    draft = RuleDraft("Drafter", when, unit_id=cast.support.pk, cost_object_id=scope.cost_object_id)
    publish_rules(drafts=[draft], reason="Test.", by=cast.fiona, at=AT)
    cap(scope, "0.01", by=cast.carl)
    publish(cause="First.", by=None, at=AT)
    return scope


@pytest.mark.parametrize("path", PATHS)
def test_calls_are_stored_and_other_spans_dropped_without_a_word(
    engineer: Client, path: str
) -> None:
    agent = call(1, operation__name="invoke_agent")

    answer = send(engineer, export(agent, call(2)), path)

    event = Event.objects.get()
    assert (answer.status_code, answer.content) == (200, b"{}")
    assert answer.headers["Content-Type"] == JSON
    assert (event.in_text, event.out_text, event.cost_pico) == (1000, 100, 2_250_000_000)
    assert (event.slice.source, event.slice.workflow) == ("otlp", "support-drafter")


def test_spans_past_the_cap_block_before_the_answer(engineer: Client, drafter: Any) -> None:
    send(engineer, export(*(call(number) for number in range(1, 5))))
    assert state_of(PolicyRevision.objects.latest("pk"), drafter.slug)["state"] != "open"

    send(engineer, export(call(5)))

    scope = state_of(PolicyRevision.objects.latest("pk"), drafter.slug)
    assert (scope["state"], scope["reason"]["code"]) == ("open", "cap_day")


def test_a_replay_counts_once_in_whichever_encoding(engineer: Client) -> None:
    span = call(1)
    send(engineer, export(span))

    again = send(engineer, protobuf(span), kind=PROTOBUF)

    assert again.headers["Content-Type"] == PROTOBUF
    assert ExportTraceServiceResponse.FromString(again.content) == ExportTraceServiceResponse()
    delivery = Delivery.objects.get()
    assert (delivery.rows, delivery.loaded, delivery.duplicate) == (2, 1, 1)


def test_what_cannot_be_used_is_counted_and_named_in_json(engineer: Client) -> None:
    nameless = call(2) | {"spanId": ""}

    answer = send(engineer, export(call(1), nameless, call(3, provider__name="")))

    assert answer.status_code == 200
    assert answer.json() == {
        "partialSuccess": {
            "rejectedSpans": "2",
            "errorMessage": "(no id): usage: the span has no trace id or no span id, so it could"
            f" count twice; {TRACE}:0000000000000003: provider: is missing",
        }
    }
    assert Event.objects.count() == 1


def test_what_cannot_be_used_is_counted_and_named_in_protobuf(engineer: Client) -> None:
    spans = [call(number, provider__name="") for number in range(1, 8)]

    answer = send(engineer, protobuf(*spans), kind=PROTOBUF)

    told = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert told.rejected_spans == 7
    sentences = told.error_message.split("; ")
    assert sentences[0] == f"{TRACE}:0000000000000001: provider: is missing"
    assert sentences[5:] == ["2 more"]


def test_a_span_that_comes_back_with_other_content_is_a_warning(engineer: Client) -> None:
    first, other = call(1), call(1, usage__input_tokens=5)
    send(engineer, export(first))

    answer = send(engineer, export(other)).json()

    assert answer == {
        "partialSuccess": {
            "rejectedSpans": "0",
            "errorMessage": "1 came before with other content: the first counts,"
            " the others are kept",
        }
    }
    assert Conflict.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", JSON, 400),
        (b"", JSON, 400),
        (b'{"resourceLogs":[]}', JSON, 400),
        (b"[]", JSON, 400),
        (b'{"resourceSpans":[1]}', JSON, 400),
        (b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":5}]}]}]}', JSON, 400),
        (b"\xff\xff", PROTOBUF, 400),
        (b"{}", "text/plain", 415),
    ],
)
def test_what_is_no_export_is_a_problem(
    engineer: Client, body: bytes, kind: str, status: int
) -> None:
    answer = send(engineer, body, kind=kind)

    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert not Event.objects.exists()


@pytest.mark.parametrize(("body", "kind"), [(b"", PROTOBUF), (b"{}", JSON)])
def test_an_export_without_spans_may_be_nothing_at_all(
    engineer: Client, body: bytes, kind: str
) -> None:
    answer = send(engineer, body, kind=kind)

    assert (answer.status_code, answer.content) == (200, body)


def test_too_many_spans_are_refused(engineer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire_otlp, "MAX_SPANS", 2)

    answer = send(engineer, export(call(1), call(2), call(3)))

    assert (answer.status_code, answer.json()["title"]) == (413, "Too large")


def test_a_bomb_is_refused(engineer: Client) -> None:
    bomb = gzip.compress(b" " * (33 * 1024 * 1024))

    answer = send(engineer, bomb, **{"Content-Encoding": "gzip"})

    assert answer.status_code == 413


def test_a_key_sent_twice_is_answered_alike(engineer: Client) -> None:
    body = protobuf(call(1, provider__name=""))

    first = send(engineer, body, kind=PROTOBUF, **{"Idempotency-Key": "k"})
    again = send(engineer, body, kind=PROTOBUF, **{"Idempotency-Key": "k"})

    assert (again.content, again.headers["Content-Type"]) == (first.content, PROTOBUF)
    assert again.headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("path", PATHS)
def test_spans_need_the_scope_of_usage(cast: Cast, path: str) -> None:
    assert send(Client(), export(), path).status_code == 401
    answer = send(caller(cast.ed, "policy:read"), export(), path)
    assert answer.status_code == 403
    assert "usage:write" in answer.json()["detail"]


@pytest.mark.parametrize("path", PATHS)
def test_the_documentation_tells_both_encodings(db: None, path: str) -> None:
    document = Client().get("/api/v1/openapi.json", headers={"Accept": JSON}).json()

    spoken = document["paths"][path]["post"]
    assert list(spoken["requestBody"]["content"]) == [JSON, PROTOBUF]
    assert list(spoken["responses"]["200"]["content"]) == [JSON, PROTOBUF]
    assert {"token": ["usage:write"]} in spoken["security"]


def test_an_exporter_sends_over_http(cast: Cast, live_server: LiveServer) -> None:
    load_list_prices(at=timezone.now())
    new_token(
        secret="tok_exporter", user=cast.ed, scopes=["usage:write"], created_at=timezone.now()
    )
    headers = {"Authorization": "Bearer tok_exporter", "Content-Encoding": "gzip"}
    span = call(1)

    with httpx.Client(base_url=live_server.url, headers=headers) as http:
        packed = gzip.compress(protobuf(span))
        first = http.post("/v1/traces", content=packed, headers={"Content-Type": PROTOBUF})
        packed = gzip.compress(json.dumps(export(span, call(2))).encode())
        second = http.post(PATH, content=packed, headers={"Content-Type": f"{JSON}; charset=utf-8"})

    assert (first.status_code, first.content) == (200, b"")
    assert (second.status_code, second.json()) == (200, {})
    assert second.headers["Content-Type"] == JSON
    delivery = Delivery.objects.get()
    assert (delivery.rows, delivery.loaded, delivery.duplicate) == (3, 2, 1)
