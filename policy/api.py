"""REST: what was published, the fleet's reports, and usage."""

from typing import Any, cast

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ingestion.operations.push import RejectedRecord
from ingestion.wire import Batch, RecordParser
from org.idempotency import IdempotentPost
from org.models import User
from org.models.tokens import Scope
from org.paging import CursorPaging
from org.queries.calendar import company
from policy.document_api import check_sees_all
from policy.models import PolicyRevision, SigningKey
from policy.operations.fleet import RefusedRevision, Signal, record_status, take_signals
from policy.operations.usage import UsageAnswer, take_usage
from policy.queries.board import Guarded, board
from policy.queries.revisions import current_number
from policy.serializers import (
    CountersSerializer,
    KeyListSerializer,
    KeySerializer,
    RevisionDetailSerializer,
    RevisionSerializer,
    StatusAnswerSerializer,
    StatusSerializer,
    UsageAnswerSerializer,
)

RECORDS = {
    "application/json": OpenApiTypes.OBJECT,
    "application/x-ndjson": OpenApiTypes.STR,
}
SENT_PACKED = OpenApiParameter(
    "Content-Encoding", OpenApiTypes.STR, OpenApiParameter.HEADER, enum=["gzip"]
)


class PolicyKeys(APIView):
    """`GET /policy/keys`: what routers verify the signature with, the newest key first."""

    scopes = {"GET": Scope.POLICY_READ}

    @extend_schema(operation_id="policy_keys_list", responses=KeyListSerializer)
    def get(self, request: Request) -> Response:  # noqa: ARG002 -- the framework's signature
        alive = SigningKey.objects.filter(not_after__gt=timezone.now())
        newest_first = alive.order_by("-not_before", "-pk")
        return Response({"results": KeySerializer(newest_first, many=True).data, "next": None})


class PolicyRevisions(APIView):
    """`GET /policy/revisions`: what was published, the newest first."""

    scopes = {"GET": Scope.POLICY_READ}
    pagination_class = CursorPaging

    @extend_schema(
        operation_id="policy_revisions_list",
        parameters=[
            OpenApiParameter("cursor", OpenApiTypes.STR),
            OpenApiParameter("limit", OpenApiTypes.INT),
        ],
        responses=RevisionSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        check_sees_all(_caller(request))
        paging = self.pagination_class()
        revisions = PolicyRevision.objects.select_related("key", "author__person").defer("body")
        page = paging.paginate_queryset(revisions, request, self) or []
        return paging.get_paginated_response(RevisionSerializer(page, many=True).data)


class PolicyRevisionDetail(APIView):
    """`GET /policy/revisions/N`: one revision with its document and what it changed."""

    scopes = {"GET": Scope.POLICY_READ}

    @extend_schema(operation_id="policy_revisions_retrieve", responses=RevisionDetailSerializer)
    def get(self, request: Request, number: int) -> Response:
        check_sees_all(_caller(request))
        revisions = PolicyRevision.objects.select_related("key", "author__person")
        revision = get_object_or_404(revisions, pk=number)
        return Response(RevisionDetailSerializer(revision).data)


class PolicyCounters(APIView):
    """`GET /policy/counters`: every cap beside its meter, for the units one may see."""

    scopes = {"GET": Scope.POLICY_READ}

    @extend_schema(operation_id="policy_counters_list", responses=CountersSerializer)
    def get(self, request: Request) -> Response:
        at = timezone.now()
        currency = company().currency
        rows = [
            row
            for guarded in board(_caller(request), at=at)
            for row in _counters(guarded, currency)
        ]
        return Response(CountersSerializer({"as_of": at, "results": rows, "next": None}).data)


class PolicyStatus(IdempotentPost):
    """`POST /policy/status`: a sidecar tells which revision it runs, and which it refused."""

    scopes = {"POST": Scope.POLICY_READ}

    @extend_schema(
        operation_id="policy_status_create",
        request=StatusSerializer,
        responses=StatusAnswerSerializer,
    )
    def post(self, request: Request) -> Response:
        report = StatusSerializer(data=request.data)
        report.is_valid(raise_exception=True)
        fields: dict[str, Any] = dict(report.validated_data)
        fields["errors"] = [RefusedRevision(**error) for error in fields["errors"]]
        signals = [Signal(**signal) for signal in fields.pop("signals")]
        at = timezone.now()
        record_status(**fields, at=at)
        tripped = take_signals(
            signals=signals, sidecar=fields["sidecar"], by=_caller(request), at=at
        )
        return Response({"current_revision": current_number(), "tripped": tripped})


class Usage(IdempotentPost):
    """`POST /usage`: usage records, stored and judged before the answer."""

    scopes = {"POST": Scope.USAGE_WRITE}
    parser_classes = [RecordParser]
    source = "tokenops"

    @extend_schema(
        operation_id="usage_create",
        description="At most 5,000 usage records: an array, an object with `records`, or one "
        "record a line. A record with an id that came before counts once.",
        parameters=[SENT_PACKED],
        request=RECORDS,
        responses=UsageAnswerSerializer,
    )
    def post(self, request: Request) -> Response:
        return _taken(request, source=self.source)


class LiteLLMUsage(Usage):
    """`POST /usage/litellm`: what LiteLLM's generic API logger sends."""

    source = "litellm"

    @extend_schema(
        operation_id="usage_litellm_create",
        description="LiteLLM's StandardLoggingPayload, one or an array of at most 5,000.",
        parameters=[SENT_PACKED],
        request=RECORDS,
        responses=UsageAnswerSerializer,
    )
    def post(self, request: Request) -> Response:
        return _taken(request, source=self.source)


def _taken(request: Request, *, source: str) -> Response:
    batch = request.data.get("batch") if isinstance(request.data, dict) else None
    if not isinstance(batch, Batch):
        raise ParseError("The body is empty: send usage records.")
    answer = take_usage(
        records=batch.records, by=_caller(request), at=timezone.now(), source=source
    )
    content = {
        "accepted": answer.accepted,
        "duplicate": answer.duplicate,
        "conflict": answer.conflict,
        "rejected": [row._asdict() for row in _rejected(batch, answer)],
        "revision": answer.revision,
    }
    return Response(UsageAnswerSerializer(content).data)


def _rejected(batch: Batch, answer: UsageAnswer) -> list[RejectedRecord]:
    """Return every rejected record under its place among what was sent."""
    unread = [RejectedRecord(bad.place, "", bad.detail) for bad in batch.bad]
    refused = [row._replace(index=batch.places[row.index]) for row in answer.rejected]
    return sorted([*unread, *refused], key=lambda row: row.index)


def _counters(guarded: Guarded, currency: str) -> list[dict[str, Any]]:
    return [
        {
            "scope": guarded.scope.slug,
            "cap": reading.cap.public_id,
            "window": reading.cap.window,
            "mode": reading.cap.mode,
            "currency": currency,
            "limit_usd": f"{reading.verdict.limit_usd:f}",
            "spent_usd": f"{reading.verdict.spent_usd:f}",
            "held_usd": f"{reading.held_usd or 0:f}",
            "remaining_usd": f"{reading.free_usd:f}",
            "resets_at": reading.resets_at,
        }
        for reading in guarded.readings
    ]


def _caller(request: Request) -> User:
    return cast("User", request.user)
