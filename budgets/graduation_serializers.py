"""The shape of a graduation's decision record on the wire."""

from typing import Any

from rest_framework import serializers

from budgets.lifecycle import InitiativeState
from budgets.models import Account, Graduation
from budgets.queries.decision_record import DecisionRecord, content_of, sha256_of
from finops.graduation import Funding


class SignedBaselineOut(serializers.Serializer[Any]):
    """The days of the run rate, `until` the first one outside, and their evidence of gate 4."""

    until = serializers.DateField()
    evidence = serializers.CharField()

    def get_fields(self) -> dict[str, Any]:
        return {"from": serializers.DateField(), **super().get_fields()}


class ReleasedOut(serializers.Serializer[Any]):
    """What the experiment has left: allotted, less used and what it may use until the day."""

    allocation_usd = serializers.CharField()
    actual_usd = serializers.CharField()
    pending_usd = serializers.CharField()
    released_usd = serializers.CharField()


class PostingOut(serializers.Serializer[Any]):
    account = serializers.ChoiceField(choices=Account.Kind.choices)
    unit = serializers.CharField(allow_null=True)
    initiative = serializers.CharField(allow_null=True)
    fiscal_year = serializers.IntegerField()
    amount_usd = serializers.CharField()


class GraduationJournalOut(serializers.Serializer[Any]):
    """Core, pool and contingency; together they are nothing. The pool is its two parts."""

    number = serializers.IntegerField()
    core_usd = serializers.CharField()
    pool_usd = serializers.CharField()
    experiment_usd = serializers.CharField()
    free_pool_usd = serializers.CharField()
    contingency_usd = serializers.CharField()
    contingency_unit = serializers.CharField(allow_null=True)
    sum_usd = serializers.CharField()
    postings = PostingOut(many=True)


class PhaseOut(serializers.Serializer[Any]):
    """What core gains in a fiscal period; `ends_on` is the first day outside."""

    starts_on = serializers.DateField()
    ends_on = serializers.DateField()
    days = serializers.IntegerField()
    usd = serializers.CharField()


class CorePartOut(serializers.Serializer[Any]):
    """A department's part, its share by measured use."""

    unit = serializers.CharField()
    cost_object = serializers.CharField()
    share = serializers.CharField()
    usd = serializers.CharField()
    phases = PhaseOut(many=True)


class SignedOut(serializers.Serializer[Any]):
    part = serializers.CharField()
    by = serializers.CharField()
    at = serializers.DateTimeField()
    comment = serializers.CharField(allow_blank=True)


class GatePassedOut(serializers.Serializer[Any]):
    gate = serializers.IntegerField()
    passed_at = serializers.DateTimeField()
    evidence_sha256 = serializers.CharField()
    signatures = SignedOut(many=True)


class GraduationApprovalOut(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    amount_usd = serializers.CharField(allow_null=True)
    requested_by = serializers.CharField()
    decided_by = serializers.CharField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    terms_sha256 = serializers.CharField()


class DecisionRecordOut(serializers.Serializer[Any]):
    """What was decided; it never changes. `schema` is `tokenops.graduation/1`."""

    schema = serializers.CharField()
    initiative = serializers.CharField()
    unit = serializers.CharField()
    number = serializers.IntegerField()
    signed_at = serializers.DateTimeField()
    fiscal_year = serializers.IntegerField()
    starts_on = serializers.DateField()
    funding = serializers.ChoiceField(choices=[each.value for each in Funding])
    run_rate_usd = serializers.CharField()
    baseline = SignedBaselineOut()
    unit_usd = serializers.CharField(allow_null=True)
    next_year_usd = serializers.CharField()
    released = ReleasedOut()
    journal = GraduationJournalOut()
    parts = CorePartOut(many=True)
    gates = GatePassedOut(many=True)
    approval = GraduationApprovalOut()


class SinceOut(serializers.Serializer[Any]):
    """A step of the experiment's life since; nobody's are the product's own."""

    action = serializers.CharField()
    at = serializers.DateTimeField()
    by = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)


class GraduationOut(serializers.Serializer[Any]):
    """A graduation: the record with its SHA-256, and what became of it since.

    The hash is taken of the record as JSON with sorted keys and no spaces, in UTF-8.
    """

    state = serializers.ChoiceField(choices=InitiativeState.choices)
    sha256 = serializers.CharField()
    record = DecisionRecordOut()
    returned_usd = serializers.CharField(allow_null=True)
    steps = SinceOut(many=True)
    numbers = serializers.ListField(child=serializers.IntegerField())


def graduation_out(record: DecisionRecord, every: list[Graduation]) -> dict[str, Any]:
    """Return the answer of one graduation out of all there are of its initiative.

    The record is handed out as it is hashed, untouched by a serializer.
    """
    returned_usd = record.graduation.released_usd
    return {
        "state": record.initiative.state,
        "sha256": sha256_of(record),
        "record": content_of(record),
        "returned_usd": None if returned_usd is None else f"{returned_usd:.2f}",
        "steps": [
            {
                "action": step.action,
                "at": step.at,
                "by": step.by.username if step.by else None,
                "reason": step.reason,
            }
            for step in record.steps
        ],
        "numbers": sorted(each.number for each in every),
    }
