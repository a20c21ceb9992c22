"""The shapes of REST calls about outcomes and business figures."""

from typing import Any

from rest_framework import serializers

from ingestion.models import Result
from ingestion.serializers import RejectedSerializer


class OutcomeSerializer(serializers.Serializer[Any]):
    """What became of one task."""

    id = serializers.CharField(max_length=160, help_text="Unique among those of its definition.")
    workflow = serializers.CharField(max_length=160, help_text="One that a definition covers.")
    task = serializers.CharField(max_length=200, required=False, allow_blank=True)
    at = serializers.DateTimeField()
    outcome = serializers.ChoiceField(choices=Result.choices)
    value = serializers.DecimalField(
        max_digits=18, decimal_places=6, required=False, help_text="USD that it brought."
    )
    definition = serializers.CharField(
        max_length=60, required=False, help_text="Who counts the workflow; checked where given."
    )


class OutcomesAnswerSerializer(serializers.Serializer[Any]):
    accepted = serializers.IntegerField()
    duplicate = serializers.IntegerField()
    conflict = serializers.IntegerField(help_text="Ids that came before with other content.")
    rejected = RejectedSerializer(many=True)


class _DatedSerializer(serializers.Serializer[Any]):
    period = serializers.CharField(
        max_length=20, help_text="A day (2026-11-03), a month (2026-11) or a fiscal period."
    )
    vars()["source"] = serializers.CharField(max_length=120, required=False)


class AmountSerializer(_DatedSerializer):
    product = serializers.CharField(max_length=60, help_text="One that a definition names.")
    amount_usd = serializers.DecimalField(max_digits=14, decimal_places=2)


class HeadcountSerializer(_DatedSerializer):
    unit = serializers.CharField(max_length=60)
    people = serializers.DecimalField(max_digits=9, decimal_places=2, min_value=0)
    loaded_cost_usd = serializers.DecimalField(max_digits=14, decimal_places=2, min_value=0)


class CountSerializer(_DatedSerializer):
    definition = serializers.CharField(max_length=60)
    started = serializers.IntegerField(min_value=0)
    succeeded = serializers.IntegerField(min_value=0)
    escalated = serializers.IntegerField(min_value=0, required=False)


class RecordedSerializer(serializers.Serializer[Any]):
    """added + corrected + unchanged are the records of the call."""

    added = serializers.IntegerField()
    corrected = serializers.IntegerField(help_text="Took the place of a figure that stood.")
    unchanged = serializers.IntegerField(help_text="Said what stood already.")
