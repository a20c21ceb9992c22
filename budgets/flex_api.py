"""REST: flex rules of a core budget to read, propose, sign and let scale."""

from datetime import datetime
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from budgets.api import caller
from budgets.flex_serializers import DecisionIn, FlexOut, FlexRuleIn, flex_out
from budgets.models import Budget, FlexRule, FlexStep
from budgets.operations.flex import decide_flex, propose_flex, withdraw_flex
from budgets.operations.flex_steps import decide_step, scale_by_hand
from budgets.queries.flex import flex_standing
from org.idempotency import IdempotentPost
from org.models.tokens import Scope
from org.queries.calendar import company, reporting_today
from org.refusals import NotThere

RULE_ACTIONS = ("approve", "reject", "withdraw")
STEP_ACTIONS = ("approve", "reject")


class Flex(IdempotentPost):
    """The flex rules of a budget and its periods under them; a POST proposes a rule."""

    scopes = {"GET": Scope.SPEND_READ, "POST": Scope.BUDGETS_WRITE}

    @extend_schema(operation_id="read_flex", responses=FlexOut)
    def get(self, request: Request, budget_id: int) -> Response:
        return Response(_shown(_budget(request, budget_id), at=timezone.now()))

    @extend_schema(
        operation_id="propose_flex_rule",
        request=FlexRuleIn,
        responses={201: FlexOut},
        description="Another person, a CFO, signs it. A count that comes from calls or tokens is"
        " refused: a loop would fund itself.",
    )
    def post(self, request: Request, budget_id: int) -> Response:
        user, at = caller(request), timezone.now()
        found = _budget(request, budget_id)
        given = FlexRuleIn(data=request.data, context={"user": user})
        given.is_valid(raise_exception=True)
        propose_flex(budget_id=found.pk, terms=given.terms(), by=user, at=at)
        return Response(_shown(found, at=at), status=201)


class FlexRuleStep(IdempotentPost):
    """A decision on a proposed rule, or its withdrawal."""

    scopes = {"POST": Scope.BUDGETS_WRITE}

    @extend_schema(
        operation_id="decide_flex_rule",
        parameters=[
            OpenApiParameter("action", OpenApiTypes.STR, OpenApiParameter.PATH, enum=RULE_ACTIONS)
        ],
        request=DecisionIn,
        responses=FlexOut,
    )
    def post(self, request: Request, budget_id: int, number: int, action: str) -> Response:
        user, at = caller(request), timezone.now()
        found, reason = _budget(request, budget_id), _decision(request, action, RULE_ACTIONS)
        rule = get_object_or_404(FlexRule, budget=found, number=number)
        if action == "withdraw":
            withdraw_flex(rule_id=rule.pk, by=user, at=at)
        else:
            approve = action == "approve"
            decide_flex(rule_id=rule.pk, approve=approve, by=user, reason=reason, at=at)
        return Response(_shown(found, at=at))


class FlexScale(IdempotentPost):
    """Scaling a budget now for every period that is known; the rule decides by how much."""

    scopes = {"POST": Scope.BUDGETS_WRITE}

    @extend_schema(operation_id="scale_budget", request=None, responses=FlexOut)
    def post(self, request: Request, budget_id: int) -> Response:
        user, at = caller(request), timezone.now()
        found = _budget(request, budget_id)
        scale_by_hand(budget_id=found.pk, by=user, at=at)
        return Response(_shown(found, at=at))


class FlexStepDecision(IdempotentPost):
    """A decision on what of a step lies beyond the limits of its rule."""

    scopes = {"POST": Scope.BUDGETS_WRITE}

    @extend_schema(
        operation_id="decide_flex_step",
        parameters=[
            OpenApiParameter("action", OpenApiTypes.STR, OpenApiParameter.PATH, enum=STEP_ACTIONS)
        ],
        request=DecisionIn,
        responses=FlexOut,
    )
    def post(self, request: Request, budget_id: int, step_id: int, action: str) -> Response:
        user, at = caller(request), timezone.now()
        found, reason = _budget(request, budget_id), _decision(request, action, STEP_ACTIONS)
        step = get_object_or_404(FlexStep, budget=found, pk=step_id)
        approve = action == "approve"
        decide_step(step_id=step.pk, approve=approve, by=user, reason=reason, at=at)
        return Response(_shown(found, at=at))


def _budget(request: Request, budget_id: int) -> Budget:
    budgets = Budget.objects.visible_to(caller(request)).select_related("unit")
    return get_object_or_404(budgets, pk=budget_id)


def _decision(request: Request, action: str, actions: tuple[str, ...]) -> str:
    """Return the reason that was given; raises NotThere for an action that does not exist."""
    if action not in actions:
        raise NotThere(f"There is no action {action!r}; there are {', '.join(actions)}.")
    given = DecisionIn(data=request.data)
    given.is_valid(raise_exception=True)
    return str(given.validated_data["reason"])


def _shown(budget: Budget, *, at: datetime) -> dict[str, Any]:
    standing = flex_standing(budget, on=reporting_today(at))
    return dict(FlexOut(flex_out(standing, currency=company().currency)).data)
