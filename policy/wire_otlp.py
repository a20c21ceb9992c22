"""OTLP over HTTP: exports in JSON or protobuf in, the answer in the same encoding out."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any, NamedTuple

from django.http import HttpResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from ingestion.operations.push import RejectedRecord
from ingestion.readers.otlp import calls_of
from ingestion.readers.otlp_spans import FlatSpan, NotAnExport, spans_of_json, spans_of_protobuf
from ingestion.wire import TooLarge, loads, read_body

JSON, PROTOBUF = "application/json", "application/x-protobuf"
MAX_SPANS = 50_000
# A message is read by people in a log: the first few say enough.
TOLD_SPANS, TOLD_CHARACTERS = 5, 300


class Export(NamedTuple):
    """The calls among the spans that were sent."""

    calls: list[FlatSpan]


class OtlpParser(BaseParser):
    """Reads an ExportTraceServiceRequest; what is no call of a model is dropped at once."""

    media_type = "*/*"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Mapping[str, Export]:
        request = (parser_context or {})["request"]
        kind = plain_type(media_type)
        if kind not in {JSON, PROTOBUF}:
            raise UnsupportedMediaType(
                kind, f"Content-Type is {kind!r}: send {JSON} or {PROTOBUF}."
            )
        body = read_body(stream, encoding=request.headers.get("Content-Encoding", ""))
        return {"export": Export(calls_of(parse_export(body, kind=kind)))}


class InKind(BaseContentNegotiation):
    """Answers in the encoding of the request, as OTLP asks, whatever Accept says."""

    def select_parser(self, _request: Any, parsers: Iterable[BaseParser]) -> BaseParser:
        return next(iter(parsers))

    def select_renderer(
        self, _request: Any, renderers: Iterable[BaseRenderer], _format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type or JSON


def plain_type(content_type: str | None) -> str:
    """Return a media type without its parameters."""
    return (content_type or "").partition(";")[0].strip().lower()


def parse_export(body: bytes, *, kind: str) -> list[FlatSpan]:
    """Parse an export; refuse what is none, and one of too many spans."""
    spans: list[FlatSpan] = []
    try:
        found = spans_of_protobuf(body) if kind == PROTOBUF else spans_of_json(_json(body))
        for span in found:
            if len(spans) == MAX_SPANS:
                raise TooLarge(f"More than {MAX_SPANS:,} spans in one export: send the rest apart.")
            spans.append(span)
    except NotAnExport as error:
        raise ParseError(f"The body is no trace export: {error}.") from error
    return spans


def _json(body: bytes) -> Any:
    return loads(body, where="The body")


def answer_of(*, rejected: Sequence[RejectedRecord], conflicts: int, kind: str) -> HttpResponse:
    """Answer an export: empty where all is well, else what was not taken and why."""
    message = _message(rejected, conflicts)
    if kind == PROTOBUF:
        answer = ExportTraceServiceResponse()
        if message:
            answer.partial_success.rejected_spans = len(rejected)
            answer.partial_success.error_message = message
        return HttpResponse(answer.SerializeToString(), content_type=PROTOBUF)
    content: dict[str, Any] = {}
    if message:
        # 64-bit numbers are texts in OTLP's JSON.
        told = {"rejectedSpans": str(len(rejected)), "errorMessage": message}
        content = {"partialSuccess": told}
    return HttpResponse(json.dumps(content), content_type=JSON)


def _message(rejected: Sequence[RejectedRecord], conflicts: int) -> str:
    sentences = [f"{row.id or '(no id)'}: {row.detail}"[:TOLD_CHARACTERS] for row in rejected]
    told = sentences[:TOLD_SPANS]
    if len(rejected) > len(told):
        told.append(f"{len(rejected) - len(told):,} more")
    if conflicts:
        told.append(
            f"{conflicts:,} came before with other content: the first counts, the others are kept"
        )
    return "; ".join(told)
