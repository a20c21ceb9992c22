"""Approval records: who asked, who decided, and that they are two people."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class ApprovalQuerySet(models.QuerySet["Approval"]):
    def waiting(self) -> ApprovalQuerySet:
        return self.filter(state=Approval.State.PENDING)


class Approval(models.Model):
    """A decision somebody else has to take.

    The persons are filled by a database trigger from the users, so that no path, page,
    API, admin or SQL, can approve what the same human being asked for.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        APPROVED = "approved"
        REJECTED = "rejected"
        WITHDRAWN = "withdrawn"
        VOID = "void"  # the terms changed after they were asked for

    kind = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    title = models.CharField(max_length=200)
    url = models.CharField(max_length=200)
    amount_usd = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    # Only where it is less than the amount that was asked.
    granted_usd = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    unit = models.ForeignKey("org.Unit", on_delete=models.PROTECT, related_name="approvals")
    terms = models.JSONField()
    terms_hash = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    requested_by = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="requests")
    requested_person = models.ForeignKey(
        "org.Person", on_delete=models.PROTECT, related_name="+", editable=False
    )
    requested_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="decisions", null=True, blank=True
    )
    decided_person = models.ForeignKey(
        "org.Person",
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        editable=False,
    )
    # Whose right it was, where somebody decided in another's place.
    decided_for = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    decided_for_person = models.ForeignKey(
        "org.Person",
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        editable=False,
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject_id"],
                condition=Q(state="pending"),
                name="approval_is_pending_once_per_subject",
            ),
            models.CheckConstraint(
                condition=Q(decided_person__isnull=True) | ~Q(decided_person=F("requested_person")),
                name="approval_is_decided_by_another_person",
            ),
            models.CheckConstraint(
                condition=Q(decided_for_person__isnull=True)
                | ~Q(decided_for_person=F("requested_person")),
                name="approval_is_decided_in_the_place_of_another_person",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["approved", "rejected"], decided_by__isnull=False)
                & Q(decided_at__isnull=False)
                | Q(state__in=["pending", "withdrawn", "void"], decided_by__isnull=True),
                name="approval_names_who_decided",
            ),
            models.CheckConstraint(
                condition=Q(granted_usd__isnull=True)
                | Q(
                    state="approved",
                    amount_usd__isnull=False,
                    granted_usd__gt=0,
                    granted_usd__lt=F("amount_usd"),
                ),
                name="approval_grants_no_more_than_was_asked",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.state})"

    @property
    def who_decided(self) -> str:
        """Say who decided, and in whose place."""
        if self.decided_for is None:
            return str(self.decided_by)
        return f"{self.decided_by} for {self.decided_for}"
