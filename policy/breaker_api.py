"""REST: force a breaker open, say why, override a cap, protect a scope, run a trip test."""

from typing import Any, cast

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from org.idempotency import IdempotentPost
from org.models import User
from org.models.tokens import Scope as TokenScope
from org.paging import CursorPaging
from org.queries.calendar import company
from org.refusals import NotThere
from policy.breaker_serializers import (
    ACTIONS,
    BreakerOut,
    CapOverrideOut,
    ForcedOut,
    OverrideIn,
    ProtectedIn,
    ReasonIn,
    TripIn,
    TripTestIn,
    TripTestOut,
    WhenStaleIn,
    forced_out,
    override_out,
    scope_out,
    trip_test_out,
)
from policy.models import ForcedBlock, Override, Scope
from policy.operations.forced import force_block, give_reason, scope_to_stop
from policy.operations.overrides import (
    ask_override,
    decide_override,
    revoke_override,
    withdraw_override,
)
from policy.operations.protection import set_protected
from policy.operations.staleness import set_when_stale
from policy.operations.trip_tests import ask_trip_test
from policy.permissions import scopes_visible_to
from policy.queries.overrides import overrides_visible_to
from policy.queries.revisions import current_number
from policy.queries.trip_tests import trip_tests_of

PAGES = [
    OpenApiParameter("cursor", OpenApiTypes.STR),
    OpenApiParameter("limit", OpenApiTypes.INT),
]


class Trip(IdempotentPost):
    """`POST /breakers/{scope}/trip`: block at once; the reason may follow."""

    scopes = {"POST": TokenScope.BREAKERS_WRITE}

    @extend_schema(operation_id="trip_breaker", request=TripIn, responses={201: ForcedOut})
    def post(self, request: Request, scope: str) -> Response:
        given, user, at = _valid(TripIn, request), _caller(request), timezone.now()
        stopped = scope_to_stop(scope, by=user, at=at)
        forced = force_block(scope=stopped, **given, by=user, at=at)
        return Response(forced_out(forced, revision=current_number()), status=201)


class TripReason(IdempotentPost):
    """`POST /breakers/blocks/{id}/reason`: why, for a block that stands without."""

    scopes = {"POST": TokenScope.BREAKERS_WRITE}

    @extend_schema(operation_id="explain_block", request=ReasonIn, responses=ForcedOut)
    def post(self, request: Request, forced_id: int) -> Response:
        given, user = _valid(ReasonIn, request), _caller(request)
        seen = ForcedBlock.objects.filter(scope__in=scopes_visible_to(user))
        found = get_object_or_404(seen, pk=forced_id)
        said = give_reason(forced_id=found.pk, **given, by=user, at=timezone.now())
        return Response(forced_out(said, revision=current_number()))


class Protect(IdempotentPost):
    """`POST /breakers/{scope}/protect`: a CFO says whether automatic blocks spare a scope."""

    scopes = {"POST": TokenScope.BREAKERS_WRITE}

    @extend_schema(operation_id="protect_scope", request=ProtectedIn, responses=BreakerOut)
    def post(self, request: Request, scope: str) -> Response:
        given, user = _valid(ProtectedIn, request), _caller(request)
        found = _scope(user, scope)
        made = set_protected(scope=found, **given, by=user, at=timezone.now())
        return Response(scope_out(made, revision=current_number()))


class WithoutServer(IdempotentPost):
    """`POST /breakers/{scope}/when-stale`: what routers do once they have lost the server."""

    scopes = {"POST": TokenScope.BREAKERS_WRITE}

    @extend_schema(operation_id="set_when_stale", request=WhenStaleIn, responses=BreakerOut)
    def post(self, request: Request, scope: str) -> Response:
        given, user = _valid(WhenStaleIn, request), _caller(request)
        found = _scope(user, scope)
        made = set_when_stale(scope=found, **given, by=user, at=timezone.now())
        return Response(scope_out(made, revision=current_number()))


