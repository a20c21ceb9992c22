"""REST: what became of tasks, and the business figures beside the spend."""

from collections.abc import Callable
from typing import Any, cast

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from ingestion.metric_serializers import (
    AmountSerializer,
    CountSerializer,
    HeadcountSerializer,
    OutcomesAnswerSerializer,
    OutcomeSerializer,
    RecordedSerializer,
)
from ingestion.operations.metrics import FIGURES, record_figures
from ingestion.operations.outcomes import record_outcomes
from ingestion.operations.push import RejectedRecord
from ingestion.wire import Batch, RecordParser
from org.idempotency import IdempotentPost
from org.models import User
from org.models.tokens import Scope
from org.refusals import FieldError, Invalid

Handler = Callable[..., Response]


class Outcomes(IdempotentPost):
    """`POST /outcomes`: outcomes, each kept once, stored before the answer."""

    scopes = {"POST": Scope.USAGE_WRITE}
    parser_classes = [RecordParser]

    @extend_schema(
        operation_id="outcomes_create",
        description="At most 5,000 outcomes: an array, an object with `records`, or one record "
        "a line. A record with an id that came before counts once.",
        request=OutcomeSerializer(many=True),
        responses={200: OutcomesAnswerSerializer},
    )
    def post(self, request: Request) -> Response:
        batch = _batch(request)
        answer = record_outcomes(
            records=batch.records, by=cast("User", request.user), at=timezone.now()
        )
        unread = [RejectedRecord(bad.place, "", bad.detail) for bad in batch.bad]
        refused = [row._replace(index=batch.places[row.index]) for row in answer.rejected]
        rows = sorted([*unread, *refused], key=lambda row: row.index)
        content = answer._asdict() | {"rejected": [row._asdict() for row in rows]}
        return Response(OutcomesAnswerSerializer(content).data)


class _Figures(IdempotentPost):
    """Figures of one kind, kept whole or not at all."""

    scopes = {"POST": Scope.IMPORTS_WRITE}
    parser_classes = [RecordParser]
    figure = ""

    def keep(self, request: Request) -> Response:
        batch = _batch(request)
        if batch.bad:
            errors = [FieldError(f"/{bad.place}", bad.detail) for bad in batch.bad]
            raise Invalid(f"Nothing was kept. {errors[0].detail}", errors=errors)
        recorded = record_figures(
            figure=FIGURES[self.figure],
            records=batch.records,
            by=cast("User", request.user),
            at=timezone.now(),
        )
        return Response(RecordedSerializer(recorded._asdict()).data)


def _documented(name: str, record: type[Any], told: str) -> Callable[[Handler], Handler]:
    documented: Callable[[Handler], Handler] = extend_schema(
        operation_id=f"metrics_{name}_create",
        description=f"{told} Kept whole or not at all: a record that cannot be kept is named by "
        "its place. A figure for days that have one takes its place; the old one stays in history.",
        request=record(many=True),
        responses={200: RecordedSerializer},
    )
    return documented


class Revenue(_Figures):
    """`POST /metrics/revenue`: what products brought in."""

    figure = "revenue"

    @_documented("revenue", AmountSerializer, "What products brought in.")
    def post(self, request: Request) -> Response:
        return self.keep(request)


class Cogs(_Figures):
    """`POST /metrics/cogs`: what delivering products cost beside the calls of models."""

    figure = "cogs"

    @_documented("cogs", AmountSerializer, "Other costs of goods sold.")
    def post(self, request: Request) -> Response:
        return self.keep(request)


class Headcounts(_Figures):
    """`POST /metrics/headcount`: how many people units have, and what they cost."""

    figure = "headcount"

    @_documented("headcount", HeadcountSerializer, "For FinOps analysts.")
    def post(self, request: Request) -> Response:
        return self.keep(request)


class Counts(_Figures):
    """`POST /metrics/counts`: what was counted of a fiscal period's tasks."""

    figure = "counts"

    @_documented("counts", CountSerializer, "Counts of fiscal periods.")
    def post(self, request: Request) -> Response:
        return self.keep(request)


def _batch(request: Request) -> Batch:
    batch = request.data.get("batch") if isinstance(request.data, dict) else None
    if not isinstance(batch, Batch):
        raise ParseError("The body is empty: send records.")
    return batch
