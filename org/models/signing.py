"""Who signs which amount, and who has signed a request that needs more than one."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from finops.signing import MOST_SIGNERS
from org.models.people import Role


class ApprovalLimits(models.Model):
    """A table of approval limits, in force from the moment it is recorded; never edited."""

    number = models.PositiveSmallIntegerField(unique=True)
    reason = models.TextField()
    recorded_by = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Approval limits {self.number}"


class ApprovalLimit(models.Model):
    """One line: from an amount on, so many people of a role sign."""

    table = models.ForeignKey(ApprovalLimits, on_delete=models.PROTECT, related_name="rows")
    from_usd = models.DecimalField(max_digits=18, decimal_places=2)
    role = models.CharField(max_length=10, choices=Role)
    signers = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["table", "from_usd", "role"], name="approval_limit_stands_once"
            ),
            models.CheckConstraint(
                condition=Q(from_usd__gte=0, signers__gte=1, signers__lte=MOST_SIGNERS),
                name="approval_limit_asks_for_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.signers} {self.get_role_display()} from {self.from_usd}"


class ApprovalPart(models.Model):
    """A part of the chain of one request, as the limits were when it was asked; never changed.

    Without parts a request is decided by one person.
    """

    approval = models.ForeignKey("org.Approval", on_delete=models.PROTECT, related_name="parts")
    role = models.CharField(max_length=10, choices=Role)
    signers = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["approval", "role"], name="approval_part_stands_once"),
            models.CheckConstraint(
                condition=Q(signers__gte=1), name="approval_part_asks_for_somebody"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.signers} {self.get_role_display()} of {self.approval}"


class ApprovalSignature(models.Model):
    """One person's yes to exactly these terms; void once somebody signs other ones.

    The database fills in the person, and the holder of the right, who is another where
    somebody signs in another's place. It refuses whoever asked as either.
    """

    approval = models.ForeignKey(
        "org.Approval", on_delete=models.PROTECT, related_name="signatures"
    )
    role = models.CharField(max_length=10, choices=Role)
    terms_hash = models.CharField(max_length=64)
    by = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")
    given_by = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    person = models.ForeignKey(
        "org.Person", on_delete=models.PROTECT, related_name="+", editable=False
    )
    holder = models.ForeignKey(
        "org.Person", on_delete=models.PROTECT, related_name="+", editable=False
    )
    at = models.DateTimeField()
    reason = models.TextField(blank=True)
    void_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["approval", "person"],
                condition=Q(void_at__isnull=True),
                name="approval_is_signed_by_different_persons",
            ),
            models.UniqueConstraint(
                fields=["approval", "holder"],
                condition=Q(void_at__isnull=True),
                name="approval_is_signed_by_different_rights",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.who} signed {self.approval}"

    @property
    def who(self) -> str:
        """Say who signed, and in whose place."""
        return f"{self.by} for {self.given_by}" if self.given_by else str(self.by)
