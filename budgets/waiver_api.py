"""REST: waivers of the margin floor to read, ask for and sign."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from budgets.api import caller
from budgets.flex_serializers import DecisionIn
from budgets.models import Waiver
from budgets.operations.waivers import ask_waiver, decide_waiver, withdraw_waiver
from budgets.queries.waivers import standing_of_waiver
from budgets.waiver_serializers import WaiverIn, WaiverOut, waiver_out
from org.idempotency import IdempotentPost
from org.models import User
from org.models.tokens import Scope
from org.paging import CursorPaging
from org.queries.calendar import company, reporting_today
from org.refusals import NotThere

ACTIONS = ("approve", "reject", "withdraw")


class WaiverList(IdempotentPost):
    """The waivers the caller may see; a POST asks for one."""

    scopes = {"GET": Scope.SPEND_READ, "POST": Scope.BUDGETS_WRITE}
    pagination_class = CursorPaging

    @extend_schema(
        operation_id="list_waivers",
        parameters=[
            OpenApiParameter("cursor", OpenApiTypes.STR),
            OpenApiParameter("limit", OpenApiTypes.INT),
        ],
        responses=WaiverOut(many=True),
    )
    def get(self, request: Request) -> Response:
        paging, at = self.pagination_class(), timezone.now()
        page = paging.paginate_queryset(_waivers(caller(request)), request, view=self) or []
        return paging.get_paginated_response([_shown(row, at=at) for row in page])

    @extend_schema(operation_id="ask_waiver", request=WaiverIn, responses={201: WaiverOut})
    def post(self, request: Request) -> Response:
        user, at = caller(request), timezone.now()
        given = WaiverIn(data=request.data, context={"user": user})
        given.is_valid(raise_exception=True)
        made = ask_waiver(terms=given.terms(), by=user, at=at)
        return Response(_shown(_waivers(user).get(pk=made.pk), at=at), status=201)


class WaiverDetail(APIView):
    """One waiver."""

    scopes = {"GET": Scope.SPEND_READ}

    @extend_schema(operation_id="read_waiver", responses=WaiverOut)
    def get(self, request: Request, waiver_id: int) -> Response:
        found = get_object_or_404(_waivers(caller(request)), pk=waiver_id)
        return Response(_shown(found, at=timezone.now()))


class WaiverStep(IdempotentPost):
    """A decision on a waiver that waits, or its withdrawal."""

    scopes = {"POST": Scope.BUDGETS_WRITE}

    @extend_schema(
        operation_id="decide_waiver",
        parameters=[
            OpenApiParameter("action", OpenApiTypes.STR, OpenApiParameter.PATH, enum=ACTIONS)
        ],
        request=DecisionIn,
        responses=WaiverOut,
    )
    def post(self, request: Request, waiver_id: int, action: str) -> Response:
        user, at = caller(request), timezone.now()
        found = get_object_or_404(_waivers(user), pk=waiver_id)
        if action not in ACTIONS:
            raise NotThere(f"There is no action {action!r}; there are {', '.join(ACTIONS)}.")
        given = DecisionIn(data=request.data)
        given.is_valid(raise_exception=True)
        if action == "withdraw":
            withdraw_waiver(waiver_id=found.pk, by=user, at=at)
        else:
            decide_waiver(
                waiver_id=found.pk,
                approve=action == "approve",
                by=user,
                reason=given.validated_data["reason"],
                at=at,
            )
        return Response(_shown(_waivers(user).get(pk=found.pk), at=at))


def _waivers(user: User) -> QuerySet[Waiver]:
    people = ("unit", "definition", "requested_by", "approval__decided_by")
    return Waiver.objects.visible_to(user).select_related(*people)


def _shown(waiver: Waiver, *, at: datetime) -> dict[str, Any]:
    standing = standing_of_waiver(waiver, on=reporting_today(at))
    return dict(WaiverOut(waiver_out(standing, currency=company().currency)).data)
