"""REST: unit economics, as the page shows them."""

from datetime import date
from decimal import Decimal
from typing import Any, cast

from django.conf import settings
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from finops.periods import Period
from ingestion.queries.economics import Economics, Evidence, economics
from ingestion.queries.outcomes import CountSource
from ingestion.queries.questions import read_question
from ingestion.serializers import exact
from org.models import User
from org.models.tokens import Scope
from org.queries.calendar import reporting_today
from org.refusals import Invalid

CENTURY = ("2000", "2100")


class EconomicsRowSerializer(serializers.Serializer[Economics]):
    """One outcome: money with twelve decimals, null where there is nothing to divide by."""

    outcome = serializers.CharField()
    name = serializers.CharField()
    unit = serializers.CharField()
    version = serializers.IntegerField(help_text="Of the definition.")
    cost_usd = serializers.CharField()
    unpriced_calls = serializers.IntegerField(help_text="Calls whose cost is in no figure.")
    known_cost_usd = serializers.CharField(help_text="Of the days whose outcomes are known.")
    started = serializers.IntegerField()
    succeeded = serializers.IntegerField()
    escalated = serializers.IntegerField()
    counted_from = serializers.ChoiceField(choices=[each.value for each in CountSource])
    evidence = serializers.ChoiceField(choices=[each.value for each in Evidence])
    known_days = serializers.IntegerField()
    days = serializers.IntegerField()
    per_task_usd = serializers.CharField(allow_null=True)
    per_outcome_usd = serializers.CharField(allow_null=True)
    loaded_per_outcome_usd = serializers.CharField(allow_null=True)
    task_p50_usd = serializers.CharField(allow_null=True)
    task_p90_usd = serializers.CharField(allow_null=True)
    tasks_priced = serializers.IntegerField(help_text="How many the quantiles are read from.")
    spend_coverage = serializers.CharField(
        allow_null=True, help_text="The share of the spend that names a task."
    )

    def to_representation(self, instance: Economics) -> dict[str, Any]:
        now, counts, tasks, terms = (
            instance.now, instance.now.counts, instance.tasks, instance.terms,
        )  # fmt: skip
        return {
            "outcome": terms.definition.slug,
            "name": terms.name,
            "unit": terms.definition.unit.slug,
            "version": terms.number,
            "cost_usd": exact(now.cost.usd),
            "unpriced_calls": now.cost.unpriced_calls,
            "known_cost_usd": exact(now.known_cost.usd),
            "started": counts.started,
            "succeeded": counts.succeeded,
            "escalated": counts.escalated,
            "counted_from": counts.source.value,
            "evidence": now.evidence.value,
            "known_days": counts.known_days,
            "days": counts.days,
            "per_task_usd": _known(instance.per_task_usd),
            "per_outcome_usd": _known(now.per_outcome_usd),
            "loaded_per_outcome_usd": _known(now.loaded_per_outcome_usd),
            "task_p50_usd": _known(tasks.p50_usd),
            "task_p90_usd": _known(tasks.p90_usd),
            "tasks_priced": tasks.n,
            "spend_coverage": _known(tasks.coverage),
        }


class EconomicsSerializer(serializers.Serializer[Any]):
    vars()["from"] = serializers.DateField()
    to = serializers.DateField(help_text="The first day outside.")
    currency = serializers.CharField()
    results = EconomicsRowSerializer(many=True)
    next = serializers.URLField(allow_null=True)


class UnitEconomics(APIView):
    """`GET /economics`: what one task and one result cost, for each outcome one may see."""

    scopes = {"GET": Scope.SPEND_READ}

    @extend_schema(
        operation_id="economics_list",
        parameters=[
            OpenApiParameter("from", OpenApiTypes.DATE, description="Thirty days before `to`."),
            OpenApiParameter("to", OpenApiTypes.DATE, description="The first day outside."),
        ],
        responses=EconomicsSerializer,
    )
    def get(self, request: Request) -> Response:
        today = reporting_today(timezone.now())
        period = _period(request, today)
        rows = economics(user=cast("User", request.user), period=period, today=today)
        content = {
            "from": period.start,
            "to": period.end,
            "currency": settings.TOKENOPS_CURRENCY,
            "results": rows,
            "next": None,
        }
        return Response(EconomicsSerializer(content).data)


def _known(value: Decimal | None) -> str | None:
    return None if value is None else exact(value)


def _period(request: Request, today: date) -> Period:
    """Return the days asked for. Raises Invalid for other parameters and for other centuries."""
    asked = dict(request.query_params.lists())
    if unknown := sorted(asked.keys() - {"from", "to"}):
        raise Invalid.of(unknown[0], f"`{unknown[0]}` is not a parameter. There are from and to.")
    for name, values in asked.items():
        if values[-1] and not CENTURY[0] <= values[-1][:4] < CENTURY[1]:
            raise Invalid.of(name, f"`{name}` must be a day from 2000 to 2099, not {values[-1]!r}.")
    return read_question(asked, today=today).period
