"""REST: asking what was spent."""

from collections.abc import Mapping
from typing import Any, cast

from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ingestion.exports import csv_lines
from ingestion.focus.files import CONTENT_TYPES, PIECES
from ingestion.queries.attributes import ATTRIBUTES
from ingestion.queries.explorer import answer
from ingestion.queries.focus import focus_rows, read_focus_question
from ingestion.queries.questions import GRANULARITIES, MEASURES, read_question
from ingestion.serializers import (
    SpendSerializer,
)
from org.models import User
from org.models.tokens import Scope
from org.queries.calendar import reporting_today

QUESTION = [
    OpenApiParameter("from", OpenApiTypes.DATE, description="Default: thirty days before `to`."),
    OpenApiParameter("to", OpenApiTypes.DATE, description="The first day outside."),
    OpenApiParameter("granularity", OpenApiTypes.STR, enum=GRANULARITIES, default="total"),
    OpenApiParameter("measure", OpenApiTypes.STR, enum=MEASURES, default="effective"),
    OpenApiParameter(
        "group_by",
        OpenApiTypes.STR,
        many=True,
        description=f"Up to four of {', '.join(ATTRIBUTES)}, tag.NAME.",
    ),
    OpenApiParameter(
        "filter",
        {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
        style="deepObject",
        description="`filter[model]=gpt-5`: any value given twice may hold; '' is a value that "
        "calls do not carry. A unit stands for everything beneath it.",
    ),
]


class SpendCsv(BaseRenderer):
    """The rows of an answer as CSV: exact decimals, ISO dates."""

    media_type = "text/csv"
    format = "csv"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,  # noqa: ARG002 -- DRF's signature
        renderer_context: Mapping[str, Any] | None = None,  # noqa: ARG002 -- DRF's signature
    ) -> bytes:
        columns = [*data["group_by"], "period", "value", "unpriced_calls"]
        rows = ([row[name] for name in columns] for row in data["rows"])
        return "".join(csv_lines(columns, rows)).encode()


class Spend(APIView):
    """`/spend`: the explorer's question and its exact answer."""

    scopes = {"GET": Scope.SPEND_READ}
    renderer_classes = [JSONRenderer, SpendCsv]

    @extend_schema(
        operation_id="spend_read",
        parameters=QUESTION,
        responses={200: SpendSerializer, (200, "text/csv"): OpenApiResponse(OpenApiTypes.STR)},
    )
    def get(self, request: Request) -> Response:
        parameters = dict(request.query_params.lists())
        today = reporting_today(timezone.now())
        question = read_question(parameters, today=today, also_known=["format"])
        found = SpendSerializer(answer(question, user=cast("User", request.user))).data
        if isinstance(request.accepted_renderer, SpendCsv):
            name = f"spend-{question.period.start}-{question.period.end}.csv"
            headers = {"Content-Disposition": f'attachment; filename="{name}"'}
            return Response(found | {"group_by": question.group_by}, headers=headers)
        return Response(found)


class FocusCsv(BaseRenderer):
    """Names the media type of a FOCUS file; the file itself is streamed past DRF."""

    media_type = CONTENT_TYPES["csv"]
    format = "csv"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Render what is no file, such as a refusal."""
        rendered: bytes = JSONRenderer().render(data, accepted_media_type, renderer_context)
        return rendered


class FocusParquet(FocusCsv):
    """The same for Parquet."""

    media_type = CONTENT_TYPES["parquet"]
    format = "parquet"


class Focus(APIView):
    """`/focus`: the ledger as a FOCUS 1.2 dataset, streamed."""

    scopes = {"GET": Scope.SPEND_READ}
    renderer_classes = [FocusCsv, FocusParquet]

    @extend_schema(
        operation_id="focus_read",
        parameters=[QUESTION[0], QUESTION[1], QUESTION[-1]],
        responses={
            (200, media_type): OpenApiResponse(OpenApiTypes.BINARY)
            for media_type in CONTENT_TYPES.values()
        },
        description="FOCUS 1.2, one row per day, slice and meter, in the form that `Accept` or "
        "`format=csv|parquet` names; docs/focus.md tells every column.",
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        parameters = dict(request.query_params.lists())
        question = read_focus_question(parameters, today=reporting_today(timezone.now()))
        kind = request.accepted_renderer.format
        pieces = PIECES[kind](focus_rows(question, user=cast("User", request.user)))
        name = f"focus-{question.period.start}-{question.period.end}.{kind}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingHttpResponse(pieces, content_type=CONTENT_TYPES[kind], headers=headers)
