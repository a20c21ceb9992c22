"""Evaluations as they come in and go out: JSON objects, and the lines of a CSV file."""

import csv
import io
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from finops.complexity import Band
from ingestion.models import Evaluation
from ingestion.operations.evaluations import EvaluationDraft
from org.refusals import Invalid

COLUMNS = (
    "provider", "model", "task_type", "complexity", "set_name", "graded", "passed", "grader",
    "source", "escalated", "verify_usd", "shadow_days", "evaluated_on",
)  # fmt: skip


class EvaluationIn(serializers.Serializer[Any]):
    """A graded sample: how many answers of one model passed for one kind of work."""

    provider = serializers.CharField(max_length=60)
    model = serializers.CharField(max_length=160)
    task_type = serializers.CharField(max_length=80)
    complexity = serializers.ChoiceField(choices=[(band.value, band.value) for band in Band])
    set_name = serializers.CharField(max_length=120, help_text="Which sample was graded.")
    graded = serializers.IntegerField(min_value=1, max_value=10**9)
    passed = serializers.IntegerField(min_value=0, max_value=10**9)
    grader = serializers.CharField(max_length=120, help_text="Who or what judged the answers.")
    source = serializers.ChoiceField(  # type: ignore[assignment]  # a declared field is no attribute
        choices=Evaluation.Source.choices, default=Evaluation.Source.SET
    )
    escalated = serializers.DecimalField(
        max_digits=6,
        decimal_places=5,
        min_value=0,
        max_value=1,
        default=Decimal(0),
        help_text="The share of answers that had to go to a better model.",
    )
    verify_usd = serializers.DecimalField(
        max_digits=20,
        decimal_places=12,
        min_value=0,
        default=Decimal(0),
        help_text="What checking one answer costs.",
    )
    shadow_days = serializers.IntegerField(
        min_value=0, max_value=366, default=0, help_text="Days beside the current model."
    )
    evaluated_on = serializers.DateField()


class EvaluationOut(EvaluationIn):
    """The same as it is kept."""

    id = serializers.IntegerField()
    recorded_at = serializers.DateTimeField()
    recorded_by = serializers.CharField(help_text="Empty: the system.")

    def to_representation(self, instance: Evaluation) -> dict[str, Any]:
        told = {name: getattr(instance, name) for name in COLUMNS}
        return told | {
            "id": instance.pk,
            "escalated": f"{instance.escalated:f}",
            "verify_usd": f"{instance.verify_usd:f}",
            "recorded_at": instance.recorded_at,
            "recorded_by": str(instance.recorded_by) if instance.recorded_by else "",
        }


def drafts_in(objects: Sequence[Any]) -> list[EvaluationDraft]:
    """Return the samples that JSON objects tell of; raises ValidationError by field."""
    known = EvaluationIn(data=list(objects), many=True)
    known.is_valid(raise_exception=True)
    return [EvaluationDraft(**each) for each in known.validated_data]


def objects_in(text: str) -> list[dict[str, str]]:
    """Return the lines of a CSV file with a header; an empty cell is left out."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    header = reader.fieldnames or []
    if unknown := [name for name in header if name not in COLUMNS]:
        raise Invalid.of("lines", f"{unknown[0]!r} is no column. Columns are {', '.join(COLUMNS)}.")
    found = [
        {name: cell for name, cell in line.items() if name is not None and cell} for line in reader
    ]
    if not found:
        raise Invalid.of("lines", "There is no line below the header.")
    return found
