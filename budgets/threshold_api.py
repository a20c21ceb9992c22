"""REST: thresholds of a budget or an experiment, to read, to set, and to answer."""

from datetime import datetime
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from budgets.api import caller
from budgets.models import Budget, Initiative, Threshold, ThresholdCrossing
from budgets.models.thresholds import HIGHEST_PCT
from budgets.operations.threshold_tables import set_thresholds
from budgets.operations.thresholds import answer_crossing
from budgets.queries.thresholds import (
    Level,
    Told,
    crossings_of,
    of_what,
    thresholds_in_force,
    units_with_calls,
)
from budgets.serializers import NamedFields
from budgets.threshold_wording import at_everything
from finops.thresholds import Effect
from org.idempotency import IdempotentPost
from org.models import User
from org.models.tokens import Scope
from org.refusals import NotThere


class LevelShape(serializers.Serializer[Any]):
    """A level in percent of what is granted, what it does, and who is told."""

    level_pct = serializers.IntegerField(min_value=1, max_value=HIGHEST_PCT)
    effect = serializers.ChoiceField(choices=Threshold.Does.choices)
    told = serializers.ListField(child=serializers.ChoiceField(choices=Told.choices))


class ThresholdsIn(NamedFields):
    """Other thresholds: the version they replace, 0 where there are none of its own, and why."""

    version = serializers.IntegerField(min_value=0)
    reason = serializers.CharField()
    thresholds = LevelShape(many=True)

    def levels(self) -> list[Level]:
        rows = self.validated_data["thresholds"]
        return [Level(row["level_pct"], Effect(row["effect"]), tuple(row["told"])) for row in rows]


class AnswerIn(NamedFields):
    """Why it may go on though the level was reached."""

    reason = serializers.CharField()


class CrossingOut(serializers.Serializer[Any]):
    """A level that was reached; `holds` while what it does waits for an answer."""

    id = serializers.IntegerField()
    level_pct = serializers.IntegerField()
    effect = serializers.ChoiceField(choices=Threshold.Does.choices)
    granted_usd = serializers.CharField()
    spent_usd = serializers.CharField()
    at = serializers.DateTimeField()
    holds = serializers.BooleanField()
    lifted_at = serializers.DateTimeField(allow_null=True)
    answered_by = serializers.CharField(allow_null=True)
    answer = serializers.CharField()


class ThresholdsOut(serializers.Serializer[Any]):
    """The thresholds in force, and every level that was reached, oldest first."""

    version = serializers.IntegerField(help_text="0 where they are those of all, or the preset.")
    thresholds = LevelShape(many=True)
    sentence = serializers.CharField(help_text="What has happened once all of it is spent.")
    crossings = CrossingOut(many=True)


class BudgetThresholds(IdempotentPost):
    """The thresholds of a budget; a POST puts others in force."""

    scopes = {"GET": Scope.SPEND_READ, "POST": Scope.BUDGETS_WRITE}

    @extend_schema(operation_id="read_budget_thresholds", responses=ThresholdsOut)
    def get(self, request: Request, budget_id: int) -> Response:
        return Response(_shown(_budget(caller(request), budget_id)))

    @extend_schema(
        operation_id="set_budget_thresholds", request=ThresholdsIn, responses=ThresholdsOut
    )
    def post(self, request: Request, budget_id: int) -> Response:
        return _set(request, _budget(caller(request), budget_id))


class InitiativeThresholds(IdempotentPost):
    """The thresholds of an experiment's cap; a POST puts others in force."""

    scopes = {"GET": Scope.SPEND_READ, "POST": Scope.INITIATIVES_WRITE}

    @extend_schema(operation_id="read_initiative_thresholds", responses=ThresholdsOut)
    def get(self, request: Request, slug: str) -> Response:
        return Response(_shown(_initiative(caller(request), slug)))

    @extend_schema(
        operation_id="set_initiative_thresholds", request=ThresholdsIn, responses=ThresholdsOut
    )
    def post(self, request: Request, slug: str) -> Response:
        return _set(request, _initiative(caller(request), slug))


class BudgetThresholdAnswer(IdempotentPost):
    """The answer to a level that a budget reached: it may go on."""

    scopes = {"POST": Scope.BUDGETS_WRITE}

    @extend_schema(
        operation_id="answer_budget_threshold", request=AnswerIn, responses=ThresholdsOut
    )
    def post(self, request: Request, budget_id: int, crossing_id: int) -> Response:
        found = _budget(caller(request), budget_id)
        return _answer(request, found, crossing_id, at=timezone.now())


class InitiativeThresholdAnswer(IdempotentPost):
    """The answer to a level that an experiment's cap reached: it may go on."""

    scopes = {"POST": Scope.INITIATIVES_WRITE}

    @extend_schema(
        operation_id="answer_initiative_threshold", request=AnswerIn, responses=ThresholdsOut
    )
    def post(self, request: Request, slug: str, crossing_id: int) -> Response:
        found = _initiative(caller(request), slug)
        return _answer(request, found, crossing_id, at=timezone.now())


def _set(request: Request, subject: Budget | Initiative) -> Response:
    given = ThresholdsIn(data=request.data)
    given.is_valid(raise_exception=True)
    set_thresholds(
        of=of_what(subject),
        subject=subject,
        levels=given.levels(),
        reason=given.validated_data["reason"],
        version=given.validated_data["version"],
        by=caller(request),
        at=timezone.now(),
    )
    return Response(_shown(subject))


def _answer(
    request: Request, subject: Budget | Initiative, crossing_id: int, *, at: datetime
) -> Response:
    if not any(crossing.pk == crossing_id for crossing in crossings_of(subject)):
        raise NotThere("It has reached no such level.")
    given = AnswerIn(data=request.data)
    given.is_valid(raise_exception=True)
    reason = given.validated_data["reason"]
    answer_crossing(crossing_id=crossing_id, by=caller(request), reason=reason, at=at)
    return Response(_shown(subject))


def _shown(subject: Budget | Initiative) -> dict[str, Any]:
    found = thresholds_in_force(subject)
    is_reachable = bool(units_with_calls([subject.unit]))
    values = {
        "version": found.table.number if found.table and found.is_own else 0,
        "thresholds": [
            {"level_pct": each.level_pct, "effect": each.effect.value, "told": each.told}
            for each in found.levels
        ],
        "sentence": at_everything(found, subject, is_reachable=is_reachable),
        "crossings": [_crossing_out(each) for each in crossings_of(subject)],
    }
    return dict(ThresholdsOut(values).data)


def _crossing_out(crossing: ThresholdCrossing) -> dict[str, Any]:
    return {
        "id": crossing.pk,
        "level_pct": crossing.level_pct,
        "effect": crossing.effect,
        "granted_usd": f"{crossing.granted_usd:f}",
        "spent_usd": f"{crossing.spent_usd:f}",
        "at": crossing.at,
        "holds": crossing.holds,
        "lifted_at": crossing.lifted_at,
        "answered_by": crossing.answered_by.username if crossing.answered_by else None,
        "answer": crossing.answer,
    }


def _budget(user: User, budget_id: int) -> Budget:
    rows = Budget.objects.visible_to(user).select_related("unit")
    return get_object_or_404(rows, pk=budget_id)


def _initiative(user: User, slug: str) -> Initiative:
    rows = Initiative.objects.visible_to(user).select_related("unit")
    return get_object_or_404(rows, slug=slug)
