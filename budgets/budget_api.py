"""REST: budgets to read and step."""

from datetime import datetime
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from budgets.api import caller, chosen, named
from budgets.budget_serializers import (
    BudgetDetailOut,
    BudgetOut,
    BudgetStepIn,
    budget_detail_out,
    budget_out,
)
from budgets.lifecycle import BudgetAction, BudgetState
from budgets.models import Budget
from budgets.models.budgets import BudgetQuerySet
from budgets.operations.budgets import take_budget_step
from budgets.queries.standing import Standing, standing_of, standings_of
from org.idempotency import IdempotentPost
from org.models import User
from org.models.tokens import Scope
from org.paging import CursorPaging
from org.queries.calendar import company, reporting_today
from org.refusals import Invalid, NotThere


class BudgetList(APIView):
    """The budgets the caller may see."""

    scopes = {"GET": Scope.SPEND_READ}
    pagination_class = CursorPaging

    @extend_schema(
        operation_id="list_budgets",
        parameters=[
            OpenApiParameter("fiscal_year", OpenApiTypes.INT),
            OpenApiParameter("state", OpenApiTypes.STR, enum=BudgetState.values),
            OpenApiParameter("unit", OpenApiTypes.STR, description="The unit's slug."),
            OpenApiParameter("cursor", OpenApiTypes.STR),
            OpenApiParameter("limit", OpenApiTypes.INT),
        ],
        responses=BudgetOut(many=True),
    )
    def get(self, request: Request) -> Response:
        found = Budget.objects.visible_to(caller(request)).select_related("unit")
        rows = chosen(found, request, states=BudgetState.values)
        if "fiscal_year" in request.query_params:
            rows = rows.filter(fiscal_year=_number(request, "fiscal_year"))
        paging = self.pagination_class()
        page = paging.paginate_queryset(rows, request, view=self) or []
        standings = _standings(page, at=timezone.now())
        currency = company().currency
        return paging.get_paginated_response(
            [budget_out(standings[row.pk], currency=currency) for row in page]
        )


class BudgetDetail(APIView):
    """One budget, with its revisions."""

    scopes = {"GET": Scope.SPEND_READ}

    @extend_schema(operation_id="read_budget", responses=BudgetDetailOut)
    def get(self, request: Request, budget_id: int) -> Response:
        user = caller(request)
        found = get_object_or_404(_budgets(user), pk=budget_id)
        return Response(_shown(found, user=user, at=timezone.now()))


class BudgetStepView(IdempotentPost):
    """A step of a budget's life, under the same rights as on its page."""

    scopes = {"POST": Scope.BUDGETS_WRITE}

    @extend_schema(
        operation_id="take_budget_step",
        parameters=[
            OpenApiParameter(
                "action", OpenApiTypes.STR, OpenApiParameter.PATH, enum=BudgetAction.values
            )
        ],
        request=BudgetStepIn,
        responses=BudgetDetailOut,
        description="A `version` that is no longer current is refused with 409."
        " `ask_revision` asks for other amounts of a budget in force; another person approves"
        " them by `grant_revision` or rejects them by `reject_revision`. `ask_opening` tells what"
        " was spent before usage was loaded; `grant_opening` and `reject_opening` decide it.",
    )
    def post(self, request: Request, budget_id: int, action: str) -> Response:
        user, at = caller(request), timezone.now()
        found = get_object_or_404(_budgets(user), pk=budget_id)
        if action not in BudgetAction.values:
            raise NotThere(f"There is no action {action!r}; there are {named(BudgetAction)}.")
        given = BudgetStepIn(data=request.data)
        given.is_valid(raise_exception=True)
        moved = take_budget_step(
            budget_id=found.pk,
            action=BudgetAction(action),
            by=user,
            reason=given.validated_data["reason"],
            version=given.validated_data["version"],
            at=at,
            amounts=given.amounts(found),
            opening=given.opening(),
        )
        return Response(_shown(moved, user=user, at=at))


def _budgets(user: User) -> BudgetQuerySet:
    return Budget.objects.visible_to(user).select_related("unit", "created_by")


def _shown(budget: Budget, *, user: User, at: datetime) -> dict[str, Any]:
    standing = standing_of(budget=budget, on=reporting_today(at))
    values = budget_detail_out(standing, user=user, currency=company().currency, at=at)
    return dict(BudgetDetailOut(values).data)


def _standings(budgets: list[Budget], *, at: datetime) -> dict[int, Standing]:
    on, found = reporting_today(at), {}
    for year in {budget.fiscal_year for budget in budgets}:
        of_year = [budget for budget in budgets if budget.fiscal_year == year]
        found.update(standings_of(of_year, fiscal_year=year, on=on))
    return found


def _number(request: Request, name: str) -> int:
    text = request.query_params[name]
    if not (text.isascii() and text.isdigit() and len(text) <= 4):  # noqa: PLR2004 -- a year has four digits
        raise Invalid.of(name, f"{text!r} is no year such as 2026.")
    return int(text)
