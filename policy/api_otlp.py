"""REST: traces of GenAI calls over OTLP, stored and judged as all usage is."""

from typing import Any, cast

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import ParseError
from rest_framework.request import Request

from org.idempotency import IdempotentPost
from org.models import User
from org.models.tokens import Scope
from policy.operations.usage import take_usage
from policy.serializers import TraceAnswerSerializer
from policy.wire_otlp import JSON, PROTOBUF, Export, InKind, OtlpParser, answer_of, plain_type

DESCRIPTION = (
    "OpenTelemetry's OTLP/HTTP: an ExportTraceServiceRequest of at most 50,000 spans and 32 MB"
    " unpacked, with `Content-Encoding: gzip` where it is packed. Spans that are calls of a"
    " model are stored as usage, each once, and hard caps are judged before the answer; other"
    " spans are dropped. Calls that cannot be used are counted in `rejectedSpans` and must not"
    " be sent again. The answer has the encoding of the request."
)


def _listed(**properties: Any) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "object", "properties": properties}}


ATTRIBUTES = _listed(key={"type": "string"}, value={"type": "object"})
SPANS = _listed(
    traceId={"type": "string", "description": "32 hexadecimal digits."},
    spanId={"type": "string", "description": "16 hexadecimal digits."},
    parentSpanId={"type": "string"},
    name={"type": "string"},
    startTimeUnixNano={"type": ["string", "integer"]},
    attributes=ATTRIBUTES,
    status={"type": "object", "properties": {"code": {"type": "integer"}}},
)
EXPORT = {
    "type": "object",
    "description": "OTLP's ExportTraceServiceRequest, as far as it is read.",
    "required": ["resourceSpans"],
    "properties": {
        "resourceSpans": _listed(
            resource={"type": "object", "properties": {"attributes": ATTRIBUTES}},
            scopeSpans=_listed(spans=SPANS, schemaUrl={"type": "string"}),
        )
    },
}


def described(operation_id: str) -> Any:
    return extend_schema(
        operation_id=operation_id,
        description=DESCRIPTION,
        request={JSON: EXPORT, PROTOBUF: OpenApiTypes.BINARY},
        responses={
            (200, JSON): TraceAnswerSerializer,
            (200, PROTOBUF): OpenApiResponse(
                OpenApiTypes.BINARY, description="An ExportTraceServiceResponse."
            ),
        },
    )


class OtlpTraces(IdempotentPost):
    """`POST /api/v1/otlp/v1/traces`: where an exporter sends whose endpoint is `/api/v1/otlp`."""

    scopes = {"POST": Scope.USAGE_WRITE}
    parser_classes = [OtlpParser]
    content_negotiation_class = InKind

    @described("otlp_traces_create")  # type: ignore[untyped-decorator] # the library's
    def post(self, request: Request) -> HttpResponse:
        return _taken(request)


class RootOtlpTraces(OtlpTraces):
    """`POST /v1/traces`: where an exporter sends that knows only the host."""

    @described("root_otlp_traces_create")  # type: ignore[untyped-decorator] # the library's
    def post(self, request: Request) -> HttpResponse:
        return _taken(request)


def _taken(request: Request) -> HttpResponse:
    kind = plain_type(request.content_type)
    export = request.data.get("export") if isinstance(request.data, dict) else None
    if not isinstance(export, Export):
        # Nothing at all is how protobuf writes an export without spans.
        if kind != PROTOBUF:
            raise ParseError("The body is empty: send a trace export.")
        export = Export([])
    answer = take_usage(
        records=export.calls, by=cast("User", request.user), at=timezone.now(), source="otlp"
    )
    return answer_of(rejected=answer.rejected, conflicts=answer.conflict, kind=kind)
