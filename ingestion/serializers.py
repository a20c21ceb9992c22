"""What the API's calls about imports and spend take and answer."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.http import QueryDict
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ingestion.models import Delivery
from ingestion.queries.deliveries import doubts_of
from ingestion.queries.explorer import Amount, Explored
from ingestion.queries.progress import progress_of
from org.refusals import FieldError, Invalid


class ImportRequestSerializer(serializers.Serializer[Any]):
    """The plain fields of `POST /imports`; `map[field]` and `set[field]` stand beside them."""

    source = serializers.CharField(  # type: ignore[assignment]  # declared fields are no attributes
        required=False,
        default="",
        help_text="A reader's name, as `manage.py sources` lists them. Needed but with `saved` "
        "or `mends`.",
    )
    saved = serializers.CharField(
        required=False,
        default="",
        max_length=80,
        help_text="The name of a saved column map. What is given beside it stands over it.",
    )
    sheet = serializers.CharField(
        required=False,
        default="",
        max_length=120,
        help_text="Of a workbook with several sheets, the name of the one to load.",
    )
    mends = serializers.IntegerField(
        required=False,
        min_value=1,
        help_text="The import whose rejected rows these are, mended: read as it was, so that "
        "nothing but `file` is given beside it.",
    )
    account = serializers.CharField(
        required=False, default="", max_length=120, help_text="The provider account it belongs to."
    )
    file = serializers.FileField(allow_empty_file=True, help_text="Plain, .gz, .zip or .parquet.")


class RejectedSerializer(serializers.Serializer[Any]):
    """A record of a call that was not stored, and why."""

    index = serializers.IntegerField()
    id = serializers.CharField(allow_null=True)
    detail = serializers.CharField()


class UndoSerializer(serializers.Serializer[Any]):
    """Why an import is undone; it is kept with the import and in the audit log."""

    reason = serializers.CharField(max_length=500)


class ImportCountsSerializer(serializers.Serializer[Any]):
    """rows = loaded + duplicate + conflict + rejected."""

    rows = serializers.IntegerField()
    loaded = serializers.IntegerField()
    duplicate = serializers.IntegerField()
    conflict = serializers.IntegerField(help_text="Keys that came before with other content.")
    rejected = serializers.IntegerField()
    unpriced = serializers.IntegerField(help_text="Loaded rows without a price.")
    late = serializers.IntegerField(
        help_text="Loaded rows that came more than 3 days after their day, and at most 35."
    )


class DoubtSerializer(serializers.Serializer[Any]):
    """Rows that were taken although something about them is odd."""

    code = serializers.CharField(help_text="As docs/sources.md tells of each source: `DQ_…`.")
    rows = serializers.IntegerField()
    sentence = serializers.CharField(help_text="What is odd about them, in words.")
    line = serializers.IntegerField(help_text="The first of them; 0 is the whole file.")
    field = serializers.CharField(help_text="What of it, or empty.")
    text = serializers.CharField(help_text="Its first 200 characters.")


class ImportStageSerializer(serializers.Serializer[Any]):
    """One of detect, split, load and settle, in this order."""

    stage = serializers.CharField(source="name")
    state = serializers.ChoiceField(
        choices=["done", "now", "next", "stopped"], help_text="`stopped`: the import ended here."
    )


class ImportPartsSerializer(serializers.Serializer[Any]):
    done = serializers.IntegerField(source="parts_done")
    all = serializers.IntegerField(source="parts")


class ImportSerializer(serializers.Serializer[Delivery]):
    """One import with its progress, from 0 to 1."""

    id = serializers.IntegerField()
    source = serializers.CharField()  # type: ignore[assignment]  # as above
    account = serializers.CharField()
    state = serializers.ChoiceField(choices=Delivery.State.choices)
    mends = serializers.IntegerField(
        allow_null=True, help_text="The import whose rejected rows this one mends."
    )
    mended_by = serializers.ListField(
        child=serializers.IntegerField(), help_text="The imports that mend rows of this one."
    )
    progress = serializers.FloatField()
    stages = ImportStageSerializer(many=True)
    parts = ImportPartsSerializer()
    rows_per_second = serializers.IntegerField(
        allow_null=True, help_text="Of the last parts while it loads; null: not known yet."
    )
    seconds_left = serializers.IntegerField(
        allow_null=True, help_text="Estimated while it loads; null: not known yet, or over."
    )
    counts = ImportCountsSerializer()
    doubts = DoubtSerializer(many=True)
    usd = serializers.CharField(help_text="Exact, twelve decimals.")
    currency = serializers.CharField()
    reason = serializers.CharField(help_text="Why it failed, in words; otherwise empty.")
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)

    def to_representation(self, instance: Delivery) -> dict[str, Any]:
        progress = progress_of(instance, at=timezone.now())
        return {
            "id": instance.pk,
            "source": instance.source,
            "account": instance.account,
            "state": instance.state,
            "mends": instance.mends_id,
            "mended_by": getattr(instance, "mended_by", []),
            "progress": float(progress.share),
            "stages": ImportStageSerializer(progress.stages, many=True).data,
            "parts": ImportPartsSerializer(progress).data,
            "rows_per_second": progress.rows_per_second,
            "seconds_left": progress.seconds_left,
            "counts": ImportCountsSerializer(instance).data,
            "doubts": [doubt._asdict() for doubt in doubts_of(instance)],
            "usd": exact(Decimal(instance.usd)),
            "currency": settings.TOKENOPS_CURRENCY,
            "reason": instance.reason,
            "started_at": instance.started_at,
            "finished_at": instance.finished_at,
        }


class SpendTotalsSerializer(serializers.Serializer[Any]):
    value = serializers.CharField()
    calls = serializers.IntegerField()
    tokens = serializers.IntegerField()
    unpriced_calls = serializers.IntegerField(help_text="Calls whose cost is not known yet.")


class SpendStatusSerializer(serializers.Serializer[Any]):
    value = serializers.CharField(allow_null=True, help_text="null: not known, as of the unpriced.")
    calls = serializers.IntegerField()


@extend_schema_field({"type": ["string", "integer", "null"]})
class SpendCell(serializers.JSONField):
    """A value of a row: exact decimals and days as text, counts as numbers, null where none."""


class SpendSerializer(serializers.Serializer[Explored]):
    """The explorer's answer.

    A row holds each attribute asked for, `period`, `value`, and `unpriced_calls`, whose cost
    is in no value.
    """

    vars()["from"] = serializers.DateField()
    to = serializers.DateField(help_text="The first day outside.")
    granularity = serializers.CharField()
    measure = serializers.CharField()
    currency = serializers.CharField()
    rows = serializers.ListField(child=serializers.DictField(child=SpendCell()))
    totals = SpendTotalsSerializer()
    statuses = serializers.DictField(child=SpendStatusSerializer())
    as_of = serializers.DateTimeField(allow_null=True, help_text="When spend last changed.")

    def to_representation(self, instance: Explored) -> dict[str, Any]:
        question, totals = instance.question, instance.totals
        return {
            "from": question.period.start,
            "to": question.period.end,
            "granularity": question.granularity,
            "measure": question.measure,
            "currency": settings.TOKENOPS_CURRENCY,
            "rows": [row | {"value": exact(row["value"])} for row in instance.rows],
            "totals": {
                "value": exact(totals.value),
                "calls": totals.calls,
                "tokens": totals.tokens,
                "unpriced_calls": totals.unpriced_calls,
            },
            "statuses": {
                share.status.name.lower(): {
                    "value": None if share.value is None else exact(share.value),
                    "calls": share.calls,
                }
                for share in instance.statuses
            },
            "as_of": instance.as_of,
        }


def exact(amount: Amount) -> str:
    """Write an amount with all its twelve decimals, a count as it is."""
    return f"{amount:.12f}" if isinstance(amount, Decimal) else str(amount)


def bracketed(data: QueryDict, *names: str) -> Mapping[str, dict[str, str]]:
    """Return the fields `name[field]=value` of a form by name; refuse every other key.

    Raises Invalid naming each field that nobody reads.
    """
    known = {*ImportRequestSerializer().fields, "csrfmiddlewaretoken"}
    found: dict[str, dict[str, str]] = {name: {} for name in names}
    errors: list[FieldError] = []
    for key in data:
        name, bracket, rest = key.partition("[")
        if bracket and name in found and rest.endswith("]") and rest != "]":
            found[name][rest.removesuffix("]")] = str(data[key])
        elif key not in known:
            errors.append(FieldError(f"/{key}", f"`{key}` is not a field of an import."))
    if errors:
        raise Invalid(_sentences(errors), errors=errors)
    return found


def _sentences(errors: Sequence[FieldError]) -> str:
    return " ".join(error.detail for error in errors)
