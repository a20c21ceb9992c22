"""REST: quotas to read and set, raises to ask for and decide."""

from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from org.idempotency import IdempotentPost
from org.models import Approval, User
from org.models.tokens import Scope
from org.paging import CursorPaging
from org.refusals import NotThere
from policy.models import Quota, QuotaRaise
from policy.operations.quota_raises import RaiseDraft, ask_raise, decide_raise, withdraw_raise
from policy.operations.quotas import THRESHOLDS, QuotaDraft, put_quota, retire_quota
from policy.queries.quota_board import quotas_visible_to
from policy.queries.quotas import QUOTA_RAISE, quotas_with_terms

ACTIONS = ("approve", "reject", "withdraw")


def _amount(**more: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=18, decimal_places=2, min_value=0, **more)


class QuotaIn(serializers.Serializer[Any]):
    """A quota to set; of one that counts the same for the same, the terms change."""

    scope = serializers.CharField(max_length=80, help_text="org, unit:… or initiative:…")
    metric = serializers.ChoiceField(choices=Quota.Metric.choices)
    window = serializers.ChoiceField(choices=Quota.Window.choices)
    per = serializers.ChoiceField(
        choices=["person", "key", "task"],
        allow_null=True,
        default=None,
        help_text="Null: all of the scope share it.",
    )
    limit = _amount(help_text="In the metric's unit.")
    mode = serializers.ChoiceField(choices=Quota.Mode.choices, default="hard")
    burst = _amount(default=Decimal(0))
    carry_over_pct = serializers.IntegerField(min_value=0, max_value=100, default=0)
    thresholds = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=100),
        default=list(THRESHOLDS),
        max_length=20,
    )
    exempt = serializers.ListField(
        child=serializers.CharField(max_length=160), default=list, max_length=200
    )
    is_prorated = serializers.BooleanField(default=False)
    reason = serializers.CharField(max_length=200)

    def draft(self) -> QuotaDraft:
        given: dict[str, Any] = dict(self.validated_data)
        given.pop("reason")
        return QuotaDraft(**(given | {"per": given["per"] or ""}))


class QuotaOut(serializers.Serializer[Quota]):
    """A quota as it holds; `id` is the one that the policy document names."""

    id = serializers.CharField()
    scope = serializers.CharField()
    metric = serializers.ChoiceField(choices=Quota.Metric.choices)
    window = serializers.ChoiceField(choices=Quota.Window.choices)
    per = serializers.CharField(allow_null=True)
    limit = serializers.CharField()
    mode = serializers.ChoiceField(choices=Quota.Mode.choices)
    burst = serializers.CharField()
    carry_over_pct = serializers.IntegerField()
    thresholds = serializers.ListField(child=serializers.IntegerField())
    exempt = serializers.ListField(child=serializers.CharField())
    is_prorated = serializers.BooleanField()
    set_at = serializers.DateTimeField()
    retired_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField()

    def to_representation(self, instance: Quota) -> dict[str, Any]:
        terms = instance.terms.all()[0]
        kept = ("mode", "carry_over_pct", "thresholds", "exempt", "is_prorated", "reason")
        return {name: getattr(terms, name) for name in kept} | {
            "id": instance.public_id,
            "scope": instance.scope.slug,
            "metric": instance.metric,
            "window": instance.window,
            "per": instance.per or None,
            "limit": _plain(terms.limit),
            "burst": _plain(terms.burst),
            "set_at": instance.set_at,
            "retired_at": instance.retired_at,
        }


class QuotaReasonIn(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=200, allow_blank=True, default="")


class RaiseIn(serializers.Serializer[Any]):
    """More of a quota for a while; `who` is needed where each has it for himself."""

    who = serializers.CharField(max_length=160, allow_blank=True, default="")
    limit = _amount()
    ends_at = serializers.DateTimeField()
    reason = serializers.CharField(max_length=200)

    def draft(self) -> RaiseDraft:
        given: dict[str, Any] = dict(self.validated_data)
        given.pop("reason")
        return RaiseDraft(**given)


class RaiseOut(serializers.Serializer[QuotaRaise]):
    id = serializers.IntegerField()
    quota = serializers.CharField()
    who = serializers.CharField()
    limit = serializers.CharField()
    ends_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(help_text="When an answer is due.")
    state = serializers.CharField(help_text="pending, approved, rejected or withdrawn.")

    def to_representation(self, instance: QuotaRaise) -> dict[str, Any]:
        asked = Approval.objects.filter(kind=QUOTA_RAISE, subject_id=instance.pk)
        return {
            "id": instance.pk,
            "quota": instance.quota.public_id,
            "who": instance.who,
            "limit": _plain(instance.limit),
            "ends_at": instance.ends_at,
            "due_at": instance.due_at,
            "state": asked.latest("pk").state,
        }


