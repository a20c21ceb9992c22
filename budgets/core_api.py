"""REST: what runs in core, and one workload with its months."""

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from budgets.api import caller
from budgets.core_serializers import (
    WorkloadDetailOut,
    WorkloadOut,
    workload_detail_out,
    workload_out,
)
from budgets.models import Initiative
from budgets.queries.core_list import core_rows
from budgets.queries.core_page import core_page
from org.models import Unit
from org.models.tokens import Scope
from org.queries.calendar import company, reporting_today
from org.refusals import NotThere


class CoreList(APIView):
    """What runs in core and the caller may see."""

    scopes = {"GET": Scope.SPEND_READ}

    @extend_schema(
        operation_id="list_core",
        parameters=[OpenApiParameter("unit", OpenApiTypes.STR, description="The unit's slug.")],
        responses=WorkloadOut(many=True),
    )
    def get(self, request: Request) -> Response:
        user, slug = caller(request), request.query_params.get("unit", "")
        unit = get_object_or_404(Unit.objects.visible_to(user), slug=slug) if slug else None
        rows = core_rows(user=user, on=reporting_today(timezone.now()), unit=unit)
        currency = company().currency
        return Response([WorkloadOut(workload_out(row, currency=currency)).data for row in rows])


class CoreDetail(APIView):
    """One workload since it graduated: months, probations, money, true-ups."""

    scopes = {"GET": Scope.SPEND_READ}

    @extend_schema(operation_id="read_core", responses=WorkloadDetailOut)
    def get(self, request: Request, slug: str) -> Response:
        user = caller(request)
        rows = Initiative.objects.visible_to(user).select_related("unit", "cost_object")
        found = get_object_or_404(rows, slug=slug)
        page = core_page(found, user=user, on=reporting_today(timezone.now()))
        if page is None:
            raise NotThere(f"{found} never graduated into core.")
        return Response(
            WorkloadDetailOut(workload_detail_out(page, currency=company().currency)).data
        )
