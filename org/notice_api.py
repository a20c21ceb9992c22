"""REST: what the caller was told, and taking it for read, as on the page of notifications."""

from typing import Any, cast

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from org.idempotency import IdempotentPost
from org.models import Delivered, NoticeKind, User
from org.models.tokens import Scope
from org.operations.notices import mark_read
from org.paging import CursorPaging
from org.queries.notices import notices_of, unread_count
from org.refusals import Invalid
from org.webhooks import written

LARGEST_ID = 2**63 - 1  # what the column holds
SHOWN = ("all", "unread")


class NoticeOut(serializers.Serializer[Any]):
    """One notice in the caller's list; `by` is null where TokenOps did it by itself."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=NoticeKind.choices)
    title = serializers.CharField()
    text = serializers.CharField()
    url = serializers.CharField()
    subject = serializers.CharField()
    unit = serializers.CharField(allow_null=True)
    by = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True)


class ReadIn(serializers.Serializer[Any]):
    """The newest notice that was seen: it and all before it are taken for read."""

    up_to = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)


class ReadOut(serializers.Serializer[Any]):
    """How many became read by this call, and how many are still unread."""

    marked = serializers.IntegerField()
    unread = serializers.IntegerField()


class NoticeList(APIView):
    """What the caller was told, the newest first."""

    scopes = {"GET": Scope.SPEND_READ}
    pagination_class = CursorPaging

    @extend_schema(
        operation_id="list_notices",
        parameters=[
            OpenApiParameter("show", OpenApiTypes.STR, enum=SHOWN),
            OpenApiParameter("kind", OpenApiTypes.STR, enum=NoticeKind.values),
            OpenApiParameter("cursor", OpenApiTypes.STR),
            OpenApiParameter("limit", OpenApiTypes.INT),
        ],
        responses=NoticeOut(many=True),
    )
    def get(self, request: Request) -> Response:
        show = _one_of(request, "show", SHOWN) or "all"
        kind = _one_of(request, "kind", NoticeKind.values)
        rows = notices_of(_caller(request), unread_only=show == "unread")
        paging = self.pagination_class()
        rows = rows.filter(notice__kind=kind) if kind else rows
        page = paging.paginate_queryset(rows, request, view=self) or []
        return paging.get_paginated_response([notice_out(each) for each in page])


class NoticesRead(IdempotentPost):
    """Taking notices for read: nobody's but the caller's own."""

    scopes = {"POST": Scope.SPEND_READ}

    @extend_schema(operation_id="mark_notices_read", request=ReadIn, responses=ReadOut)
    def post(self, request: Request) -> Response:
        given = ReadIn(data=request.data)
        given.is_valid(raise_exception=True)
        user = _caller(request)
        marked = mark_read(user=user, at=timezone.now(), up_to=given.validated_data["up_to"])
        return Response(ReadOut({"marked": marked, "unread": unread_count(user)}).data)


def notice_out(each: Delivered) -> dict[str, Any]:
    """Return a notice as webhooks get it, with when its reader read it."""
    return dict(NoticeOut(written(each.notice) | {"read_at": each.read_at}).data)


def _one_of(request: Request, name: str, there: list[str] | tuple[str, ...]) -> str | None:
    value = request.query_params.get(name)
    if value is not None and value not in there:
        raise Invalid.of(name, f"There is no {name} {value!r}; there are {', '.join(there)}.")
    return value


def _caller(request: Request) -> User:
    return cast("User", request.user)  # `HasScope` has let nobody else through
