"""Spans of GenAI calls: which of them are calls, what their tokens are, whose they are."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from ingestion.models import Event
from ingestion.pricing import rate_frame
from ingestion.readers.contract import Refused, UsageBatch
from ingestion.readers.otlp import calls_of, read_records
from ingestion.readers.otlp_spans import NotAnExport, spans_of_json, spans_of_protobuf
from ingestion.readers.otlp_usage import INPUT_UNSURE
from tests.ingestion.conftest import Deliver
from tests.ingestion.readers.reading import SAMPLES, read_text, read_usage, said, shown
from tests.org_cast import Cast

TRACE = "0af7651916cd43dd8448eb211c80319c"
COUNTS = (
    "in_text",
    "in_cache_read",
    "in_cache_write_5m",
    "in_cache_write_other",
    "out_text",
    "out_reasoning",
)
CHAT = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-5"}
OPENAI = CHAT | {"gen_ai.provider.name": "openai"}
CLAUDE = CHAT | {"gen_ai.provider.name": "anthropic", "gen_ai.request.model": "claude-sonnet-4-6"}
USED = {"gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 10}


def value_of(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    kinds = {int: "intValue", float: "doubleValue", str: "stringValue"}
    return {kinds[type(value)]: str(value)}


def attributes_of(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": value_of(value)} for name, value in values.items()]


def span(name: str, attributes: dict[str, Any], parent: str = "", **more: Any) -> dict[str, Any]:
    """Return a span in OTLP's JSON whose id is the name, filled up with zeros."""
    return {
        "traceId": TRACE,
        "spanId": name.rjust(16, "0"),
        "parentSpanId": parent.rjust(16, "0") if parent else "",
        "startTimeUnixNano": "1772439330250000123",
        "attributes": attributes_of(attributes),
        **more,
    }


def export(
    *spans: dict[str, Any], schema: str = "", resource: dict[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": attributes_of(resource or {})},
                "scopeSpans": [{"schemaUrl": schema, "spans": list(spans)}],
            }
        ]
    }


def read_export(*spans: dict[str, Any], **more: Any) -> UsageBatch:
    return read_records(calls_of(list(spans_of_json(export(*spans, **more)))))


def called(batch: UsageBatch) -> list[str]:
    """Return the ids of the spans that were taken, as short as they were given."""
    return [name.partition(":")[2].lstrip("0") for name in batch.frame["native_id"]]


def tokens(attributes: dict[str, Any], **more: Any) -> tuple[dict[str, int], list[str]]:
    """Return the tokens of one span above zero, and its doubts."""
    batch = read_export(span("1", attributes), **more)
    (row,) = batch.frame.to_dict("records")
    counts = {name: row[name] for name in batch.frame.columns if name[:3] in {"in_", "out"}}
    return {name: n for name, n in counts.items() if n}, [doubt.reason for doubt in batch.doubts]


def test_a_collectors_file_gives_each_call_once_with_disjoint_tokens() -> None:
    batch = read_usage("otlp", SAMPLES / "otlp_traces.jsonl")

    assert called(batch) == ["a2", "a5", "b1", "b2", "b3", "c1", "c2"]
    assert shown(batch, "line", "provider", "model", *COUNTS) == [
        (1, "openai", "gpt-5-2025-08-07", 800, 200, 0, 0, 100, 50),
        (1, "openai", "gpt-5-mini-2025-08-07", 500, 0, 0, 0, 150, 0),
        (2, "anthropic", "claude-sonnet-4-6", 2000, 40000, 6000, 0, 1500, 0),
        (2, "anthropic", "claude-sonnet-4-6", 2000, 1500, 0, 0, 900, 0),
        (2, "anthropic", "claude-sonnet-4-6", 0, 0, 0, 0, 0, 0),
        (3, "google", "gemini-2.5-flash", 70, 30, 0, 0, 30, 10),
        (3, "openai", "text-embedding-3-small", 800, 0, 0, 0, 0, 0),
    ]
    assert said(batch) == [
        (3, "usage", "the span of a call tells no tokens, so its cost is not known"),
        (3, "usage", "the span has no trace id or no span id, so it could count twice"),
    ]
    assert [(doubt.line, doubt.reason) for doubt in batch.doubts] == [(2, INPUT_UNSURE)]
    assert batch.rows == 9


