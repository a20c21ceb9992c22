"""REST: who signs which amount."""

from typing import Any, cast

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from org.models import Role, User
from org.models.tokens import Scope
from org.permissions import can_see_profile
from org.queries.calendar import company, reporting_today
from org.queries.signing import limits_on
from org.refusals import NotThere
from org.signing_wording import limits_in_words


class ApprovalLimitOut(serializers.Serializer[Any]):
    """From an amount on, so many people of a role sign."""

    from_usd = serializers.CharField()
    role = serializers.ChoiceField(choices=Role.choices)
    signers = serializers.IntegerField()


class ApprovalLimitsOut(serializers.Serializer[Any]):
    """The approval limits in force; version 0 is what the company's profile presets."""

    version = serializers.IntegerField()
    currency = serializers.CharField()
    sentence = serializers.CharField()
    limits = ApprovalLimitOut(many=True)
    by = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField(allow_null=True)


class ApprovalLimitsView(APIView):
    """The approval limits."""

    scopes = {"GET": Scope.SPEND_READ}

    @extend_schema(operation_id="read_approval_limits", responses=ApprovalLimitsOut)
    def get(self, request: Request) -> Response:
        if not can_see_profile(cast("User", request.user)):
            raise NotThere("There is nothing here, or not for you.")
        found = limits_on(reporting_today(timezone.now()))
        table = found.table
        values = {
            "version": found.version,
            "currency": company().currency,
            "sentence": limits_in_words(found),
            "limits": [
                {"from_usd": f"{each.from_usd:.2f}", "role": each.role, "signers": each.signers}
                for each in found.limits
            ],
            "by": table.recorded_by.username if table else None,
            "at": table.recorded_at if table else None,
            "reason": table.reason if table else None,
        }
        return Response(ApprovalLimitsOut(values).data)
