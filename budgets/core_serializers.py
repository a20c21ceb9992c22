"""The shapes of work in core on the wire; amounts and shares are text, unknown ones null."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from budgets.core_sentences import core_sentence
from budgets.models import CoreGrant, CoreReview, Probation, TrueUp
from budgets.queries.core_list import CoreRow
from budgets.queries.core_page import CorePage


class CoreProbationOut(serializers.Serializer[Any]):
    """Thirty days to keep within the limits; `outcome` is empty while they run."""

    cause = serializers.ChoiceField(choices=Probation.Cause.values)
    reason = serializers.CharField()
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(help_text="The first day after it.")
    outcome = serializers.CharField()
    says = serializers.CharField()


class WorkloadOut(serializers.Serializer[Any]):
    """A workload in core today."""

    initiative = serializers.CharField()
    name = serializers.CharField()
    departments = serializers.ListField(child=serializers.CharField())
    since = serializers.DateField()
    currency = serializers.CharField()
    signed_usd = serializers.CharField(help_text="The run rate that was signed, a day.")
    funded_usd = serializers.CharField(help_text="The same with true-ups by late data.")
    now_usd = serializers.CharField(allow_null=True, help_text="Of the last four final weeks.")
    baseline_unit_usd = serializers.CharField(allow_null=True)
    unit_usd = serializers.CharField(allow_null=True, help_text="Of the last known month.")
    verdicts = serializers.ListField(child=serializers.CharField(), help_text="The newest last.")
    next_recheck_on = serializers.DateField(allow_null=True)
    overdue_gates = serializers.ListField(child=serializers.IntegerField())
    held_usd = serializers.CharField(help_text="Core money of this fiscal year.")
    probation = CoreProbationOut(allow_null=True)


class CoreMonthOut(serializers.Serializer[Any]):
    """A fiscal period in core as it was last reviewed."""

    period = serializers.CharField()
    starts_on = serializers.DateField()
    ends_on = serializers.DateField()
    number = serializers.IntegerField(help_text="More than 1 after late data.")
    verdict = serializers.ChoiceField(choices=CoreReview.Verdict.choices)
    reasons = serializers.ListField(child=serializers.CharField())
    cost_usd = serializers.CharField()
    known_usd = serializers.CharField(help_text="Of the days whose results are told.")
    outcomes = serializers.IntegerField()
    coverage = serializers.CharField()
    unpriced_calls = serializers.IntegerField()
    unit_usd = serializers.CharField(allow_null=True)
    dearer = serializers.CharField(allow_null=True, help_text="Beside the baseline, as a share.")
    margin = serializers.CharField(allow_null=True)
    floor = serializers.CharField(allow_null=True)
    run_rate_usd = serializers.CharField(allow_null=True)
    lower_usd = serializers.CharField(allow_null=True)
    upper_usd = serializers.CharField(allow_null=True)
    is_out_of_control = serializers.BooleanField()


class CoreMoneyOut(serializers.Serializer[Any]):
    """Core money of one fiscal period that rests on it; below zero it was given back."""

    department = serializers.CharField()
    cause = serializers.ChoiceField(choices=CoreGrant.Cause.values)
    starts_on = serializers.DateField()
    ends_on = serializers.DateField()
    usd = serializers.CharField()


class CoreTrueUpOut(serializers.Serializer[Any]):
    """The run rate of the baseline, measured again after late data."""

    state = serializers.ChoiceField(choices=TrueUp.State.values)
    before_usd = serializers.CharField()
    run_rate_usd = serializers.CharField()
    core_usd = serializers.CharField()
    reason = serializers.CharField()
    at = serializers.DateTimeField()


class WorkloadDetailOut(serializers.Serializer[Any]):
    """A workload since it graduated; `today` is null once it left core."""

    initiative = serializers.CharField()
    sentence = serializers.CharField()
    today = WorkloadOut(allow_null=True)
    months = CoreMonthOut(many=True)
    probations = CoreProbationOut(many=True)
    money = CoreMoneyOut(many=True)
    true_ups = CoreTrueUpOut(many=True)


def workload_out(row: CoreRow, *, currency: str) -> dict[str, Any]:
    """Return the values of `WorkloadOut`."""
    last, recheck = row.last_known, row.next_recheck
    return {
        "initiative": row.initiative.slug,
        "name": row.initiative.name,
        "departments": [part.unit.slug for part in row.parts],
        "since": row.graduation.starts_on,
        "currency": currency,
        "signed_usd": _text(row.signed_usd),
        "funded_usd": _text(row.funded_usd),
        "now_usd": None if row.now_usd is None else f"{row.now_usd:.12f}",
        "baseline_unit_usd": _text(row.graduation.unit_usd),
        "unit_usd": _text(last.unit_usd if last else None),
        "verdicts": [each.verdict for each in row.verdicts],
        "next_recheck_on": recheck.recheck_on if recheck else None,
        "overdue_gates": [gate.number for gate in row.overdue],
        "held_usd": _text(row.held_usd),
        "probation": _probation(row.probation) if row.probation else None,
    }


def workload_detail_out(page: CorePage, *, currency: str) -> dict[str, Any]:
    """Return the values of `WorkloadDetailOut`."""
    return {
        "initiative": page.initiative.slug,
        "sentence": core_sentence(page),
        "today": workload_out(page.row, currency=currency) if page.row else None,
        "months": [_month(each) for each in page.reviews],
        "probations": [_probation(each) for each in page.probations],
        "money": [_money(each) for each in page.grants],
        "true_ups": [_true_up(each) for each in page.true_ups],
    }


def _month(review: CoreReview) -> dict[str, Any]:
    amounts = ("cost_usd", "known_usd", "coverage", "unit_usd", "dearer", "margin", "floor")
    levels = ("run_rate_usd", "lower_usd", "upper_usd")
    same = ("starts_on", "ends_on", "number", "verdict", "reasons", "outcomes", "unpriced_calls")
    return {
        "period": review.label,
        "is_out_of_control": review.is_out,
        **{name: getattr(review, name) for name in same},
        **{name: _text(getattr(review, name)) for name in (*amounts, *levels)},
    }


def _probation(probation: Probation) -> dict[str, Any]:
    return {
        name: getattr(probation, name)
        for name in ("cause", "reason", "starts_on", "ends_on", "outcome", "says")
    }


def _money(grant: CoreGrant) -> dict[str, Any]:
    return {
        "department": grant.part.unit.slug,
        "cause": grant.cause,
        "starts_on": grant.starts_on,
        "ends_on": grant.ends_on,
        "usd": _text(grant.usd),
    }


def _true_up(row: TrueUp) -> dict[str, Any]:
    return {
        "state": row.state,
        "before_usd": _text(row.before_usd),
        "run_rate_usd": _text(row.run_rate_usd),
        "core_usd": _text(row.core_usd),
        "reason": row.reason,
        "at": row.at,
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
