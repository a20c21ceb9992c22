"""REST: routers lease what they will spend, tell what it cost, and people see what is held."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, cast

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    PolymorphicProxySerializer,
    extend_schema,
)
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from org.idempotency import IdempotentPost
from org.models import User
from org.models.tokens import Scope
from org.paging import CursorPaging
from org.permissions import can_see_company
from org.refusals import Invalid, NotAllowed
from policy.lease_serializers import (
    LeaseIn,
    LeaseOut,
    MoneyLeaseIn,
    MoneyLeaseOut,
    ProbeLeaseIn,
    ProbeLeaseOut,
    QuotaLeaseIn,
    QuotaLeaseOut,
    QuotaSettlementIn,
    QuotaSettlementOut,
    SettlementIn,
    SettlementOut,
    WriteOffIn,
    in_full,
    settlement,
)
from policy.models import Lease
from policy.models.leases import MONEY_PREFIX
from policy.operations.leases import LeaseAsked, grant_lease
from policy.operations.probes import lease_calls
from policy.operations.quota_leases import number_of, settle, take
from policy.operations.settlements import settle_lease, write_off_lease


def _money(request: Request, by: User, at: datetime) -> dict[str, Any]:
    asked = MoneyLeaseIn(data=request.data)
    asked.is_valid(raise_exception=True)
    granted = grant_lease(asked=LeaseAsked(**asked.validated_data), by=by, at=at)
    lease = granted.lease
    content = {
        "lease": lease.public_id,
        "cap": lease.cap.public_id,
        "granted_usd": f"{lease.granted_usd:f}",
        "remaining_usd": f"{granted.remaining_usd:f}",
        "expires_at": lease.expires_at,
        "epoch": lease.epoch,
    }
    return MoneyLeaseOut(content).data


def _calls(request: Request, _: User, at: datetime) -> dict[str, Any]:
    asked = ProbeLeaseIn(data=request.data)
    asked.is_valid(raise_exception=True)
    cap, calls = asked.validated_data["cap"], asked.validated_data["calls"]
    granted = lease_calls(probe_id=cap, calls=calls, at=at)
    return ProbeLeaseOut({"lease": cap, "cap": cap, **granted._asdict()}).data


def _quota(request: Request, _: User, at: datetime) -> dict[str, Any]:
    asked = QuotaLeaseIn(data=request.data)
    asked.is_valid(raise_exception=True)
    given = asked.validated_data
    granted = take(
        quota_id=number_of(given["cap"]),
        subject=given["subject"],
        amount=given["amount"],
        sidecar=given["sidecar"],
        at=at,
    )
    content = asdict(granted)
    plain = {"granted": f"{granted.granted:f}", "remaining": f"{granted.remaining:f}"}
    return QuotaLeaseOut(content | plain).data


# What can be leased, by the prefix of the id in the policy.
KINDS: Mapping[str, Callable[[Request, User, datetime], dict[str, Any]]] = {
    "cap": _money,
    "probe": _calls,
    "quota": _quota,
}


class Leases(IdempotentPost):
    """`/leases`: take money on lease; list who holds what."""

    scopes = {"GET": Scope.LEASE_WRITE, "POST": Scope.LEASE_WRITE}
    pagination_class = CursorPaging

    @extend_schema(
        operation_id="leases_list",
        description="Every lease, the newest first; for roles of the whole company.",
        parameters=[
            OpenApiParameter("held", OpenApiTypes.BOOL, description="Only those that hold money."),
            OpenApiParameter("cursor", OpenApiTypes.STR),
            OpenApiParameter("limit", OpenApiTypes.INT),
        ],
        responses=LeaseOut(many=True),
    )
    def get(self, request: Request) -> Response:
        if not can_see_company(_caller(request)):
            raise NotAllowed("Leases are of every unit: reading them takes a company-wide role.")
        found = Lease.objects.select_related("scope", "cap")
        if request.query_params.get("held", "").lower() in {"true", "1"}:
            found = found.filter(held_usd__gt=0)
        paging = self.pagination_class()
        page = paging.paginate_queryset(found, request, self) or []
        rows = LeaseOut([in_full(lease) for lease in page], many=True).data
        return paging.get_paginated_response(rows)

    @extend_schema(
        operation_id="leases_create",
        description="Dollars are debited from every hard cap of the scope and above it; calls are "
        "those of a test, blocks those of a quota. Where nothing is left, 409 with the binding "
        "`cap`, its `scope` and `resets_at`.",
        request=PolymorphicProxySerializer(
            component_name="LeaseAsked",
            serializers=[MoneyLeaseIn, ProbeLeaseIn, QuotaLeaseIn],
            resource_type_field_name=None,
        ),
        responses={
            201: PolymorphicProxySerializer(
                component_name="LeaseGranted",
                serializers=[MoneyLeaseOut, ProbeLeaseOut, QuotaLeaseOut],
                resource_type_field_name=None,
            )
        },
    )
    def post(self, request: Request) -> Response:
        asked = LeaseIn(data=request.data)
        asked.is_valid(raise_exception=True)
        kind = KINDS.get(asked.validated_data["cap"].partition(":")[0])
        if kind is None:
            known = ", ".join(f"{prefix}:…" for prefix in KINDS)
            raise Invalid.of("cap", f"What is leased is named as the policy does: {known}.")
        answer = kind(request, _caller(request), timezone.now())
        return Response(answer, status=status.HTTP_201_CREATED)


class LeaseSettlement(IdempotentPost):
    """`POST /leases/{lease}/settle`: what a lease has cost so far; the last word is final."""

    scopes = {"POST": Scope.LEASE_WRITE}

    @extend_schema(
        operation_id="leases_settle_create",
        request=PolymorphicProxySerializer(
            component_name="SettlementTold",
            serializers=[SettlementIn, QuotaSettlementIn],
            resource_type_field_name=None,
        ),
        responses={
            200: PolymorphicProxySerializer(
                component_name="Settled",
                serializers=[SettlementOut, QuotaSettlementOut],
                resource_type_field_name=None,
            )
        },
    )
    def post(self, request: Request, lease: str) -> Response:
        if not lease.startswith(MONEY_PREFIX):
            return Response(_settle_quota(request, lease))
        told = SettlementIn(data=request.data)
        told.is_valid(raise_exception=True)
        settled = settle_lease(
            public_id=lease, **told.validated_data, by=_caller(request), at=timezone.now()
        )
        return Response(SettlementOut(settlement(settled)).data)


def _settle_quota(request: Request, lease: str) -> dict[str, Any]:
    told = QuotaSettlementIn(data=request.data)
    told.is_valid(raise_exception=True)
    settled = settle(lease_id=lease, **told.validated_data)
    content = {
        "lease": lease,
        "granted": f"{settled.granted:f}",
        "used": f"{settled.used:f}",
        "final": settled.is_final,
        "expires_at": settled.expires_at,
    }
    return QuotaSettlementOut(content).data


class LeaseWriteOff(IdempotentPost):
    """`POST /leases/{lease}/write-off`: a person says that what it holds was not spent."""

    scopes = {"POST": Scope.LEASE_WRITE}

    @extend_schema(
        operation_id="leases_write_off_create", request=WriteOffIn, responses={200: LeaseOut}
    )
    def post(self, request: Request, lease: str) -> Response:
        told = WriteOffIn(data=request.data)
        told.is_valid(raise_exception=True)
        written_off = write_off_lease(
            public_id=lease, **told.validated_data, by=_caller(request), at=timezone.now()
        )
        return Response(LeaseOut(in_full(written_off)).data)


def _caller(request: Request) -> User:
    return cast("User", request.user)
