"""The shapes of gates on the wire."""

from typing import Any

from rest_framework import serializers

from budgets.gate_lifecycle import GateState
from budgets.operations.gates import Given
from budgets.queries.gates import GateStanding, Part
from budgets.serializers import NamedFields
from finops.gates.criteria import Outcome, Unit, Verdict

VERDICTS = [each.value for each in Verdict]


class GateStepIn(NamedFields):
    """A step of a gate: the version it is based on, and what goes with the action.

    `gather` takes `inputs`, without them those of before; `sign` takes the `part`; `defer`
    takes the day `recheck_on`; all that speaks against a gate takes a `reason`.
    """

    version = serializers.IntegerField(min_value=0)
    reason = serializers.CharField(required=False, allow_blank=True, default="")
    inputs = serializers.DictField(child=serializers.CharField(allow_blank=True), required=False)
    recheck_on = serializers.DateField(required=False, allow_null=True)
    part = serializers.CharField(required=False, allow_blank=True, default="")

    def given_values(self) -> Given:
        """Return what a valid step brings."""
        values = self.validated_data
        return Given(
            inputs=values.get("inputs"),
            reason=values["reason"],
            recheck_on=values.get("recheck_on"),
            part=values["part"],
        )


class CriterionOut(serializers.Serializer[Any]):
    """A line of a gate; `measured` is null where it is not known."""

    code = serializers.CharField()
    title = serializers.CharField(source="label")
    measured = serializers.CharField(allow_null=True)
    limit = serializers.CharField(allow_null=True)
    unit = serializers.ChoiceField(choices=[each.value for each in Unit])
    verdict = serializers.ChoiceField(choices=VERDICTS)
    says = serializers.CharField()


class EvidenceOut(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    by = serializers.CharField()
    sha256 = serializers.CharField()
    outcome = serializers.ChoiceField(choices=[each.value for each in Outcome])
    provisional = serializers.BooleanField()
    reasons = serializers.ListField(child=serializers.CharField())
    criteria = CriterionOut(many=True)
    inputs = serializers.DictField()
    window = serializers.DictField()
    query = serializers.CharField()
    data_status = serializers.DictField()


class SignatureOut(serializers.Serializer[Any]):
    """A part that must sign; nobody has where `by` is null."""

    part = serializers.CharField()
    title = serializers.CharField()
    by = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField(allow_null=True)
    comment = serializers.CharField(allow_null=True)


class GateOut(serializers.Serializer[Any]):
    """A gate as it stands, with what the caller may do now."""

    number = serializers.IntegerField()
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=GateState.choices)
    version = serializers.IntegerField()
    actions = serializers.ListField(child=serializers.CharField())
    passes_after = serializers.CharField(allow_null=True)
    passed_at = serializers.DateTimeField(allow_null=True)
    recheck_on = serializers.DateField(allow_null=True)
    reason = serializers.CharField(allow_null=True)
    asks = serializers.ListField(child=serializers.CharField())
    signatures = SignatureOut(many=True)
    evidence = EvidenceOut(allow_null=True)


class GatesOut(serializers.Serializer[Any]):
    initiative = serializers.CharField()
    gates = GateOut(many=True)


def gate_out(standing: GateStanding) -> dict[str, Any]:
    """Return the values of `GateOut`."""
    gate, rule = standing.gate, standing.rule
    return {
        "number": gate.number,
        "name": rule.name,
        "state": gate.state,
        "version": gate.version,
        "actions": standing.actions(),
        "passes_after": standing.passes_after or None,
        "passed_at": gate.passed_at,
        "recheck_on": gate.recheck_on,
        "reason": gate.reason or None,
        "asks": [ask.name for ask in rule.asks],
        "signatures": [_signature(part) for part in standing.parts],
        "evidence": _evidence(standing),
    }


def _signature(part: Part) -> dict[str, Any]:
    signer, signature = part
    return {
        "part": signer.part,
        "title": signer.label,
        "by": signature.by.username if signature else None,
        "at": signature.at if signature else None,
        "comment": signature.comment or None if signature else None,
    }


def _evidence(standing: GateStanding) -> dict[str, Any] | None:
    newest = standing.newest
    if newest is None:
        return None
    return {
        "at": newest.at,
        "by": newest.by.username,
        "sha256": newest.sha256,
        "outcome": newest.outcome,
        "provisional": newest.provisional,
        "reasons": newest.reasons,
        "criteria": newest.criteria,
        "inputs": newest.inputs,
        "window": newest.window,
        "query": newest.query,
        "data_status": newest.data_status,
    }
