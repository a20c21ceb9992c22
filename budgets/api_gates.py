"""REST: the gates of an initiative, to read and to step."""

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from budgets.gate_lifecycle import GateAction
from budgets.gate_serializers import GateOut, GatesOut, GateStepIn, gate_out
from budgets.models import Initiative
from budgets.operations.gates import take_gate_step
from budgets.queries.gates import gate_standing, gates_of
from org.idempotency import IdempotentPost
from org.models import User
from org.models.tokens import Scope
from org.queries.calendar import reporting_today
from org.refusals import NotThere


class GateList(APIView):
    """The gates of an initiative with criteria, evidence and signatures."""

    scopes = {"GET": Scope.SPEND_READ}

    @extend_schema(operation_id="list_gates", responses=GatesOut)
    def get(self, request: Request, slug: str) -> Response:
        user, on = _user(request), reporting_today(timezone.now())
        found = _initiative(user, slug)
        rows = [gate_out(each) for each in gates_of(found, user=user, on=on)]
        return Response(GatesOut({"initiative": slug, "gates": rows}).data)


class GateStepView(IdempotentPost):
    """A step of a gate, under the same rights as on its page."""

    scopes = {"POST": Scope.INITIATIVES_WRITE}

    @extend_schema(
        operation_id="take_gate_step",
        parameters=[
            OpenApiParameter(
                "action", OpenApiTypes.STR, OpenApiParameter.PATH, enum=GateAction.values
            )
        ],
        request=GateStepIn,
        responses=GateOut,
        description="A `version` that is no longer current, and evidence that the ledger does"
        " not give any more, are refused with 409; `changed` in the problem says what differs."
        " A gate that nobody started has version 0. A gate passes with its last signature.",
    )
    def post(self, request: Request, slug: str, number: int, action: str) -> Response:
        user, at = _user(request), timezone.now()
        found = _initiative(user, slug)
        if action not in GateAction.values:
            there = ", ".join(GateAction.values)
            raise NotThere(f"There is no action {action!r}; there are {there}.")
        given = GateStepIn(data=request.data)
        given.is_valid(raise_exception=True)
        take_gate_step(
            initiative_id=found.pk,
            number=number,
            action=GateAction(action),
            by=user,
            version=given.validated_data["version"],
            at=at,
            given=given.given_values(),
        )
        standing = gate_standing(found, number, user=user, on=reporting_today(at))
        return Response(GateOut(gate_out(standing)).data)


def _initiative(user: User, slug: str) -> Initiative:
    rows = Initiative.objects.visible_to(user).select_related(
        "unit", "owner__person", "on_call__person", "requested_by__person", "cost_object"
    )
    return get_object_or_404(rows, slug=slug)


def _user(request: Request) -> User:
    """Return the caller; `HasScope` has let nobody else through."""
    if not isinstance(request.user, User):
        raise TypeError("An API view is reached only by users.")
    return request.user