def test_a_call_is_named_by_its_span_its_resource_and_its_nanoseconds() -> None:
    batch = read_usage("otlp", SAMPLES / "otlp_traces.jsonl")

    first = {name: value for name, value in batch.frame.iloc[0].items() if value not in ("", 0)}
    assert first == {
        "line": 1,
        "native_id": "4bf92f3577b34da6a3ce929d0e0e4736:00000000000000a2",
        "started_at": pd.Timestamp("2026-03-02T08:15:31.250Z"),
        "provider": "openai",
        "model": "gpt-5-2025-08-07",
        "person": "ana",
        "project": "customer-care",
        "workflow": "drafter",
        "task": "ticket-881",
        "environment": "prod",
        "tags": '{"agent":"drafter","deployment.environment.name":"prod",'
        '"service.name":"support-bot","service.namespace":"customer-care","team":"cx"}',
        "service_tier": "standard",
        "in_text": 800,
        "in_cache_read": 200,
        "out_text": 100,
        "out_reasoning": 50,
        "requests": 1,
        "status": "ok",
    }
    assert shown(batch, "workflow", "person", "task", "environment", "status")[2:6] == [
        ("report-writer", "bo", "s-7", "staging", "ok"),
        ("report-writer", "", "", "staging", "ok"),
        ("report-writer", "", "", "staging", "error"),
        ("", "", "q-3", "", "ok"),
    ]


@pytest.mark.django_db
def test_the_calls_of_the_sample_cost_what_their_tokens_cost() -> None:
    batch = read_usage("otlp", SAMPLES / "otlp_traces.jsonl")

    # Pico-dollars: tokens × dollars a million × 1,000,000.
    assert rate_frame(batch.frame).cost_pico.tolist() == [
        (800 * 1_250_000) + (200 * 125_000) + (150 * 10_000_000),  # gpt-5
        (500 * 250_000) + (150 * 2_000_000),  # gpt-5-mini
        (2000 * 3_000_000) + (40000 * 300_000) + (6000 * 3_750_000) + (1500 * 15_000_000),
        (2000 * 3_000_000) + (1500 * 300_000) + (900 * 15_000_000),
        0,
        (70 * 300_000) + (30 * 30_000) + (40 * 2_500_000),  # gemini-2.5-flash
        (800 * 20_000),  # text-embedding-3-small
    ]


def test_prompts_and_answers_are_not_even_kept_with_what_is_refused() -> None:
    private = {"gen_ai.input.messages": "private", "gen_ai.prompt.0.content": "private"}

    batch = read_export(span("1", OPENAI | private, status={"message": "private"}))

    (problem,) = batch.problems
    assert "private" not in problem.raw


def test_only_what_names_a_call_of_a_model_is_one() -> None:
    batch = read_export(
        span("1", USED | {"gen_ai.operation.name": "invoke_agent", "gen_ai.request.model": "m"}),
        span("2", USED | {"gen_ai.operation.name": "invoke_workflow"}),
        span("3", {"gen_ai.operation.name": "execute_tool"}),
        span("4", USED | {"traceloop.span.kind": "task", "gen_ai.request.model": "m"}),
        span("5", USED | {"openinference.span.kind": "CHAIN", "llm.model_name": "m"}),
        span("6", {"http.request.method": "POST"}),
        span("7", USED),
        span("8", USED | {"gen_ai.request.model": "m", "gen_ai.system": "openai"}),
        span("9", USED | {"openinference.span.kind": "EMBEDDING", "llm.provider": "openai",
                          "embedding.model_name": "m"}),
    )  # fmt: skip

    assert called(batch) == ["8", "9"]
    assert batch.problems == []


def test_a_span_around_the_span_of_the_same_call_is_left_out() -> None:
    batch = read_export(
        span("1", OPENAI | USED),
        span("2", {"http.request.method": "POST"}, parent="1"),
        span("3", OPENAI | USED, parent="2"),
        span("4", OPENAI | USED, parent="3"),
    )

    assert called(batch) == ["4"]


def test_two_attempts_inside_one_span_are_two_calls() -> None:
    batch = read_export(
        span("1", OPENAI | USED),
        span("2", OPENAI | {"error.type": "timeout"}, parent="1"),
        span("3", OPENAI | USED, parent="1"),
    )

    assert called(batch) == ["2", "3"]
    assert batch.frame["status"].tolist() == ["error", "ok"]


def test_a_call_made_for_a_tool_or_by_an_agent_is_another_call() -> None:
    batch = read_export(
        span("1", OPENAI | USED),
        span("2", {"gen_ai.operation.name": "execute_tool"}, parent="1"),
        span("3", OPENAI | USED, parent="2"),
        span("4", USED | {"gen_ai.operation.name": "embeddings", "gen_ai.provider.name": "openai",
                          "gen_ai.request.model": "m"}, parent="1"),
    )  # fmt: skip

    assert called(batch) == ["1", "3", "4"]


