"""REST: by how much hard caps can be overspent, and why."""

from typing import Any, cast

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from org.models import User
from org.models.tokens import Scope
from org.queries.calendar import company
from policy.bounds import Bound
from policy.queries.board import board
from policy.queries.bounds import bounds_of


class TermOut(serializers.Serializer[Any]):
    """One term of the bound; without an amount there is no bound."""

    term = serializers.ChoiceField(choices=["U", "Δ", "F"])
    usd = serializers.CharField(allow_null=True)
    reason = serializers.CharField()


class BoundOut(serializers.Serializer[Any]):
    """U + Δ + F of a scope's hard caps, and what came by ways that no lease enforces."""

    scope = serializers.CharField()
    currency = serializers.CharField()
    total_usd = serializers.CharField(allow_null=True)
    terms = TermOut(many=True)
    unleased_usd = serializers.CharField()
    days = serializers.IntegerField(help_text="Over so many days the past is looked at.")
    text = serializers.CharField()


class BoundsOut(serializers.Serializer[Any]):
    results = BoundOut(many=True)
    next = serializers.URLField(allow_null=True)


class Bounds(APIView):
    """`GET /policy/bounds`: for every scope with a hard cap that one may see."""

    scopes = {"GET": Scope.POLICY_READ}

    @extend_schema(operation_id="policy_bounds_list", responses=BoundsOut)
    def get(self, request: Request) -> Response:
        at = timezone.now()
        found = bounds_of(board(cast("User", request.user), at=at), at=at)
        currency = company().currency
        rows = [_row(bound, currency) for bound in found]
        return Response(BoundsOut({"results": rows, "next": None}).data)


def _row(bound: Bound, currency: str) -> dict[str, Any]:
    return {
        "scope": bound.scope.slug,
        "currency": currency,
        "total_usd": _text(bound.total_usd),
        "terms": [
            {"term": letter, "usd": _text(usd), "reason": reason}
            for letter, _, usd, reason in bound.terms
        ],
        "unleased_usd": f"{bound.unleased_usd:f}",
        "days": bound.days,
        "text": f"{bound.sentence} {bound.beside}".strip(),
    }


def _text(usd: Any) -> str | None:
    return None if usd is None else f"{usd:f}"
