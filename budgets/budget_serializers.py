"""The shapes of budgets on the wire."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from budgets.amounts import Amounts
from budgets.lifecycle import BudgetState
from budgets.models import Budget, BudgetRevision, OpeningBalance
from budgets.openings import OpeningAsked, OpeningLine
from budgets.operations.openings import MOST_SOURCE
from budgets.phasing import Phasing
from budgets.queries.offers import budget_offers, open_actions
from budgets.queries.openings import openings_of
from budgets.queries.revisions import (
    amounts_asked,
    amounts_before,
    revision_waiting,
    revisions_of,
)
from budgets.queries.standing import Standing
from budgets.sentences import budget_sentence
from budgets.serializers import MoneyField, NamedFields
from finops.backtest import Method
from finops.money import to_cents
from org.models import Approval, User

AMOUNTS = Amounts._fields


class CoreOut(serializers.Serializer[Any]):
    granted_usd = serializers.CharField()
    passed_on_usd = serializers.CharField()
    exceeded_usd = serializers.CharField(help_text="What units beneath hold beyond this budget.")
    actual_usd = serializers.CharField()
    opening_usd = serializers.CharField(help_text="Of the actual: spent before usage was loaded.")
    available_usd = serializers.CharField()
    pace_usd = serializers.CharField()
    run_rate_usd = serializers.CharField(allow_null=True)
    expected_usd = serializers.CharField(allow_null=True, help_text="The year's total to expect.")
    expected_low_usd = serializers.CharField(allow_null=True)
    expected_high_usd = serializers.CharField(allow_null=True)
    method = serializers.ChoiceField(choices=[each.value for each in Method], allow_null=True)
    error = serializers.CharField(
        allow_null=True, help_text="By which share the method missed the totals of the past."
    )
    exhausts_on = serializers.DateField(allow_null=True, help_text="Null where it lasts the year.")
    exhausts_earliest = serializers.DateField(allow_null=True)
    exhausts_latest = serializers.DateField(allow_null=True)
    low_confidence = serializers.BooleanField()
    unpriced_calls = serializers.IntegerField()


class PoolOut(serializers.Serializer[Any]):
    granted_usd = serializers.CharField()
    passed_on_usd = serializers.CharField()
    exceeded_usd = serializers.CharField(help_text="What units beneath hold beyond this budget.")
    committed_usd = serializers.CharField()
    free_usd = serializers.CharField()


class ReserveOut(serializers.Serializer[Any]):
    granted_usd = serializers.CharField()
    passed_on_usd = serializers.CharField()
    left_usd = serializers.CharField()


class PlannedPeriodOut(serializers.Serializer[Any]):
    """A fiscal period with its part of the core money; `ends_on` is the first day after it."""

    period = serializers.CharField()
    starts_on = serializers.DateField()
    ends_on = serializers.DateField()
    planned_usd = serializers.CharField()


class AmountsOut(serializers.Serializer[Any]):
    core_usd = serializers.CharField()
    experiment_usd = serializers.CharField()
    reserve_usd = serializers.CharField()


class RevisionOut(serializers.Serializer[Any]):
    """A change of the budget in force from `starts_on`, signed by two people."""

    number = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=BudgetRevision.Kind.choices)
    before = AmountsOut()
    after = AmountsOut()
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(
        allow_null=True, help_text="Of what a flex rule or a graduation moved: the first day after."
    )
    reason = serializers.CharField()
    requested_by = serializers.CharField()
    decided_by = serializers.CharField()


class AskedRevisionOut(serializers.Serializer[Any]):
    """A revision that waits for a decision; it is void where `before` is no longer in force."""

    before = AmountsOut()
    after = AmountsOut()
    reason = serializers.CharField()
    requested_by = serializers.CharField()


class OpeningLineIn(serializers.Serializer[Any]):
    """What was spent in a fiscal period, by its number, before usage of it was loaded."""

    period = serializers.IntegerField(min_value=1)
    amount_usd = MoneyField()


class OpeningOut(serializers.Serializer[Any]):
    """What was spent before usage was loaded; `ends_on` is the first day after it."""

    period = serializers.IntegerField()
    number = serializers.IntegerField(help_text="Of several of a period the last is in force.")
    starts_on = serializers.DateField()
    ends_on = serializers.DateField()
    amount_usd = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # as above
    reason = serializers.CharField()
    requested_by = serializers.CharField()
    decided_by = serializers.CharField()


class BudgetStepIn(NamedFields):
    """A step: the version it is based on, and why.

    `ask_revision` takes the amounts asked for; what is left out stays as it is.
    `ask_opening` takes what was spent before usage was loaded, by period, and its `source`.
    """

    version = serializers.IntegerField(min_value=1)
    reason = serializers.CharField(required=False, allow_blank=True, default="")
    core_usd = MoneyField(required=False)
    experiment_usd = MoneyField(required=False)
    reserve_usd = MoneyField(required=False)
    periods = OpeningLineIn(many=True, required=False)
    source = serializers.CharField(  # type: ignore[assignment]  # declared fields are no attributes
        required=False, max_length=MOST_SOURCE
    )

    def opening(self) -> OpeningAsked | None:
        """Return what a valid step tells of the time before, None where it tells nothing."""
        given = self.validated_data
        if "periods" not in given and "source" not in given:
            return None
        lines = tuple(OpeningLine(**line) for line in given.get("periods", ()))
        return OpeningAsked(lines=lines, source=given.get("source", ""))

    def amounts(self, budget: Budget) -> Amounts | None:
        """Return the amounts that a valid step asks for, None where it names none."""
        given = {name: value for name, value in self.validated_data.items() if name in AMOUNTS}
        return budget.amounts._replace(**given) if given else None


class BudgetOut(serializers.Serializer[Any]):
    """A budget of a unit and fiscal year; nothing is granted before it is active."""

    id = serializers.IntegerField()
    unit = serializers.CharField()
    fiscal_year = serializers.IntegerField()
    state = serializers.ChoiceField(choices=BudgetState.choices)
    version = serializers.IntegerField()
    currency = serializers.CharField()
    core_usd = serializers.CharField()
    experiment_usd = serializers.CharField()
    reserve_usd = serializers.CharField()
    phasing = serializers.ChoiceField(choices=Phasing.choices)
    periods = PlannedPeriodOut(many=True)
    core = CoreOut()
    pool = PoolOut()
    reserve = ReserveOut()
    sentence = serializers.CharField()


class BudgetDetailOut(BudgetOut):
    """A budget with its revisions, and what the caller may do now."""

    actions = serializers.ListField(child=serializers.CharField())
    revisions = RevisionOut(many=True)
    revision_asked = AskedRevisionOut(allow_null=True)
    openings = OpeningOut(many=True)


def budget_out(standing: Standing, *, currency: str) -> dict[str, Any]:
    """Return the values of `BudgetOut`; forecasts are rounded to the cent, all else is exact."""
    budget, core, pool = standing.budget, standing.core, standing.pool
    exhausts, forecast, total = core.exhausts, core.outlook.forecast, core.outlook.total
    return {
        "id": budget.pk,
        "unit": budget.unit.slug,
        "fiscal_year": budget.fiscal_year,
        "state": budget.state,
        "version": budget.version,
        "currency": currency,
        "core_usd": f"{budget.core_usd:f}",
        "experiment_usd": f"{budget.experiment_usd:f}",
        "reserve_usd": f"{budget.reserve_usd:f}",
        "phasing": budget.phasing,
        "periods": [
            {
                "period": period.label,
                "starts_on": period.start,
                "ends_on": period.end,
                "planned_usd": f"{usd:f}",
            }
            for period, usd in zip(standing.periods, standing.plan.amounts_usd(), strict=True)
        ],
        "core": {
            "granted_usd": f"{core.granted_usd:f}",
            "passed_on_usd": f"{core.passed_on_usd:f}",
            "exceeded_usd": f"{core.exceeded_usd:f}",
            "actual_usd": f"{core.actual_usd:f}",
            "opening_usd": f"{core.opening_usd:f}",
            "available_usd": f"{core.available_usd:f}",
            "pace_usd": f"{core.pace_usd:.2f}",
            "run_rate_usd": _cents(core.run_rate_usd),
            "expected_usd": _cents(total.expected_usd if total else None),
            "expected_low_usd": _cents(total.low_usd if total else None),
            "expected_high_usd": _cents(total.high_usd if total else None),
            "method": forecast.method.value if forecast else None,
            "error": f"{forecast.error:.4f}" if forecast and forecast.error is not None else None,
            "exhausts_on": exhausts.expected if exhausts else None,
            "exhausts_earliest": exhausts.earliest if exhausts else None,
            "exhausts_latest": exhausts.latest if exhausts else None,
            "low_confidence": forecast.is_rough if forecast else False,
            "unpriced_calls": core.unpriced_calls,
        },
        "pool": {name: f"{value:f}" for name, value in vars(pool).items()},
        "reserve": {name: f"{value:f}" for name, value in vars(standing.reserve).items()},
        "sentence": budget_sentence(standing),
    }


def budget_detail_out(
    standing: Standing, *, user: User, currency: str, at: datetime
) -> dict[str, Any]:
    """Return the values of `BudgetDetailOut`."""
    budget, waiting = standing.budget, revision_waiting(standing.budget)
    return {
        **budget_out(standing, currency=currency),
        "actions": open_actions(budget_offers(budget, user=user, at=at)),
        "revisions": [_revision_out(revision) for revision in revisions_of(budget)],
        "revision_asked": _asked_out(waiting) if waiting else None,
        "openings": [_opening_out(opening) for opening in openings_of(budget)],
    }


def _opening_out(opening: OpeningBalance) -> dict[str, Any]:
    return {
        "period": opening.period,
        "number": opening.number,
        "starts_on": opening.starts_on,
        "ends_on": opening.ends_on,
        "amount_usd": f"{opening.amount_usd:f}",
        "source": opening.source,
        "reason": opening.reason,
        "requested_by": opening.approval.requested_by.username,
        "decided_by": opening.by.username,
    }


def _revision_out(revision: BudgetRevision) -> dict[str, Any]:
    return {
        "number": revision.number,
        "kind": revision.kind,
        "before": revision.before.written(),
        "after": revision.amounts.written(),
        "starts_on": revision.starts_on,
        "ends_on": revision.ends_on,
        "reason": revision.reason,
        "requested_by": revision.approval.requested_by.username,
        "decided_by": revision.by.username,
    }


def _asked_out(waiting: Approval) -> dict[str, Any]:
    return {
        "before": amounts_before(waiting).written(),
        "after": amounts_asked(waiting).written(),
        "reason": waiting.terms["reason"],
        "requested_by": waiting.requested_by.username,
    }


def _cents(value_usd: Decimal | None) -> str | None:
    return None if value_usd is None else f"{to_cents(value_usd):f}"
