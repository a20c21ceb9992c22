"""Gates of an initiative: where each stands, its evidence, who signed, what happened."""

from __future__ import annotations

from datetime import date

from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import models
from django.db.models import Func, Q

from budgets.gate_lifecycle import LAST_GATE, GateState
from budgets.models.initiatives import Initiative

# No extension brings equality to an exclusion constraint: one number as a range of one is
# equal to another where the two overlap, and of gates 1 and 5, written as neighbours, one
# is different from the other where the two touch.
_ONE = "int8range({0}, {0} + 1)"
_FIRST_OR_LAST = f"int4range(number / {LAST_GATE}, number / {LAST_GATE} + 1)"


class Gate(models.Model):
    """One of the five gates of an initiative.

    `evidence` is the newest, `passed_on` that on which it stands. `recheck_on` is the day
    on which a pass ends or what was deferred is looked at again.
    """

    initiative = models.ForeignKey(Initiative, on_delete=models.PROTECT, related_name="gates")
    number = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=12, choices=GateState, default=GateState.NOT_STARTED)
    version = models.PositiveIntegerField(default=0)
    evidence = models.ForeignKey(
        "budgets.GateEvidence", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    passed_on = models.ForeignKey(
        "budgets.GateEvidence", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    passed_at = models.DateTimeField(null=True, blank=True)
    recheck_on = models.DateField(null=True, blank=True)
    reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["initiative", "number"], name="gate_is_kept_once"),
            models.CheckConstraint(
                condition=Q(number__gte=1, number__lte=LAST_GATE), name="gate_is_one_of_five"
            ),
            models.CheckConstraint(
                condition=~Q(state=GateState.PASSED)
                | Q(passed_on__isnull=False, passed_at__isnull=False, recheck_on__isnull=False),
                name="gate_passes_on_evidence_until_a_day",
            ),
            models.CheckConstraint(
                condition=~Q(state=GateState.DEFERRED) | Q(recheck_on__isnull=False),
                name="gate_is_deferred_until_a_day",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[GateState.DEFERRED, GateState.FAILED, GateState.REVOKED])
                | ~Q(reason=""),
                name="gate_says_why_it_does_not_pass",
            ),
            models.CheckConstraint(
                condition=Q(state=GateState.NOT_STARTED) | Q(evidence__isnull=False),
                name="gate_has_evidence_once_it_started",
            ),
        ]

    def __str__(self) -> str:
        return f"Gate {self.number} of {self.initiative}"

    def stands_on(self, day: date) -> bool:
        """Test whether a pass of it holds on the day."""
        passed = self.state == GateState.PASSED
        return passed and self.recheck_on is not None and self.recheck_on > day


class GateEvidence(models.Model):
    """What a gate measured at an instant, never changed; `sha256` is that of all of it."""

    gate = models.ForeignKey(Gate, on_delete=models.PROTECT, related_name="evidences")
    at = models.DateTimeField()
    by = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")
    inputs = models.JSONField()
    window = models.JSONField()
    query = models.TextField()
    measures = models.JSONField()
    data_status = models.JSONField()
    configuration = models.JSONField()
    criteria = models.JSONField()
    outcome = models.CharField(max_length=10)
    reasons = models.JSONField()
    provisional = models.BooleanField()
    sha256 = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.gate}: {self.outcome} at {self.at:%Y-%m-%d %H:%M}"


class GateSignature(models.Model):
    """One person's yes to exactly one evidence, for one of the parts that must sign.

    The database fills in the person, the initiative and the gate's number, and refuses
    whoever asked for the initiative.
    """

    evidence = models.ForeignKey(GateEvidence, on_delete=models.PROTECT, related_name="signatures")
    part = models.CharField(max_length=20)
    by = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    comment = models.TextField(blank=True)
    person = models.ForeignKey(
        "org.Person", on_delete=models.PROTECT, related_name="+", editable=False
    )
    initiative = models.ForeignKey(
        Initiative, on_delete=models.PROTECT, related_name="+", editable=False
    )
    number = models.PositiveSmallIntegerField(editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["evidence", "part"], name="gate_part_is_signed_once"),
            models.UniqueConstraint(
                fields=["evidence", "person"], name="gate_parts_are_signed_by_different_persons"
            ),
            ExclusionConstraint(
                name="gates_1_and_5_are_signed_by_different_persons",
                expressions=[
                    (Func(template=_ONE.format("initiative_id")), "&&"),
                    (Func(template=_ONE.format("person_id")), "&&"),
                    (Func(template=_FIRST_OR_LAST), "-|-"),
                ],
                condition=Q(number__in=[1, LAST_GATE]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.part} by {self.by}"


class GateStep(models.Model):
    """One move of a gate along its lifecycle; never changed. Nobody's are the product's own."""

    gate = models.ForeignKey(Gate, on_delete=models.PROTECT, related_name="steps")
    action = models.CharField(max_length=10)
    from_state = models.CharField(max_length=12)
    to_state = models.CharField(max_length=12)
    version = models.PositiveIntegerField()
    evidence = models.ForeignKey(
        GateEvidence, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    by = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    at = models.DateTimeField()
    reason = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.action} by {self.by}"
