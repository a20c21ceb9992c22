"""The shapes of waivers on the wire."""

from typing import Any

from rest_framework import serializers

from budgets.models import Waiver
from budgets.queries.waivers import Phase, WaiverStanding
from budgets.serializers import MoneyField, NamedFields
from budgets.waiver_sentences import waiver_sentence
from budgets.waiver_terms import WaiverTerms, as_written
from ingestion.models import OutcomeDefinition


class WaiverIn(NamedFields):
    """A waiver that is asked for; margins are shares of one, as text."""

    definition = serializers.SlugRelatedField(
        slug_field="slug",
        queryset=OutcomeDefinition.objects.none(),
        help_text="Work that customers pay for; its results are counted towards the goal.",
    )
    waived_floor = serializers.DecimalField(max_digits=6, decimal_places=4)
    target = serializers.IntegerField(
        min_value=1, max_value=10**15 - 1, help_text="Results in one fiscal period."
    )
    starts_on = serializers.DateField()
    expires_on = serializers.DateField(help_text="The first day without it.")
    most_usd = MoneyField()
    reason = serializers.CharField(max_length=4000)
    renews = serializers.PrimaryKeyRelatedField(
        queryset=Waiver.objects.none(), required=False, allow_null=True, default=None
    )

    def get_fields(self) -> dict[str, Any]:
        """Offer only what the caller may see: other outcomes and waivers do not exist for her."""
        fields: dict[str, Any] = super().get_fields()
        user = self.context.get("user")
        if user is not None:
            seen = OutcomeDefinition.objects.visible_to(user)
            fields["definition"].queryset = seen.select_related("unit")
            fields["renews"].queryset = Waiver.objects.visible_to(user).select_related("definition")
        return fields

    def terms(self) -> WaiverTerms:
        return WaiverTerms(**self.validated_data)


class WaiverOut(serializers.Serializer[Any]):
    """A waiver as it stands today; `used_usd` leaves out the `unknown_days`."""

    id = serializers.IntegerField()
    phase = serializers.ChoiceField(choices=[each.value for each in Phase])
    unit = serializers.CharField()
    product = serializers.CharField()
    definition = serializers.CharField()
    floor = serializers.CharField()
    waived_floor = serializers.CharField()
    floor_today = serializers.CharField()
    target = serializers.IntegerField()
    best = serializers.IntegerField(
        allow_null=True, help_text="The most results of one fiscal period so far."
    )
    starts_on = serializers.DateField()
    expires_on = serializers.DateField()
    currency = serializers.CharField()
    most_usd = serializers.CharField()
    used_usd = serializers.CharField()
    unknown_days = serializers.IntegerField()
    ended_on = serializers.DateField(allow_null=True, help_text="The first day after it.")
    ended_by = serializers.CharField(allow_null=True)
    renews = serializers.IntegerField(allow_null=True)
    reason = serializers.CharField()
    requested_by = serializers.CharField()
    decided_by = serializers.CharField(allow_null=True)
    sentence = serializers.CharField()


def waiver_out(standing: WaiverStanding, *, currency: str) -> dict[str, Any]:
    """Return the values of `WaiverOut`."""
    waiver, end = standing.waiver, standing.end
    decided = waiver.approval.decided_by if waiver.approval else None
    return as_written(waiver) | {
        "id": waiver.pk,
        "phase": standing.phase.value,
        "floor_today": f"{standing.floor:f}",
        "best": standing.best,
        "currency": currency,
        "used_usd": f"{standing.used_usd:.12f}",
        "unknown_days": standing.unknown_days,
        "ended_on": end.on if end else None,
        "ended_by": end.why.value if end else None,
        "requested_by": waiver.requested_by.username,
        "decided_by": decided.username if decided else None,
        "sentence": waiver_sentence(standing),
    }
