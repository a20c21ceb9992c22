"""REST: graded evaluations, told by whoever grades and read by whoever chooses models."""

from typing import cast

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ingestion.evaluation_rows import EvaluationIn, EvaluationOut, drafts_in
from ingestion.operations.evaluations import record_evaluations
from ingestion.queries.evaluations import evaluations
from org.idempotency import IdempotentPost
from org.models import User
from org.models.tokens import Scope
from org.paging import CursorPaging
from org.permissions import can_see_imports
from org.refusals import Invalid, NotAllowed

FILTERS = ("provider", "model", "task_type", "complexity")
CREATED = 201


class Evaluations(IdempotentPost):
    """`/evaluations`: what was graded, the newest first; a POST records up to a thousand."""

    scopes = {"GET": Scope.SPEND_READ, "POST": Scope.USAGE_WRITE}
    pagination_class = CursorPaging

    @extend_schema(
        operation_id="list_evaluations",
        parameters=[OpenApiParameter(name, OpenApiTypes.STR) for name in FILTERS],
        responses=EvaluationOut(many=True),
    )
    def get(self, request: Request) -> Response:
        if not can_see_imports(cast("User", request.user)):
            raise NotAllowed("Evaluations are shown to company-wide roles that work with data.")
        asked = {n: request.query_params[n] for n in FILTERS if n in request.query_params}
        for name, value in asked.items():
            if "\x00" in value:
                raise Invalid.of(name, "Holds a NUL character, which no evaluation has.")
        paging = self.pagination_class()
        page = paging.paginate_queryset(evaluations().filter(**asked), request, self) or []
        return paging.get_paginated_response([EvaluationOut(row).data for row in page])

    @extend_schema(
        operation_id="record_evaluations",
        request=EvaluationIn(many=True),
        responses={CREATED: EvaluationOut(many=True)},
    )
    def post(self, request: Request) -> Response:
        if not isinstance(request.data, list):
            raise Invalid("Send an array of evaluations.")
        rows = record_evaluations(
            drafts=drafts_in(request.data),
            by=cast("User", request.user),
            at=timezone.now(),
        )
        # In the shape of the list, as the description of both says.
        shown = [EvaluationOut(row).data for row in rows]
        return Response({"results": shown, "next": None}, status=CREATED)
