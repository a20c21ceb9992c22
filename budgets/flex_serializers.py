"""The shapes of flex rules, their periods and steps on the wire."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from budgets.flex_sentences import flex_sentence, known_in_words, spending_in_words
from budgets.flex_terms import FlexTerms, as_written
from budgets.models import Budget, FlexRule, FlexStep
from budgets.queries.flex import FlexPeriod, FlexStanding, Known, rules_of
from budgets.serializers import MoneyField, NamedFields
from finops.flex import UNIT_COST_ROOM, VOLUME_ROOM
from finops.money import to_cents
from ingestion.models import OutcomeDefinition


class TierIn(serializers.Serializer[Any]):
    """A tier of the standard mix."""

    tier = serializers.CharField(max_length=12)
    share = serializers.DecimalField(
        max_digits=9, decimal_places=8, min_value=Decimal(0), max_value=Decimal(1)
    )
    usd_per_mtok = serializers.DecimalField(max_digits=20, decimal_places=6, min_value=Decimal(0))


class FlexRuleIn(NamedFields):
    """A rule that is proposed; `definition` is the slug of an outcome."""

    definition = serializers.SlugRelatedField(
        slug_field="slug", queryset=OutcomeDefinition.objects.none()
    )
    starts_on = serializers.DateField(help_text="The first day of a fiscal period.")
    fixed_usd = MoneyField(help_text="What a period costs whatever the volume.")
    tokens_per_unit = serializers.DecimalField(max_digits=18, decimal_places=3)
    usd_per_mtok = serializers.DecimalField(max_digits=20, decimal_places=6)
    planned_volumes = serializers.ListField(
        child=serializers.DecimalField(max_digits=18, decimal_places=3),
        max_length=60,
        help_text="One for each period from the first to the end of the year.",
    )
    standard_mix = TierIn(many=True, required=False)
    unit_cost_room = serializers.DecimalField(
        max_digits=6, decimal_places=3, required=False, default=UNIT_COST_ROOM
    )
    volume_room = serializers.DecimalField(
        max_digits=6, decimal_places=3, required=False, default=VOLUME_ROOM
    )
    reason = serializers.CharField(max_length=4000)

    def get_fields(self) -> dict[str, Any]:
        """Offer only the outcomes that the caller may see: others do not exist for her."""
        fields: dict[str, Any] = super().get_fields()
        user = self.context.get("user")
        if user is not None:
            seen = OutcomeDefinition.objects.visible_to(user)
            fields["definition"].queryset = seen.select_related("unit")
        return fields

    def terms(self) -> FlexTerms:
        """Return the terms of a valid proposal."""
        given = dict(self.validated_data)
        mix = {
            each["tier"]: (each["share"], each["usd_per_mtok"])
            for each in given.pop("standard_mix", [])
        }
        return FlexTerms(**given, standard_mix=mix)


class DecisionIn(NamedFields):
    """A decision, or a request that is taken back."""

    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=4000)


class FlexRuleOut(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    state = serializers.ChoiceField(choices=FlexRule.State.choices)
    definition = serializers.CharField()
    starts_on = serializers.DateField()
    fixed_usd = serializers.CharField()
    tokens_per_unit = serializers.CharField()
    usd_per_mtok = serializers.CharField()
    planned_volumes = serializers.ListField(child=serializers.CharField())
    standard_mix = TierIn(many=True)
    unit_cost_room = serializers.CharField()
    volume_room = serializers.CharField()
    target_margin = serializers.CharField(allow_null=True)
    reason = serializers.CharField()
    requested_by = serializers.CharField()
    decided_by = serializers.CharField(allow_null=True)


class FlexStepOut(serializers.Serializer[Any]):
    """What a rule made of a period: money that moved, and money that waits."""

    id = serializers.IntegerField()
    state = serializers.ChoiceField(choices=FlexStep.State.choices)
    granted_usd = serializers.CharField()
    waiting_usd = serializers.CharField()
    why = serializers.CharField(allow_blank=True)


class FlexPeriodOut(serializers.Serializer[Any]):
    """A period under a rule; what is not known is null, and `says` tells why."""

    period = serializers.CharField()
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(help_text="The first day after it.")
    known = serializers.ChoiceField(choices=[each.value for each in Known])
    planned_volume = serializers.CharField()
    volume = serializers.IntegerField(allow_null=True)
    planned_usd = serializers.CharField()
    flex_usd = serializers.CharField(allow_null=True)
    spent_usd = serializers.CharField()
    volume_variance_usd = serializers.CharField(allow_null=True)
    price_variance_usd = serializers.CharField(allow_null=True)
    mix_variance_usd = serializers.CharField(allow_null=True)
    efficiency_variance_usd = serializers.CharField(allow_null=True)
    step = FlexStepOut(allow_null=True)
    says = serializers.CharField()


class FlexOut(serializers.Serializer[Any]):
    """The flex rules of a budget and its periods under the one that is signed."""

    budget = serializers.IntegerField()
    unit = serializers.CharField()
    fiscal_year = serializers.IntegerField()
    currency = serializers.CharField()
    sentence = serializers.CharField()
    rules = FlexRuleOut(many=True)
    periods = FlexPeriodOut(many=True)


def flex_out(standing: FlexStanding, *, currency: str) -> dict[str, Any]:
    """Return the values of `FlexOut`; variances are rounded to the cent, spend is exact."""
    budget: Budget = standing.budget
    work = standing.terms.unit_of_work if standing.terms else ""
    return {
        "budget": budget.pk,
        "unit": budget.unit.slug,
        "fiscal_year": budget.fiscal_year,
        "currency": currency,
        "sentence": flex_sentence(standing),
        "rules": [_rule_out(rule) for rule in rules_of(budget)],
        "periods": [
            _period_out(row, work=work) for row in standing.periods if row.standard is not None
        ],
    }


def _rule_out(rule: FlexRule) -> dict[str, Any]:
    decided = rule.approval.decided_by if rule.approval else None
    return as_written(rule) | {
        "state": rule.state,
        "standard_mix": [
            {"tier": tier, "share": share, "usd_per_mtok": usd}
            for tier, (share, usd) in rule.standard_mix.items()
        ],
        "requested_by": rule.requested_by.username,
        "decided_by": decided.username if decided else None,
    }


def _period_out(row: FlexPeriod, *, work: str) -> dict[str, Any]:
    why = row.variances
    return {
        "period": row.period.label,
        "starts_on": row.period.start,
        "ends_on": row.period.end,
        "known": row.known.value,
        "planned_volume": f"{row.standard.planned_volume:f}" if row.standard else "0",
        "volume": row.volume,
        "planned_usd": _cents(row.planned_usd) or "0.00",
        "flex_usd": _cents(row.flex_usd),
        "spent_usd": f"{row.use.usd:f}",
        "volume_variance_usd": _cents(why.volume_usd) if why else None,
        "price_variance_usd": _cents(why.price_usd) if why else None,
        "mix_variance_usd": _cents(why.mix_usd) if why else None,
        "efficiency_variance_usd": _cents(why.efficiency_usd) if why else None,
        "step": _step_out(row.step) if row.step else None,
        "says": spending_in_words(row, work=work) if why else known_in_words(row),
    }


def _step_out(step: FlexStep) -> dict[str, Any]:
    return {
        "id": step.pk,
        "state": step.state,
        "granted_usd": f"{step.granted_usd:f}",
        "waiting_usd": f"{step.waiting_usd:f}",
        "why": step.why,
    }


def _cents(value_usd: Decimal | None) -> str | None:
    return None if value_usd is None else f"{to_cents(value_usd):f}"
