"""REST: the routers, what each runs, and which scopes it serves."""

from typing import Any, cast

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from org.idempotency import IdempotentPost
from org.models import User
from org.models.tokens import Scope
from policy.models import Sidecar
from policy.operations.fleet import bind_sidecar


class SidecarSerializer(serializers.ModelSerializer[Sidecar]):
    """A router as it reported itself; one that serves nothing in particular is told of all."""

    class Meta:
        model = Sidecar
        fields = [
            "name",
            "version",
            "revision",
            "applied_at",
            "seen_at",
            "refused_revision",
            "refusal",
            "serves",
        ]


class SidecarListSerializer(serializers.Serializer[Any]):
    results = SidecarSerializer(many=True)
    next = serializers.URLField(allow_null=True)


class ServesSerializer(serializers.Serializer[Any]):
    serves = serializers.ListField(
        child=serializers.CharField(max_length=80),
        max_length=100,
        help_text="Scopes such as unit:support; an empty list is the whole policy.",
    )


class Sidecars(APIView):
    """`GET /policy/sidecars`: the routers that have reported, by name."""

    scopes = {"GET": Scope.POLICY_READ}

    @extend_schema(operation_id="policy_sidecars_list", responses=SidecarListSerializer)
    def get(self, request: Request) -> Response:  # noqa: ARG002 -- the framework's signature
        found = Sidecar.objects.order_by("name")
        return Response({"results": SidecarSerializer(found, many=True).data, "next": None})


class SidecarServes(IdempotentPost):
    """`POST /policy/sidecars/NAME/serves`: which scopes a router is told of from now on."""

    scopes = {"POST": Scope.BREAKERS_WRITE}

    @extend_schema(
        operation_id="policy_sidecars_bind", request=ServesSerializer, responses=SidecarSerializer
    )
    def post(self, request: Request, name: str) -> Response:
        asked = ServesSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        sidecar = bind_sidecar(
            name=name,
            serves=asked.validated_data["serves"],
            by=cast("User", request.user),
            at=timezone.now(),
        )
        return Response(SidecarSerializer(sidecar).data)
