"""REST: the rows of the price book that stand, as a router or a report needs them."""

from typing import Any, cast

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ingestion.models import PriceRow
from org.models import User
from org.models.tokens import Scope
from org.paging import CursorPaging
from org.permissions import can_see_prices
from org.refusals import NotAllowed

FILTERS = ("provider", "model", "account", "service_tier", "meter")


class PriceSerializer(serializers.Serializer[PriceRow]):
    """The price of one meter of one model over a time; `account` "" is everybody's."""

    id = serializers.IntegerField()
    provider = serializers.CharField()
    model = serializers.CharField()
    account = serializers.CharField()
    service_tier = serializers.CharField()
    region = serializers.CharField(help_text="Empty: wherever a call was served.")
    meter = serializers.CharField(help_text="A token class or a counter.")
    usd = serializers.CharField(help_text="Exact, twelve decimals.")
    currency = serializers.CharField()
    per = serializers.ChoiceField(choices=PriceRow.Per.choices)
    bracket_min_tokens = serializers.IntegerField()
    bracket_kind = serializers.ChoiceField(choices=PriceRow.BracketKind.choices)
    hours_utc = serializers.CharField(help_text="When in the week it holds; empty is always.")
    starts_at = serializers.DateTimeField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True)
    source = serializers.CharField()  # type: ignore[assignment]  # declared fields are no attributes
    author = serializers.CharField(help_text="Who set it; empty for the list.")
    recorded_at = serializers.DateTimeField()

    def to_representation(self, instance: PriceRow) -> dict[str, Any]:
        plain = (
            "provider", "model", "account", "service_tier", "region", "meter", "per",
            "bracket_min_tokens", "bracket_kind", "starts_at", "ends_at", "source", "recorded_at",
        )  # fmt: skip
        return (
            {"id": instance.pk}
            | {name: getattr(instance, name) for name in plain}
            | {
                "usd": f"{instance.usd:f}",
                "currency": "USD",
                "hours_utc": instance.window_in_words if instance.hours is not None else "",
                "author": str(instance.author) if instance.author else "",
            }
        )


class Prices(APIView):
    """`/prices`: the price book, the newest rows first."""

    scopes = {"GET": Scope.SPEND_READ}
    pagination_class = CursorPaging

    @extend_schema(
        operation_id="prices_list",
        parameters=[OpenApiParameter(name, OpenApiTypes.STR) for name in FILTERS],
        responses=PriceSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        if not can_see_prices(cast("User", request.user)):
            raise NotAllowed("Prices are shown to company-wide roles that work with data.")
        asked = {
            name: request.query_params[name] for name in FILTERS if name in request.query_params
        }
        rows = PriceRow.objects.standing().filter(**asked).select_related("author__person")
        paging = self.pagination_class()
        page = paging.paginate_queryset(rows, request, self) or []
        return paging.get_paginated_response([PriceSerializer(row).data for row in page])
