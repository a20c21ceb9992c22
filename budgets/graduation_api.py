"""REST: the decision record of a graduation."""

from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from budgets.api import caller
from budgets.graduation_serializers import GraduationOut, graduation_out
from budgets.models import Initiative
from budgets.queries.decision_record import graduation_numbered, graduations_of, record_of
from org.models.tokens import Scope


class GraduationDetail(APIView):
    """An initiative's graduation into core, as it was signed, and what became of it."""

    scopes = {"GET": Scope.SPEND_READ}

    @extend_schema(
        operation_id="read_graduation",
        parameters=[
            OpenApiParameter(
                "number",
                OpenApiTypes.INT,
                description="Which of its graduations; without it the newest.",
            )
        ],
        responses=GraduationOut,
        description="The record is what `/initiatives/{slug}/graduation.json` hands out byte by"
        " byte. An initiative that never graduated answers 404.",
    )
    def get(self, request: Request, slug: str) -> Response:
        found = get_object_or_404(Initiative.objects.visible_to(caller(request)), slug=slug)
        every = graduations_of(found)
        shown = graduation_numbered(every, request.query_params.get("number", ""))
        return Response(graduation_out(record_of(shown), every))
