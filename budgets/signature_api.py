"""REST: the chain of what waits for a decision on a budget or an experiment."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from budgets.api import caller
from budgets.models import Budget, Initiative
from budgets.queries.unsigned import requests_waiting
from org.models import Approval, Role
from org.models.tokens import Scope
from org.queries.signing import PartStanding, chain_of


class ChainSignatureOut(serializers.Serializer[Any]):
    by = serializers.CharField()
    in_place_of = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField()


class ChainPartOut(serializers.Serializer[Any]):
    """How many of a role sign, who has, and how many are missing."""

    role = serializers.ChoiceField(choices=Role.choices)
    signers = serializers.IntegerField()
    missing = serializers.IntegerField()
    signed = ChainSignatureOut(many=True)


class WaitingOut(serializers.Serializer[Any]):
    """A request that waits; without a chain one person decides it."""

    kind = serializers.CharField()
    title = serializers.CharField()
    amount_usd = serializers.CharField(allow_null=True)
    requested_by = serializers.CharField()
    chain = ChainPartOut(many=True)


class BudgetSignatures(APIView):
    """What waits for signatures on a budget."""

    scopes = {"GET": Scope.SPEND_READ}

    @extend_schema(operation_id="list_budget_signatures", responses=WaitingOut(many=True))
    def get(self, request: Request, budget_id: int) -> Response:
        rows = Budget.objects.visible_to(caller(request))
        return _answer(get_object_or_404(rows, pk=budget_id))


class InitiativeSignatures(APIView):
    """What waits for signatures on an experiment."""

    scopes = {"GET": Scope.SPEND_READ}

    @extend_schema(operation_id="list_initiative_signatures", responses=WaitingOut(many=True))
    def get(self, request: Request, slug: str) -> Response:
        rows = Initiative.objects.visible_to(caller(request))
        return _answer(get_object_or_404(rows, slug=slug))


def _answer(subject: Budget | Initiative) -> Response:
    return Response(
        WaitingOut([_waiting_out(each) for each in requests_waiting(subject)], many=True).data
    )


def _waiting_out(approval: Approval) -> dict[str, Any]:
    return {
        "kind": approval.kind,
        "title": approval.title,
        "amount_usd": None if approval.amount_usd is None else f"{approval.amount_usd:f}",
        "requested_by": approval.requested_by.username,
        "chain": [_part_out(part) for part in chain_of(approval, at=timezone.now())],
    }


def _part_out(part: PartStanding) -> dict[str, Any]:
    return {
        "role": part.role.value,
        "signers": part.signers,
        "missing": part.missing,
        "signed": [
            {
                "by": each.by.username,
                "in_place_of": each.given_by.username if each.given_by else None,
                "at": each.at,
            }
            for each in part.signed
        ],
    }