def test_an_inner_span_without_tokens_leaves_the_count_to_the_outer_one() -> None:
    batch = read_export(span("1", OPENAI | USED), span("2", OPENAI, parent="1"))

    assert called(batch) == ["1"]
    assert batch.problems == []


def test_spans_that_are_each_others_parents_do_no_harm() -> None:
    batch = read_export(span("1", OPENAI | USED, parent="2"), span("2", OPENAI | USED, parent="1"))

    assert batch.rows == 0


@pytest.mark.parametrize(
    "names",
    [
        ("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"),
        ("gen_ai.usage.prompt_tokens", "gen_ai.usage.completion_tokens"),
        ("llm.usage.prompt_tokens", "llm.usage.completion_tokens"),
        ("llm.token_count.prompt", "llm.token_count.completion"),
        ("input_tokens", "output_tokens"),
    ],
)
def test_old_and_new_names_say_the_same(names: tuple[str, str]) -> None:
    given, made = names

    assert tokens(OPENAI | {given: 100, made: 10}) == ({"in_text": 100, "out_text": 10}, [])


def test_audio_and_images_are_parts_of_the_input() -> None:
    usage = USED | {
        "gen_ai.usage.audio.input_tokens": 20,
        "gen_ai.usage.image.input_tokens": 30,
        "gen_ai.usage.video.input_tokens": 5,
        "gen_ai.usage.audio.output_tokens": 4,
    }

    assert tokens(OPENAI | usage) == (
        {"in_text": 45, "in_audio": 20, "in_image": 30, "in_video": 5, "out_text": 6,
         "out_audio": 4},
        [],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("more", "schema", "input_text", "doubts"),
    [
        # The names that came with the rule to include the cached tokens.
        ({"gen_ai.usage.cache_read.input_tokens": 60}, "", 40, []),
        # Older names under a schema that has the rule.
        ({"gen_ai.usage.cache_read_input_tokens": 60}, "https://opentelemetry.io/schemas/1.40.0",
         40, []),
        ({"gen_ai.usage.cache_read_input_tokens": 60}, "https://opentelemetry.io/schemas/1.39.0",
         100, [INPUT_UNSURE]),
        # A total shows what it was added from.
        ({"gen_ai.usage.cache_read_input_tokens": 60, "llm.usage.total_tokens": 110}, "", 40, []),
        ({"gen_ai.usage.cache_read_input_tokens": 60, "llm.usage.total_tokens": 170}, "", 100, []),
        # A part cannot be larger than the whole, whatever the names say.
        ({"gen_ai.usage.cache_read.input_tokens": 160}, "", 100, []),
        # Claude Code's own names say what Anthropic says.
        ({"cache_read_tokens": 60}, "", 100, []),
        # Nothing tells: as the provider counts, and doubted.
        ({"gen_ai.usage.cache_read_input_tokens": 60}, "", 100, [INPUT_UNSURE]),
        # Nothing was cached: there is nothing to doubt.
        ({"gen_ai.usage.cache_read_input_tokens": 0}, "", 100, []),
    ],
)  # fmt: skip
def test_whether_a_claude_spans_input_includes_the_cached_tokens(
    more: dict[str, int], schema: str, input_text: int, doubts: list[str]
) -> None:
    found, odd = tokens(CLAUDE | USED | more, schema=schema)

    assert (found["in_text"], odd) == (input_text, doubts)
    assert found.get("in_cache_read", 0) == next(iter(more.values()))


def test_claude_sold_by_a_cloud_counts_as_anthropic_does() -> None:
    on_vertex = CLAUDE | {"gen_ai.provider.name": "gcp.vertex_ai"}
    cached = {"gen_ai.usage.cache_read_input_tokens": 900}

    assert tokens(on_vertex | USED | cached)[0] == {
        "in_text": 100, "in_cache_read": 900, "out_text": 10,
    }  # fmt: skip


def test_thoughts_beside_the_output_are_found_by_total_or_by_their_number() -> None:
    gemini = CHAT | {"gen_ai.system": "gemini"} | USED
    thoughts = {"gen_ai.usage.reasoning.output_tokens": 40}

    inside = {"in_text": 100, "out_text": 6, "out_reasoning": 4}
    beside = {"in_text": 100, "out_text": 10, "out_reasoning": 40}
    assert tokens(gemini | {"gen_ai.usage.reasoning.output_tokens": 4}) == (inside, [])
    assert tokens(gemini | thoughts) == (beside, [])
    assert tokens(gemini | thoughts | {"gen_ai.usage.total_tokens": 150}) == (beside, [])


