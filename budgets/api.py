"""REST: initiatives to read, draft and step."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet, TextChoices
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from budgets.lifecycle import InitiativeAction, InitiativeState
from budgets.models import Initiative
from budgets.operations.initiatives import draft_initiative, take_step
from budgets.queries.experiments import initiative_standing, initiative_standings
from budgets.queries.grants import asked_of
from budgets.serializers import (
    InitiativeIn,
    InitiativeOut,
    StepIn,
    initiative_out,
)
from budgets.terms import InitiativeTerms
from org.idempotency import IdempotentPost
from org.models import User
from org.models.tokens import Scope
from org.paging import CursorPaging
from org.queries.calendar import company, reporting_today
from org.refusals import Invalid, NotThere


class InitiativeList(IdempotentPost):
    """The initiatives the caller may see; a POST drafts one."""

    scopes = {"GET": Scope.SPEND_READ, "POST": Scope.INITIATIVES_WRITE}
    pagination_class = CursorPaging

    @extend_schema(
        operation_id="list_initiatives",
        parameters=[
            OpenApiParameter("state", OpenApiTypes.STR, enum=InitiativeState.values),
            OpenApiParameter("unit", OpenApiTypes.STR, description="The unit's slug."),
            OpenApiParameter("cursor", OpenApiTypes.STR),
            OpenApiParameter("limit", OpenApiTypes.INT),
        ],
        responses=InitiativeOut(many=True),
    )
    def get(self, request: Request) -> Response:
        user = caller(request)
        rows = chosen(_initiatives(user), request, states=InitiativeState.values)
        paging = self.pagination_class()
        page = paging.paginate_queryset(rows, request, view=self) or []
        at = timezone.now()
        standings = initiative_standings(page, on=reporting_today(at))
        asked, currency = asked_of([row.pk for row in page]), company().currency
        return paging.get_paginated_response(
            [
                initiative_out(
                    standing,
                    asked=asked.get(standing.initiative.pk),
                    user=user,
                    currency=currency,
                    at=at,
                )
                for standing in standings
            ]
        )

    @extend_schema(
        operation_id="draft_initiative", request=InitiativeIn, responses={201: InitiativeOut}
    )
    def post(self, request: Request) -> Response:
        user, at = caller(request), timezone.now()
        given = InitiativeIn(data=request.data, context={"user": user})
        given.is_valid(raise_exception=True)
        terms = InitiativeTerms(**given.validated_data)
        made = draft_initiative(terms=terms, by=user, at=at)
        address = reverse("api-initiative", kwargs={"slug": made.slug})
        answer = _shown(made, user=user, at=at)
        return Response(answer, status=201, headers={"Location": address})


class InitiativeDetail(APIView):
    """One initiative."""

    scopes = {"GET": Scope.SPEND_READ}

    @extend_schema(operation_id="read_initiative", responses=InitiativeOut)
    def get(self, request: Request, slug: str) -> Response:
        user = caller(request)
        found = get_object_or_404(_initiatives(user), slug=slug)
        return Response(_shown(found, user=user, at=timezone.now()))


class InitiativeStepView(IdempotentPost):
    """A step of an initiative's life, under the same rights as on its page."""

    scopes = {"POST": Scope.INITIATIVES_WRITE}

    @extend_schema(
        operation_id="take_initiative_step",
        parameters=[
            OpenApiParameter(
                "action", OpenApiTypes.STR, OpenApiParameter.PATH, enum=InitiativeAction.values
            )
        ],
        request=StepIn,
        responses=InitiativeOut,
        description="A `version` that is no longer current is refused with 409; `changed`"
        " in the problem says what differs. An approval may grant less than was asked, with a"
        " reason: a lower `cap_usd` or `daily_cap_usd`, an earlier `ends_on`. `extend` asks"
        " once for a later `ends_on`, at most 90 days later and without more money; another"
        " person grants or rejects it.",
    )
    def post(self, request: Request, slug: str, action: str) -> Response:
        user, at = caller(request), timezone.now()
        found = get_object_or_404(_initiatives(user), slug=slug)
        if action not in InitiativeAction.values:
            raise NotThere(f"There is no action {action!r}; there are {named(InitiativeAction)}.")
        given = StepIn(data=request.data)
        given.is_valid(raise_exception=True)
        moved = take_step(
            initiative_id=found.pk,
            action=InitiativeAction(action),
            by=user,
            reason=given.validated_data["reason"],
            version=given.validated_data["version"],
            at=at,
            change=given.change(),
        )
        return Response(_shown(moved, user=user, at=at))


def _shown(initiative: Initiative, *, user: User, at: datetime) -> dict[str, Any]:
    standing = initiative_standing(initiative=initiative, on=reporting_today(at))
    asked = asked_of([initiative.pk]).get(initiative.pk)
    values = initiative_out(standing, asked=asked, user=user, currency=company().currency, at=at)
    return dict(InitiativeOut(values).data)


def _initiatives(user: User) -> QuerySet[Initiative]:
    return Initiative.objects.visible_to(user).select_related(
        "unit", "owner__person", "on_call__person", "requested_by", "cost_object__scope"
    )


def chosen(rows: QuerySet[Any], request: Request, *, states: list[str]) -> QuerySet[Any]:
    """Keep what the query asks for; refuse a state that does not exist."""
    state, unit = request.query_params.get("state"), request.query_params.get("unit")
    if state is not None and state not in states:
        raise Invalid.of("state", f"There is no state {state!r}; there are {', '.join(states)}.")
    if state is not None:
        rows = rows.filter(state=state)
    return rows.filter(unit__slug=unit) if unit is not None else rows


def named(actions: type[TextChoices]) -> str:
    return ", ".join(actions.values)


def caller(request: Request) -> User:
    """Return the caller; `HasScope` has let nobody else through."""
    if not isinstance(request.user, User):
        raise TypeError("An API view is reached only by users.")
    return request.user
