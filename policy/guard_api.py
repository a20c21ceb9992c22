"""REST: a scope's guard, and what scopes brought in and cost beside their calls."""

from typing import Any, cast

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ingestion.operations.push import RejectedRecord
from ingestion.serializers import RejectedSerializer
from ingestion.wire import Batch, RecordParser
from org.idempotency import IdempotentPost
from org.models import User
from org.models.tokens import Scope as TokenScope
from policy.models import Guard, Scope
from policy.operations.guards import MOST, MOST_TOKENS, TERMS, GuardTerms, put_guard
from policy.operations.margins import record_margins
from policy.permissions import scopes_visible_to

SLUG = OpenApiParameter("slug", OpenApiTypes.STR, OpenApiParameter.PATH, description="unit:support")


def _count(most: int = MOST) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=most, allow_null=True, default=None)


def _amount() -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=14, decimal_places=2, allow_null=True, default=None)


def _share(**more: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=5, decimal_places=4, **more)


class GuardSerializer(serializers.Serializer[Any]):
    """What is watched of a scope beside its caps: null is no limit, shares are of one."""

    requests_per_minute = _count()
    tokens_per_minute = _count(MOST_TOKENS)
    usd_per_minute = _amount()
    concurrency = _count()
    task_steps = _count()
    task_usd = _amount()
    loop_calls = _count()
    loop_window_s = _count()
    margin_floor = _share(allow_null=True, default=None)
    slow_at = _share(default=GuardTerms().slow_at)
    downgrade_at = _share(default=GuardTerms().downgrade_at)
    keep_fraction = _share(default=GuardTerms().keep_fraction)
    probe_calls = serializers.IntegerField(min_value=1, default=GuardTerms().probe_calls)


class StandingGuardSerializer(GuardSerializer):
    """A guard, of which scope, and since when it stands; null where none does."""

    scope = serializers.CharField()
    set_by = serializers.CharField(allow_null=True)
    set_at = serializers.DateTimeField(allow_null=True)


class BreakerGuard(APIView):
    """`/breakers/{scope}/guard`: what is watched of a scope; a PUT sets it as a whole."""

    scopes = {"GET": TokenScope.POLICY_READ, "PUT": TokenScope.BREAKERS_WRITE}

    @extend_schema(
        operation_id="guard_retrieve", parameters=[SLUG], responses=StandingGuardSerializer
    )
    def get(self, request: Request, slug: str) -> Response:
        scope = _scope(request, slug)
        return _told(scope, scope.guards.filter(retired_at__isnull=True).first())

    @extend_schema(
        operation_id="guard_update",
        parameters=[SLUG],
        request=GuardSerializer,
        responses=StandingGuardSerializer,
    )
    def put(self, request: Request, slug: str) -> Response:
        scope = _scope(request, slug)
        asked = GuardSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        terms = GuardTerms(**asked.validated_data)
        guard = put_guard(scope=scope, terms=terms, by=_caller(request), at=timezone.now())
        return _told(scope, guard)


class MarginSerializer(serializers.Serializer[Any]):
    """Revenue and other costs of a scope over a half-open span; `from` and `to` name it."""

    id = serializers.CharField(max_length=120)
    scope = serializers.CharField(max_length=80)
    revenue_usd = serializers.CharField()
    other_cogs_usd = serializers.CharField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `from` is a word of Python's.
        span = {"from": serializers.DateTimeField(), "to": serializers.DateTimeField()}
        return super().get_fields() | span


class MarginsAnswerSerializer(serializers.Serializer[Any]):
    accepted = serializers.IntegerField()
    duplicate = serializers.IntegerField()
    conflict = serializers.IntegerField()
    rejected = RejectedSerializer(many=True)


class Margins(IdempotentPost):
    """`POST /margins`: what scopes brought in, kept and judged before the answer."""

    scopes = {"POST": TokenScope.USAGE_WRITE}
    parser_classes = [RecordParser]

    @extend_schema(
        operation_id="margins_create",
        description="At most 5,000 records: an array, an object with `records`, or one record a "
        "line. An id that came before counts once; with other figures it is a conflict.",
        request=MarginSerializer(many=True),
        responses={200: MarginsAnswerSerializer},
    )
    def post(self, request: Request) -> Response:
        batch = request.data.get("batch") if isinstance(request.data, dict) else None
        if not isinstance(batch, Batch):
            raise ParseError("The body is empty: send records.")
        found = record_margins(records=batch.records, by=_caller(request), at=timezone.now())
        unread = [RejectedRecord(bad.place, "", bad.detail) for bad in batch.bad]
        refused = [row._replace(index=batch.places[row.index]) for row in found.rejected]
        rows = sorted([*unread, *refused], key=lambda row: row.index)
        content = {
            "accepted": found.accepted,
            "duplicate": found.duplicate,
            "conflict": found.conflict,
            "rejected": [row._asdict() for row in rows],
        }
        return Response(MarginsAnswerSerializer(content).data)


def _told(scope: Scope, guard: Guard | None) -> Response:
    terms = GuardTerms()
    content = {name: getattr(guard or terms, name) for name in TERMS} | {
        "scope": scope.slug,
        "set_by": str(guard.set_by) if guard and guard.set_by else None,
        "set_at": guard.set_at if guard else None,
    }
    return Response(StandingGuardSerializer(content).data)


def _scope(request: Request, slug: str) -> Scope:
    return get_object_or_404(scopes_visible_to(_caller(request)), slug=slug)


def _caller(request: Request) -> User:
    return cast("User", request.user)