class Quotas(IdempotentPost):
    """`/quotas`: those in force in the units one sees; a POST sets one."""

    scopes = {"GET": Scope.POLICY_READ, "POST": Scope.BREAKERS_WRITE}
    pagination_class = CursorPaging

    @extend_schema(
        operation_id="list_quotas",
        parameters=[
            OpenApiParameter("cursor", OpenApiTypes.STR),
            OpenApiParameter("limit", OpenApiTypes.INT),
        ],
        responses=QuotaOut(many=True),
    )
    def get(self, request: Request) -> Response:
        paging = self.pagination_class()
        found = quotas_visible_to(_caller(request)).order_by("-pk")
        page = paging.paginate_queryset(found, request, self) or []
        return paging.get_paginated_response([QuotaOut(each).data for each in page])

    @extend_schema(operation_id="set_quota", request=QuotaIn, responses={201: QuotaOut})
    def post(self, request: Request) -> Response:
        given = QuotaIn(data=request.data)
        given.is_valid(raise_exception=True)
        quota = put_quota(
            draft=given.draft(),
            reason=given.validated_data["reason"],
            by=_caller(request),
            at=timezone.now(),
        )
        return Response(QuotaOut(_shown(quota.pk)).data, status=201)


class QuotaRetire(IdempotentPost):
    """`POST /quotas/N/retire`: a quota is lifted."""

    scopes = {"POST": Scope.BREAKERS_WRITE}

    @extend_schema(operation_id="retire_quota", request=QuotaReasonIn, responses=QuotaOut)
    def post(self, request: Request, quota_id: int) -> Response:
        found, reason = _quota(request, quota_id), _reason(request)
        retire_quota(quota_id=found.pk, reason=reason, by=_caller(request), at=timezone.now())
        return Response(QuotaOut(_shown(found.pk)).data)


class QuotaRaises(IdempotentPost):
    """`POST /quotas/N/raises`: somebody needs more of it for a while."""

    scopes = {"POST": Scope.BREAKERS_WRITE}

    @extend_schema(operation_id="ask_quota_raise", request=RaiseIn, responses={201: RaiseOut})
    def post(self, request: Request, quota_id: int) -> Response:
        found = _quota(request, quota_id)
        given = RaiseIn(data=request.data)
        given.is_valid(raise_exception=True)
        asked = ask_raise(
            quota_id=found.pk,
            draft=given.draft(),
            reason=given.validated_data["reason"],
            by=_caller(request),
            at=timezone.now(),
        )
        return Response(RaiseOut(asked).data, status=201)


class QuotaRaiseStep(IdempotentPost):
    """`POST /quotas/N/raises/M/actions/ACTION`: a decision on a raise, or its withdrawal."""

    scopes = {"POST": Scope.BREAKERS_WRITE}

    @extend_schema(
        operation_id="decide_quota_raise",
        parameters=[
            OpenApiParameter("action", OpenApiTypes.STR, OpenApiParameter.PATH, enum=ACTIONS)
        ],
        request=QuotaReasonIn,
        responses=RaiseOut,
    )
    def post(self, request: Request, quota_id: int, raise_id: int, action: str) -> Response:
        if action not in ACTIONS:
            raise NotThere(f"A raise has no action {action}: it has {', '.join(ACTIONS)}.")
        found = _quota(request, quota_id)
        asked = get_object_or_404(QuotaRaise, pk=raise_id, quota=found)
        _take(asked, action, by=_caller(request), reason=_reason(request), at=timezone.now())
        return Response(RaiseOut(asked).data)


def _take(asked: QuotaRaise, action: str, *, by: User, reason: str, at: datetime) -> None:
    if action == "withdraw":
        withdraw_raise(raise_id=asked.pk, by=by, at=at)
    else:
        approve = action == "approve"
        decide_raise(raise_id=asked.pk, approve=approve, by=by, reason=reason, at=at)


def _quota(request: Request, quota_id: int) -> Quota:
    return get_object_or_404(quotas_visible_to(_caller(request)), pk=quota_id)


def _shown(quota_id: int) -> Quota:
    """Return a quota as it is written, in force or not."""
    return quotas_with_terms().select_related("scope").get(pk=quota_id)


def _reason(request: Request) -> str:
    given = QuotaReasonIn(data=request.data)
    given.is_valid(raise_exception=True)
    reason: str = given.validated_data["reason"]
    return reason


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


def _caller(request: Request) -> User:
    return cast("User", request.user)
