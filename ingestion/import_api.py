"""REST: sending files in, watching them load, and taking them back."""

from collections.abc import Mapping
from typing import Any, cast

from django.http import QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ingestion.exports import csv_file, text_file
from ingestion.models import Delivery
from ingestion.operations.cancel import cancel_delivery
from ingestion.operations.deliveries import submit_file
from ingestion.operations.mended import submit_mended
from ingestion.operations.told import told
from ingestion.operations.undo import undo_delivery
from ingestion.queries.deliveries import REJECT_COLUMNS, deliveries, rejected_rows
from ingestion.queries.mending import file_to_mend
from ingestion.queries.progress import with_pace
from ingestion.readers.registry import takes_in_words
from ingestion.serializers import (
    ImportRequestSerializer,
    ImportSerializer,
    UndoSerializer,
    bracketed,
)
from org.idempotency import IdempotentPost
from org.models import User
from org.models.tokens import Scope
from org.paging import CursorPaging
from org.refusals import Invalid

STATE = OpenApiParameter("state", OpenApiTypes.STR, enum=Delivery.State.values)


class Imports(IdempotentPost):
    """`/imports`: hand a file over, list what was handed over."""

    scopes = {"GET": Scope.IMPORTS_WRITE, "POST": Scope.IMPORTS_WRITE}
    parser_classes = [MultiPartParser]
    pagination_class = CursorPaging

    @extend_schema(
        operation_id="imports_list", parameters=[STATE], responses=ImportSerializer(many=True)
    )
    def get(self, request: Request) -> Response:
        state = request.query_params.get("state", "")
        if state and state not in Delivery.State.values:
            known = ", ".join(Delivery.State.values)
            raise Invalid.of("state", f"`state` must be one of {known}, not {state!r}.")
        paging = self.pagination_class()
        found = with_pace(deliveries(state)).prefetch_related("doubts")
        page = paging.paginate_queryset(found, request, self) or []
        return paging.get_paginated_response([ImportSerializer(row).data for row in page])

    @extend_schema(
        operation_id="imports_create",
        request={"multipart/form-data": ImportRequestSerializer},
        responses={202: ImportSerializer},
        description="`map[field]=COLUMN` says where a field stands, `set[name]=value` gives a "
        f"value for the whole file. What each source takes:\n\n{takes_in_words()}",
    )
    def post(self, request: Request) -> Response:
        named = bracketed(cast("QueryDict", request.data), "map", "set")
        asked = ImportRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        delivery = _submitted(asked.validated_data, named, by=cast("User", request.user))
        where = request.build_absolute_uri(reverse("api-import", args=[delivery.pk]))
        return Response(ImportSerializer(delivery).data, status=202, headers={"Location": where})


def _submitted(
    given: Mapping[str, Any], named: Mapping[str, dict[str, str]], *, by: User
) -> Delivery:
    file, at = given["file"], timezone.now()
    if "mends" in given:
        _refuse_beside_mends(given, named)
        return submit_mended(file=file.file, filename=file.name, mends=given["mends"], by=by, at=at)
    said = told(
        source=given["source"],
        saved=given["saved"],
        sheet=given["sheet"],
        column_map=named["map"],
        fixed_values=named["set"],
    )
    return submit_file(
        file=file.file,
        filename=file.name,
        source=said.source,
        account=given["account"],
        column_map=said.column_map,
        fixed_values=said.fixed_values,
        by=by,
        at=at,
    )


def _refuse_beside_mends(given: Mapping[str, Any], named: Mapping[str, dict[str, str]]) -> None:
    beside = [name for name in ("source", "account", "saved", "sheet") if given[name]]
    beside += [f"{name}[{field}]" for name, fields in named.items() for field in fields]
    if beside:
        raise Invalid.of(
            beside[0], f"`{beside[0]}` is not given beside `mends`: the file is read as it was."
        )


class Import(APIView):
    """`/imports/{id}`: progress and counts."""

    scopes = {"GET": Scope.IMPORTS_WRITE}

    @extend_schema(operation_id="imports_read", responses=ImportSerializer)
    def get(self, request: Request, delivery_id: int) -> Response:  # noqa: ARG002 -- DRF's
        return Response(
            ImportSerializer(get_object_or_404(with_pace(deliveries()), pk=delivery_id)).data
        )


class ImportUndo(IdempotentPost):
    """`/imports/{id}/undo`: take back everything an import brought."""

    scopes = {"POST": Scope.IMPORTS_WRITE}

    @extend_schema(
        operation_id="imports_undo",
        request=UndoSerializer,
        responses=ImportSerializer,
        description="For FinOps analysts and administrators. The rows are kept and count no"
        " more; the same file may then be sent again. A closed period refuses with 409.",
    )
    def post(self, request: Request, delivery_id: int) -> Response:
        given = UndoSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        undo_delivery(
            delivery_id=delivery_id,
            reason=given.validated_data["reason"],
            by=cast("User", request.user),
            at=timezone.now(),
        )
        return Response(ImportSerializer(with_pace(deliveries()).get(pk=delivery_id)).data)


class ImportCancel(IdempotentPost):
    """`/imports/{id}/cancel`: stop an import that is still loading."""

    scopes = {"POST": Scope.IMPORTS_WRITE}

    @extend_schema(
        operation_id="imports_cancel",
        request=None,
        responses=ImportSerializer,
        description="For who sent it, FinOps analysts and administrators. What has loaded of it "
        "is taken back, and the same file may then be sent again. Cancelling again changes "
        "nothing; an import that is over refuses with 409.",
    )
    def post(self, request: Request, delivery_id: int) -> Response:
        cancel_delivery(delivery_id=delivery_id, by=cast("User", request.user), at=timezone.now())
        return Response(ImportSerializer(with_pace(deliveries()).get(pk=delivery_id)).data)


class ImportRejects(APIView):
    """`/imports/{id}/rejects`: the rows that could not be used, to mend and send again."""

    scopes = {"GET": Scope.IMPORTS_WRITE}

    @extend_schema(
        operation_id="imports_rejects",
        responses={(200, "text/csv"): OpenApiResponse(OpenApiTypes.STR)},
    )
    def get(self, request: Request, delivery_id: int) -> StreamingHttpResponse:  # noqa: ARG002 -- DRF's
        rows = rejected_rows(get_object_or_404(Delivery, pk=delivery_id))
        return csv_file(f"rejects-{delivery_id}.csv", REJECT_COLUMNS, rows)


class ImportRejectsFile(APIView):
    """`/imports/{id}/rejects/file`: the same rows in the shape of the file they came in."""

    scopes = {"GET": Scope.IMPORTS_WRITE}

    @extend_schema(
        operation_id="imports_rejects_file",
        responses={
            (200, media_type): OpenApiResponse(OpenApiTypes.STR)
            for media_type in ("text/csv", "application/x-ndjson")
        },
        description="CSV with the source's columns behind `problem` and `row`, or NDJSON with "
        "`_problem` and `_row` in each object. Mend the rows, leave the marks, and send the file "
        "with `mends={id}`. 409 where rows of this import cannot be mended one by one.",
    )
    def get(self, request: Request, delivery_id: int) -> StreamingHttpResponse:  # noqa: ARG002 -- DRF's
        return text_file(*file_to_mend(get_object_or_404(Delivery, pk=delivery_id)))
