"""REST: routers' words beside what usage shows, and usage that named no lease of its sender."""

from datetime import timedelta
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
from org.permissions import can_see_company
from org.queries.calendar import reporting_today
from org.refusals import Invalid, NotAllowed
from policy.queries.lease_checks import LeaseDay, LeaseSums, by_day, by_router, stray_use

MOST_DAYS = 366
PLAIN_DAYS = 30


class LeaseSumsOut(serializers.Serializer[Any]):
    """Dollars granted, told by routers, seen in usage, and where the two differ."""

    leases = serializers.IntegerField()
    granted_usd = serializers.CharField()
    told_usd = serializers.CharField()
    seen_usd = serializers.CharField()
    unseen_usd = serializers.CharField(help_text="Reported, and not seen in usage.")
    untold_usd = serializers.CharField(help_text="Seen in usage, and not reported.")
    held_usd = serializers.CharField()


class RouterCheckOut(LeaseSumsOut):
    sidecar = serializers.CharField()


class DayCheckOut(LeaseSumsOut):
    on = serializers.DateField()
    spent_usd = serializers.CharField(help_text="All that counts as spent of the day.")
    unleased_usd = serializers.CharField(help_text="Of it, what came without a lease.")


class StrayUseOut(serializers.Serializer[Any]):
    on = serializers.DateField()
    sender = serializers.CharField()
    kind = serializers.ChoiceField(choices=["unknown", "foreign"])
    example = serializers.CharField()
    calls = serializers.IntegerField()
    usd = serializers.CharField()


class LeaseChecksOut(serializers.Serializer[Any]):
    days = DayCheckOut(many=True)
    routers = RouterCheckOut(many=True)
    stray = StrayUseOut(many=True)


class LeaseChecks(APIView):
    """`GET /leases/checks`: what routers say beside what usage shows."""

    scopes = {"GET": Scope.LEASE_WRITE}

    @extend_schema(
        operation_id="leases_checks_retrieve",
        parameters=[
            OpenApiParameter("days", OpenApiTypes.INT, description="Today and the days before it.")
        ],
        responses=LeaseChecksOut,
    )
    def get(self, request: Request) -> Response:
        if not can_see_company(cast("User", request.user)):
            raise NotAllowed("Leases are of every unit: reading them takes a company-wide role.")
        today = reporting_today(timezone.now())
        period = Period(today + ONE_DAY - timedelta(days=_days(request)), today + ONE_DAY)
        content = {
            "days": [_day(row) for row in by_day(period)],
            "routers": [_sums(row) | {"sidecar": row.name} for row in by_router(period)],
            "stray": [
                {
                    "on": row.on,
                    "sender": str(row.sender),
                    "kind": row.kind,
                    "example": row.example,
                    "calls": row.calls,
                    "usd": f"{row.usd:f}",
                }
                for row in stray_use(period)
            ],
        }
        return Response(LeaseChecksOut(content).data)


def _days(request: Request) -> int:
    asked = request.query_params.get("days", str(PLAIN_DAYS))
    is_number = asked.isascii() and asked.isdecimal() and len(asked) <= len(str(MOST_DAYS))
    if not is_number or not 1 <= int(asked) <= MOST_DAYS:
        raise Invalid.of("days", f"The days looked back are 1 to {MOST_DAYS}, not {asked!r}.")
    return int(asked)


def _day(row: LeaseDay) -> dict[str, Any]:
    return _sums(row.sums) | {
        "on": row.on,
        "spent_usd": f"{row.spent_usd:f}",
        "unleased_usd": f"{row.unleased_usd:f}",
    }


def _sums(row: LeaseSums) -> dict[str, Any]:
    names = ("granted_usd", "told_usd", "seen_usd", "unseen_usd", "untold_usd", "held_usd")
    return {"leases": row.leases} | {name: f"{getattr(row, name):f}" for name in names}
