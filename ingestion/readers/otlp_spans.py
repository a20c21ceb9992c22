"""OTLP trace exports, in JSON or protobuf, taken apart into flat spans.

A flat span is a dict: `id` (trace:span), `trace`, `span`, `parent`, `name`, `started_ns`,
`failed`, `schema_url`, and the plain values of `attributes` and `resource`. Prompts and
answers, which are people's own, never get further than this file.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from ingestion.readers.otlp_names import is_kept

FlatSpan = Mapping[str, Any]
ERROR = 2  # of a span's status
TRACE_DIGITS, SPAN_DIGITS = 32, 16
LONGEST_VALUE = 2000


class NotAnExport(ValueError):
    """What was sent has not the shape of a trace export; the message says where not."""


def spans_of_json(export: Any) -> Iterator[FlatSpan]:
    """Yield the spans of an ExportTraceServiceRequest in OTLP's JSON.

    64-bit numbers may be texts or numbers; names that are not known are passed over. An
    empty object is an export of nothing. Raises NotAnExport.
    """
    if not isinstance(export, dict) or (export and "resourceSpans" not in export):
        raise NotAnExport("it has no resourceSpans")
    for of_resource in _objects(export, "resourceSpans"):
        resource = _plain_of_json(_object(of_resource, "resource"))
        for of_scope in _objects(of_resource, "scopeSpans"):
            schema = of_scope.get("schemaUrl") or of_resource.get("schemaUrl") or ""
            for span in _objects(of_scope, "spans"):
                yield _flat_of_json(span, resource, schema)


def _flat_of_json(span: Mapping[str, Any], resource: Mapping[str, Any], schema: Any) -> FlatSpan:
    trace, name = _hex(span.get("traceId"), TRACE_DIGITS), _hex(span.get("spanId"), SPAN_DIGITS)
    return {
        "id": f"{trace}:{name}" if trace and name else "",
        "trace": trace,
        "span": name,
        "parent": _hex(span.get("parentSpanId"), SPAN_DIGITS),
        "name": _text(span.get("name")),
        "started_ns": _number(span.get("startTimeUnixNano")),
        "failed": _object(span, "status").get("code") in (ERROR, str(ERROR), "STATUS_CODE_ERROR"),
        "schema_url": _text(schema),
        "attributes": {k: v for k, v in _plain_of_json(span).items() if is_kept(k)},
        "resource": resource,
    }


def _plain_of_json(holder: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes that are texts, numbers or true and false."""
    plain = {}
    for pair in _objects(holder, "attributes"):
        value = _object(pair, "value")
        found = next((value[kind] for kind in _KINDS if value.get(kind) is not None), None)
        if isinstance(found, str | int | bool) and isinstance(pair.get("key"), str):
            plain[pair["key"]] = _short(found)
    return plain


_KINDS = ("stringValue", "intValue", "doubleValue", "boolValue")


def _objects(holder: Mapping[str, Any], name: str) -> Iterable[Mapping[str, Any]]:
    found = holder.get(name) or []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise NotAnExport(f"{name} is not a list of objects")
    return found


def _object(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = holder.get(name) or {}
    if not isinstance(found, dict):
        raise NotAnExport(f"{name} is not an object")
    return found


def _text(value: Any) -> str:
    return value[:LONGEST_VALUE] if isinstance(value, str) else ""


def _number(value: Any) -> Any:
    """Return a number, or the text of one; nothing else can be a time."""
    return _short(value) if isinstance(value, str | int) else None


def _hex(value: Any, digits: int) -> str:
    """Return an id in small letters; '' for what is none, and for the id of zeros."""
    text = value.lower() if isinstance(value, str) else ""
    is_id = len(text) == digits and not text.strip("0123456789abcdef") and text.strip("0")
    return text if is_id else ""


def spans_of_protobuf(body: bytes) -> Iterator[FlatSpan]:
    """Yield the spans of an ExportTraceServiceRequest in protobuf. Raises NotAnExport."""
    export = ExportTraceServiceRequest()
    try:
        export.ParseFromString(body)
    except DecodeError as error:
        raise NotAnExport("it is not an ExportTraceServiceRequest in protobuf") from error
    for of_resource in export.resource_spans:
        resource = _plain_of_protobuf(of_resource.resource.attributes)
        for of_scope in of_resource.scope_spans:
            schema = of_scope.schema_url or of_resource.schema_url
            for span in of_scope.spans:
                yield _flat_of_protobuf(span, resource, schema)


def _flat_of_protobuf(span: Any, resource: Mapping[str, Any], schema: str) -> FlatSpan:
    trace = _hex(span.trace_id.hex(), TRACE_DIGITS)
    name = _hex(span.span_id.hex(), SPAN_DIGITS)
    return {
        "id": f"{trace}:{name}" if trace and name else "",
        "trace": trace,
        "span": name,
        "parent": _hex(span.parent_span_id.hex(), SPAN_DIGITS),
        "name": _text(span.name),
        "started_ns": span.start_time_unix_nano or None,
        "failed": span.status.code == ERROR,
        "schema_url": _text(schema),
        "attributes": {k: v for k, v in _plain_of_protobuf(span.attributes).items() if is_kept(k)},
        "resource": resource,
    }


def _plain_of_protobuf(pairs: Iterable[Any]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for pair in pairs:
        kind = pair.value.WhichOneof("value")
        if kind in {"string_value", "int_value", "bool_value"}:
            plain[pair.key] = _short(getattr(pair.value, kind))
        elif kind == "double_value":
            plain[pair.key] = repr(pair.value.double_value)
    return plain


def _short(value: Any) -> Any:
    return value[:LONGEST_VALUE] if isinstance(value, str) else value
