"""The shapes of initiatives on the wire."""

from datetime import datetime
from typing import Any

from rest_framework import serializers

from budgets.lifecycle import InitiativeState
from budgets.queries.checks import MAX_VOLUME
from budgets.queries.experiments import InitiativeStanding
from budgets.queries.extensions import end_asked, end_before
from budgets.queries.offers import initiative_offers, open_actions
from budgets.sentences import initiative_sentence
from budgets.terms import Change, as_written, terms_of
from org.models import Approval, Unit, User


class MoneyField(serializers.DecimalField):
    """Dollars in whole cents, as a decimal string."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=18, decimal_places=2, **kwargs)


class NamedFields(serializers.Serializer[Any]):
    """Takes no field but its own."""

    def validate(self, attrs: Any) -> Any:
        """Refuse what has no meaning here: a mistyped name would lose a limit."""
        unknown = set(self.initial_data) - set(self.fields)
        if unknown:
            raise serializers.ValidationError(
                dict.fromkeys(sorted(unknown), "There is no such field.")
            )
        return attrs


class InitiativeIn(NamedFields):
    """The terms of an experiment; `unit` is a slug, people are account names."""

    name = serializers.CharField(max_length=120)
    unit = serializers.SlugRelatedField(slug_field="slug", queryset=Unit.objects.none())
    hypothesis = serializers.CharField()
    owner = serializers.SlugRelatedField(slug_field="username", queryset=User.objects.all())
    on_call = serializers.SlugRelatedField(
        slug_field="username", queryset=User.objects.all(), required=False, allow_null=True
    )
    cap_usd = MoneyField()
    daily_cap_usd = MoneyField()
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(help_text="The first day without the experiment.")
    stop_loss_pct = serializers.IntegerField(
        min_value=1, max_value=100, required=False, allow_null=True
    )
    unit_of_work = serializers.CharField(max_length=80, required=False, allow_blank=True)
    outcome_source = serializers.CharField(max_length=120, required=False, allow_blank=True)
    expected_volume = serializers.IntegerField(
        min_value=1,
        max_value=MAX_VOLUME,
        required=False,
        allow_null=True,
        help_text="Units of work expected until the end date.",
    )
    task_types = serializers.ListField(child=serializers.CharField(max_length=80), required=False)
    models = serializers.ListField(
        child=serializers.CharField(max_length=160), required=False, source="allowed_models"
    )
    match = serializers.ListField(
        child=serializers.DictField(),
        required=False,
        help_text="A call belongs to the experiment where one of these conditions holds.",
    )

    def get_fields(self) -> dict[str, Any]:
        """Offer only the units that the caller may see: others do not exist for her."""
        fields: dict[str, Any] = super().get_fields()
        user = self.context.get("user")
        if user is not None:
            fields["unit"].queryset = Unit.objects.visible_to(user)
        return fields


class StepIn(NamedFields):
    """A step: the version it is based on, and why.

    `approve` takes what is to be less than was asked; what is left out is granted as asked.
    `extend` takes the end that is asked for.
    """

    version = serializers.IntegerField(min_value=1)
    reason = serializers.CharField(required=False, allow_blank=True, default="")
    cap_usd = MoneyField(required=False)
    daily_cap_usd = MoneyField(required=False)
    ends_on = serializers.DateField(
        required=False, help_text="The first day without the experiment."
    )

    def change(self) -> Change:
        """Return the terms that a valid step makes different."""
        given = set(self.validated_data) - {"version", "reason"}
        return Change(**{name: self.validated_data[name] for name in given})


class ScopeOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    state = serializers.CharField()
    reason = serializers.CharField(allow_null=True)


class AskedOut(serializers.Serializer[Any]):
    """What was asked last; an approval may have granted less."""

    cap_usd = serializers.CharField()
    daily_cap_usd = serializers.CharField()
    ends_on = serializers.DateField()


class ExtensionOut(serializers.Serializer[Any]):
    """The last request for more time; once one is `approved` there is no other."""

    state = serializers.ChoiceField(choices=Approval.State.choices)
    instead_of = serializers.DateField()
    ends_on = serializers.DateField()


class InitiativeOut(serializers.Serializer[Any]):
    """An experiment as it stands, with what the caller may do now."""

    slug = serializers.CharField()
    state = serializers.ChoiceField(choices=InitiativeState.choices)
    version = serializers.IntegerField()
    actions = serializers.ListField(child=serializers.CharField())
    name = serializers.CharField()
    unit = serializers.CharField()
    hypothesis = serializers.CharField()
    owner = serializers.CharField()
    on_call = serializers.CharField(allow_null=True)
    currency = serializers.CharField()
    cap_usd = serializers.CharField()
    daily_cap_usd = serializers.CharField()
    spent_usd = serializers.CharField()
    spent_today_usd = serializers.CharField()
    unpriced_calls = serializers.IntegerField()
    starts_on = serializers.DateField()
    ends_on = serializers.DateField()
    days_left = serializers.IntegerField()
    stop_loss_pct = serializers.IntegerField(allow_null=True)
    unit_of_work = serializers.CharField()
    outcome_source = serializers.CharField()
    expected_volume = serializers.IntegerField(allow_null=True)
    task_types = serializers.ListField(child=serializers.CharField())
    models = serializers.ListField(child=serializers.CharField())
    match = serializers.ListField(child=serializers.DictField())
    asked = AskedOut(allow_null=True)
    extension = ExtensionOut(allow_null=True)
    scope = ScopeOut(allow_null=True)
    sentence = serializers.CharField()


def initiative_out(
    standing: InitiativeStanding,
    *,
    asked: dict[str, str] | None,
    user: User,
    currency: str,
    at: datetime,
) -> dict[str, Any]:
    """Return the values of `InitiativeOut`."""
    initiative, scope = standing.initiative, standing.scope
    return {
        "slug": initiative.slug,
        "state": initiative.state,
        "version": initiative.version,
        "actions": open_actions(
            initiative_offers(initiative, user=user, extension=standing.extension, at=at)
        ),
        **as_written(terms_of(initiative)),
        "currency": currency,
        "spent_usd": f"{standing.spent_usd:f}",
        "spent_today_usd": f"{standing.spent_today_usd:f}",
        "unpriced_calls": standing.unpriced_calls,
        "days_left": standing.days_left,
        "asked": asked,
        "extension": _extension_out(standing.extension),
        "scope": {"id": scope.slug, "state": scope.state, "reason": scope.reason_text or None}
        if scope
        else None,
        "sentence": initiative_sentence(standing),
    }


def _extension_out(extension: Approval | None) -> dict[str, Any] | None:
    if extension is None:
        return None
    return {
        "state": extension.state,
        "instead_of": end_before(extension),
        "ends_on": end_asked(extension),
    }
