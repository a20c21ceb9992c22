"""REST: the model hierarchy of a day, and what could run on a cheaper model."""

from datetime import date
from typing import Any, cast

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from finops.periods import ONE_DAY, Period
from org.models import User
from org.models.tokens import Scope
from org.queries.calendar import company, reporting_today
from org.refusals import Invalid, NotAllowed
from policy.audit_rows import share_text, told_of, usd_text
from policy.models import Tier
from policy.permissions import can_see_models
from policy.queries.hierarchy import Placement, hierarchy_on
from policy.queries.right_sizing import audit

LONGEST_DAYS = 366
# A window before the first of these years, or a day after the last, is no date any more.
EARLIEST_YEAR, LATEST_YEAR = 1900, 9000


class RankedModelSerializer(serializers.Serializer[Placement]):
    """A model's tier on the day asked for; `task_type` "" is any."""

    provider = serializers.CharField()
    model = serializers.CharField()
    task_type = serializers.CharField()
    tier = serializers.ChoiceField(choices=Tier.choices)
    batch = serializers.BooleanField()
    since = serializers.DateField(allow_null=True, help_text="Null: it has always stood there.")
    reason = serializers.CharField()
    by = serializers.CharField(help_text="Empty: the system.")
    recorded_at = serializers.DateTimeField()

    def to_representation(self, instance: Placement) -> dict[str, Any]:
        row = instance.row
        plain = ("provider", "model", "task_type", "tier", "batch", "reason", "recorded_at")
        return {name: getattr(row, name) for name in plain} | {
            "since": instance.counts_from,
            "by": str(row.by) if row.by else "",
        }


class HierarchySerializer(serializers.Serializer[Any]):
    on = serializers.DateField()
    tiers = serializers.ListField(child=serializers.CharField(), help_text="The cheapest first.")
    results = RankedModelSerializer(many=True)
    next = serializers.URLField(allow_null=True)


class Models(APIView):
    """`/models`: which tier each model stands in on a day."""

    scopes = {"GET": Scope.SPEND_READ}

    @extend_schema(
        operation_id="list_models",
        parameters=[
            OpenApiParameter("on", OpenApiTypes.DATE, description="Today where nothing is said.")
        ],
        responses=HierarchySerializer,
    )
    def get(self, request: Request) -> Response:
        if not can_see_models(cast("User", request.user)):
            raise NotAllowed("Models are shown to company-wide roles that work with data.")
        on = _day(request)
        rows = [RankedModelSerializer(row).data for row in hierarchy_on(on).rows()]
        return Response({"on": on, "tiers": Tier.values, "results": rows, "next": None})


class RightSizedSerializer(serializers.Serializer[Any]):
    """A kind of work on the model that does it now; null is what is not known."""

    workflow = serializers.CharField()
    task_type = serializers.CharField()
    complexity = serializers.CharField()
    risk = serializers.CharField()
    provider = serializers.CharField()
    model = serializers.CharField()
    tier = serializers.CharField(allow_null=True)
    calls = serializers.IntegerField()
    now_usd = serializers.CharField(allow_null=True)
    candidate = serializers.CharField(allow_null=True)
    candidate_usd = serializers.CharField(allow_null=True)
    avoidable_usd = serializers.CharField(allow_null=True)
    potential_usd = serializers.CharField(allow_null=True)
    confidence = serializers.CharField(allow_null=True)
    graded = serializers.IntegerField(allow_null=True)
    passed = serializers.IntegerField(allow_null=True)
    at_least = serializers.CharField(allow_null=True)
    required = serializers.CharField(allow_null=True)  # type: ignore[assignment]  # a declared field is no attribute
    cache_share = serializers.CharField(allow_null=True)
    cache_achievable = serializers.CharField(allow_null=True)
    batch_eligible_calls = serializers.IntegerField(allow_null=True)
    median_input = serializers.IntegerField()
    p95_input = serializers.IntegerField()
    max_tokens = serializers.IntegerField(allow_null=True)
    reasoning_share = serializers.CharField(allow_null=True)
    missing = serializers.CharField()


class AuditSerializer(serializers.Serializer[Any]):
    """The whole of a window of reporting days, `until` outside; shares are of one."""

    since = serializers.DateField()
    until = serializers.DateField()
    currency = serializers.CharField()
    calls = serializers.IntegerField()
    spend_usd = serializers.CharField()
    avoidable_usd = serializers.CharField()
    potential_usd = serializers.CharField()
    avoidable_share = serializers.CharField(allow_null=True)
    frontier_on_simple_share = serializers.CharField(allow_null=True)
    unknown_calls = serializers.IntegerField()
    results = RightSizedSerializer(many=True)
    next = serializers.URLField(allow_null=True)


class RightSizing(APIView):
    """`/models/right-sizing`: what is avoidable in the days before a day."""

    scopes = {"GET": Scope.SPEND_READ}

    @extend_schema(
        operation_id="audit_models",
        parameters=[
            OpenApiParameter("on", OpenApiTypes.DATE, description="Today where nothing is said."),
            OpenApiParameter("days", OpenApiTypes.INT, description="1 to 366; 30 if not said."),
        ],
        responses=AuditSerializer,
    )
    def get(self, request: Request) -> Response:
        if not can_see_models(cast("User", request.user)):
            raise NotAllowed("Models are shown to company-wide roles that work with data.")
        on, days = _day(request), _days(request)
        found = audit(period=Period(on - ONE_DAY * days, on), on=on)
        exact = ("spend_usd", "avoidable_usd", "potential_usd")
        return Response(
            {
                "since": found.period.start,
                "until": found.period.end,
                "currency": company().currency,
                "calls": found.calls,
                **{name: usd_text(getattr(found, name)) for name in exact},
                "avoidable_share": share_text(found.avoidable_share),
                "frontier_on_simple_share": share_text(found.frontier_on_simple_share),
                "unknown_calls": found.unknown_calls,
                "results": [told_of(row) for row in found.rows],
                "next": None,
            }
        )


def _days(request: Request) -> int:
    text = request.query_params.get("days", "30")
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:6]) <= LONGEST_DAYS):
        raise Invalid.of("days", f"{text!r} is no number of days from 1 to {LONGEST_DAYS}.")
    return int(text)


def _day(request: Request) -> date:
    text = request.query_params.get("on")
    if text is None:
        return reporting_today(timezone.now())
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise Invalid.of("on", f"{text!r} is no day: write it as YYYY-MM-DD.") from error
    if day.year < EARLIEST_YEAR or day.year > LATEST_YEAR:
        raise Invalid.of("on", f"{text!r} lies beyond the calendar.")
    return day