class Overrides(IdempotentPost):
    """`/breakers/{scope}/override`: the overrides of a scope; a POST asks for one."""

    scopes = {"GET": TokenScope.POLICY_READ, "POST": TokenScope.BREAKERS_WRITE}
    pagination_class = CursorPaging

    @extend_schema(
        operation_id="list_overrides", parameters=PAGES, responses=CapOverrideOut(many=True)
    )
    def get(self, request: Request, scope: str) -> Response:
        user, paging = _caller(request), self.pagination_class()
        found = overrides_visible_to(user).filter(scope=_scope(user, scope))
        page = paging.paginate_queryset(found, request, view=self) or []
        return paging.get_paginated_response([_override(each) for each in page])

    @extend_schema(operation_id="ask_override", request=OverrideIn, responses={201: CapOverrideOut})
    def post(self, request: Request, scope: str) -> Response:
        user = _caller(request)
        found = _scope(user, scope)
        given = OverrideIn(data=request.data)
        given.is_valid(raise_exception=True)
        made = ask_override(terms=given.terms(found), by=user, at=timezone.now())
        return Response(_override(overrides_visible_to(user).get(pk=made.pk)), status=201)


class OverrideStep(IdempotentPost):
    """A decision on an override that waits, its withdrawal, or its end before its time."""

    scopes = {"POST": TokenScope.BREAKERS_WRITE}

    @extend_schema(
        operation_id="decide_override",
        parameters=[
            OpenApiParameter("action", OpenApiTypes.STR, OpenApiParameter.PATH, enum=ACTIONS)
        ],
        request=ReasonIn,
        responses=CapOverrideOut,
    )
    def post(self, request: Request, override_id: int, action: str) -> Response:
        user, at = _caller(request), timezone.now()
        found = get_object_or_404(overrides_visible_to(user), pk=override_id)
        if action not in ACTIONS:
            raise NotThere(f"There is no action {action!r}; there are {', '.join(ACTIONS)}.")
        reason = _valid(ReasonIn, request)["reason"]
        if action == "withdraw":
            withdraw_override(override_id=found.pk, by=user, at=at)
        elif action == "revoke":
            revoke_override(override_id=found.pk, by=user, reason=reason, at=at)
        else:
            approve = action == "approve"
            decide_override(override_id=found.pk, approve=approve, by=user, reason=reason, at=at)
        return Response(_override(overrides_visible_to(user).get(pk=found.pk)))


class TripTests(IdempotentPost):
    """`/breakers/{scope}/trip-test`: the tests of a scope; a POST lets a worker run one."""

    scopes = {"GET": TokenScope.POLICY_READ, "POST": TokenScope.BREAKERS_WRITE}
    pagination_class = CursorPaging

    @extend_schema(
        operation_id="list_trip_tests", parameters=PAGES, responses=TripTestOut(many=True)
    )
    def get(self, request: Request, scope: str) -> Response:
        user, paging, currency = _caller(request), self.pagination_class(), company().currency
        page = paging.paginate_queryset(trip_tests_of(_scope(user, scope)), request, view=self)
        return paging.get_paginated_response(
            [trip_test_out(each, currency=currency) for each in page or []]
        )

    @extend_schema(operation_id="run_trip_test", request=TripTestIn, responses={202: TripTestOut})
    def post(self, request: Request, scope: str) -> Response:
        given, user = _valid(TripTestIn, request), _caller(request)
        test = ask_trip_test(scope=_scope(user, scope), by=user, at=timezone.now(), **given)
        return Response(trip_test_out(test, currency=company().currency), status=202)


def _override(override: Override) -> dict[str, Any]:
    return override_out(override, currency=company().currency)


def _scope(user: User, slug: str) -> Scope:
    return get_object_or_404(scopes_visible_to(user), slug=slug)


def _valid(serializer: Any, request: Request) -> dict[str, Any]:
    given = serializer(data=request.data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


def _caller(request: Request) -> User:
    return cast("User", request.user)