@pytest.mark.parametrize(
    ("said_of_it", "provider"),
    [
        ({"gen_ai.provider.name": "aws.bedrock"}, "aws"),
        ({"gen_ai.system": "az.ai.openai"}, "azure"),
        ({"gen_ai.system": "vertex_ai"}, "google"),
        ({"gen_ai.system": "xai"}, "x-ai"),
        ({"gen_ai.system": "OpenAI"}, "openai"),
        ({"llm.provider": "mistralai"}, "mistral"),
        ({"gen_ai.system": "our_own"}, "our_own"),
    ],
)
def test_providers_have_the_names_of_the_price_book(
    said_of_it: dict[str, str], provider: str
) -> None:
    batch = read_export(span("1", CHAT | USED | said_of_it))

    assert batch.frame["provider"].tolist() == [provider]


def test_our_own_attributes_go_before_all_others() -> None:
    own = {
        "tokenops.workflow": "drafts",
        "tokenops.project": "care",
        "tokenops.user": "ana@example.com",
        "tokenops.key": "prod-1",
        "tokenops.task": "t-1",
        "tokenops.task_type": "summarisation",
        "tokenops.environment": "test",
        "tokenops.account": "acme",
        "tokenops.lease": "l-1",
        "tokenops.tags.team": "cx",
        "gen_ai.workflow.name": "other",
        "user.id": 7,
    }

    resource = {"service.name": "bot", "team": "another"}
    batch = read_export(span("1", OPENAI | USED | own), resource=resource)

    columns = (
        "workflow", "project", "person", "key", "task", "task_type", "environment", "account",
        "lease", "tags",
    )  # fmt: skip
    assert shown(batch, *columns) == [
        ("drafts", "care", "ana@example.com", "prod-1", "t-1", "summarisation", "test", "acme",
         "l-1", '{"service.name":"bot","team":"cx"}'),
    ]  # fmt: skip


def test_tags_name_no_machine_and_never_grow_too_long() -> None:
    machine = {"host.name": "h", "process.command": "c", "os.type": "linux",
               "telemetry.sdk.name": "otel", "service.instance.id": "i"}  # fmt: skip
    long = {f"t{number:02}": "x" * 190 for number in range(30)} | {"a": "y" * 201, "b": True}

    batch = read_export(span("1", OPENAI | USED), resource=machine | long)

    tags = json.loads(batch.frame["tags"][0])
    assert list(tags) == ["b", *(f"t{number:02}" for number in range(14))]
    assert tags["b"] == "true"


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"startTimeUnixNano": None}, "is missing"),
        ({"startTimeUnixNano": "0"}, "is missing"),
        ({"startTimeUnixNano": "soon"}, "'soon' is not a time between 2000 and 2099"),
        ({"startTimeUnixNano": "9" * 30}, f"'{'9' * 30}' is not a time between 2000 and 2099"),
    ],
)
def test_a_call_without_a_time_is_refused(broken: dict[str, Any], reason: str) -> None:
    batch = read_export(span("1", OPENAI | USED) | broken)

    assert said(batch) == [(0, "started_at", reason)]


def test_counts_and_names_that_cannot_be_read_refuse_their_row_alone() -> None:
    batch = read_export(
        span("1", OPENAI | {"gen_ai.usage.input_tokens": "many"}),
        span("2", OPENAI | {"gen_ai.usage.input_tokens": 10.0, "gen_ai.usage.output_tokens": 0}),
        span("3", USED | {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai"}),
        span("4", OPENAI | USED | {"user.id": "half \ud800"}),
    )

    assert called(batch) == ["2"]
    assert batch.frame["in_text"].tolist() == [10]
    assert [(line, field) for line, field, _ in said(batch)] == [
        (0, "usage"),
        (2, "model"),
        (3, ""),
    ]
    assert [reason for _, _, reason in said(batch)][:2] == [
        "input is 'many', which is not a whole number.",
        "is missing",
    ]
    assert said(batch)[2][2].startswith("The record cannot be used: ")


def test_a_line_that_is_no_export_is_a_problem_of_its_own(tmp_path: Path) -> None:
    lines = ['{"resourceSpans":[]}', "{oops", '{"resourceLogs":[]}', '{"resourceSpans":[1]}',
             json.dumps(export(span("1", OPENAI | USED)))]  # fmt: skip

    batch = read_text("otlp", "\n".join(lines), tmp_path)

    assert shown(batch, "line") == [(5,)]
    assert [(line, reason[:28]) for line, _, reason in said(batch)] == [
        (2, "The line is not a JSON objec"),
        (3, "The line is no trace export:"),
        (4, "The line is no trace export:"),
    ]
    assert said(batch)[2][2] == (
        "The line is no trace export: resourceSpans is not a list of objects."
    )


def test_an_export_written_over_several_lines_is_read(tmp_path: Path) -> None:
    batch = read_text("otlp", json.dumps(export(span("1", OPENAI | USED)), indent=2), tmp_path)

    assert called(batch) == ["1"]


def test_columns_mean_nothing_here(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="This is not OTLP in JSON"):
        read_text("otlp", "a,b\n1,2\n", tmp_path)


def test_protobuf_says_what_json_says() -> None:
    message = ExportTraceServiceRequest()
    of_resource = message.resource_spans.add(schema_url="https://opentelemetry.io/schemas/1.41.0")
    of_resource.resource.attributes.add(key="service.name").value.string_value = "bot"
    found = of_resource.scope_spans.add().spans.add(
        trace_id=bytes.fromhex(TRACE),
        span_id=(1).to_bytes(8, "big"),
        parent_span_id=(2).to_bytes(8, "big"),
        name="chat",
        start_time_unix_nano=1772439330250000123,
    )
    for name, value in (CLAUDE | {"gen_ai.input.messages": "private"}).items():
        found.attributes.add(key=name).value.string_value = value
    for name, count in USED.items():
        found.attributes.add(key=name).value.int_value = count
    found.attributes.add(key="gen_ai.usage.cache_read_input_tokens").value.double_value = 60.0
    listed = found.attributes.add(key="session.id").value.array_value
    listed.MergeFromString(b"\n\x03\n\x01s")  # one text in a list
    found.status.code = 2

    (flat,) = spans_of_protobuf(message.SerializeToString())

    assert flat == {
        "id": f"{TRACE}:0000000000000001",
        "trace": TRACE,
        "span": "0000000000000001",
        "parent": "0000000000000002",
        "name": "chat",
        "started_ns": 1772439330250000123,
        "failed": True,
        "schema_url": "https://opentelemetry.io/schemas/1.41.0",
        "attributes": CLAUDE | USED | {"gen_ai.usage.cache_read_input_tokens": "60.0"},
        "resource": {"service.name": "bot"},
    }
    assert shown(read_records([flat]), "in_text", "in_cache_read", "status") == [(40, 60, "error")]


NAMES = st.sampled_from(
    [
        "resource", "scopeSpans", "spans", "schemaUrl", "attributes", "key", "value", "status",
        "code", "traceId", "spanId", "parentSpanId", "name", "startTimeUnixNano", "stringValue",
        "intValue", "gen_ai.operation.name", "gen_ai.usage.input_tokens",
    ]
)  # fmt: skip
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["chat", TRACE]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)


@given(place=st.integers(0, 5), field=NAMES, anything=ANYTHING, attribute=ANYTHING)
def test_whatever_is_sent_is_refused_in_words_or_read(
    place: int, field: str, anything: Any, attribute: Any
) -> None:
    """Something unforeseen stands anywhere in an export that is otherwise sound."""
    call = span("1", CLAUDE | USED)
    call["attributes"].append(
        {"key": "gen_ai.usage.total_tokens", "value": {"intValue": attribute}}
    )
    sent = export(call, resource={"service.name": "bot"})
    within = [
        call,
        call["attributes"][0],
        call["attributes"][0]["value"],
        sent["resourceSpans"][0],
        sent["resourceSpans"][0]["resource"],
        sent["resourceSpans"][0]["scopeSpans"][0],
    ]
    within[place][field] = anything

    try:
        calls = calls_of(list(spans_of_json(sent)))
    except NotAnExport:
        return
    batch = read_records(calls)
    assert batch.rows == len(batch.frame) + len(batch.problems) == len(calls)


@pytest.mark.django_db
def test_a_call_that_moved_takes_no_other_of_its_line_with_it(cast: Cast, deliver: Deliver) -> None:
    """The calls of one export stand on one line, and are still told apart."""
    a_day_later = {"startTimeUnixNano": "1772525730250000123"}
    deliver(json.dumps(export(span("1", OPENAI | USED))), source="otlp")

    moved = span("1", OPENAI | USED) | a_day_later
    again = deliver(
        json.dumps(export(moved, span("2", OPENAI | USED) | a_day_later)), source="otlp"
    )

    assert (again.rows, again.loaded, again.conflict) == (2, 1, 1)
    assert Event.objects.count() == 2


def test_what_is_no_protobuf_is_refused() -> None:
    with pytest.raises(NotAnExport, match="not an ExportTraceServiceRequest"):
        list(spans_of_protobuf(b"\xff\xff"))
