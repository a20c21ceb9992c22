"""What routers were given of quotas: one count for each subject and window, and the blocks."""

import uuid

from django.db import models
from django.db.models import Q

from policy.models.quotas import Quota


class QuotaUse(models.Model):
    """What a subject has taken of a quota since an instant: a window, or a slot of one that rolls.

    The row is made when a router first asks for a block, so that a template for thousands
    costs nothing for those who never come near. `taken` counts blocks that are given out,
    what of them was used, and `used_before`, which is None where the ledger cannot tell.
    """

    quota = models.ForeignKey(Quota, on_delete=models.PROTECT, related_name="uses")
    subject = models.CharField(max_length=160, blank=True)
    starts_at = models.DateTimeField()
    used_before = models.DecimalField(null=True, blank=True, max_digits=28, decimal_places=12)
    taken = models.DecimalField(default=0, max_digits=28, decimal_places=12)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["quota", "subject", "starts_at"], name="quota_use_is_counted_once"
            ),
            models.CheckConstraint(condition=Q(taken__gte=0), name="quota_use_is_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.quota_id}, {self.subject}: {self.taken}"


class QuotaLease(models.Model):
    """A block of a quota that a router may use alone, until it expires.

    What was not reported stays counted: a router that fell silent may have used it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    use = models.ForeignKey(QuotaUse, on_delete=models.PROTECT, related_name="leases")
    sidecar = models.CharField(max_length=80)
    granted = models.DecimalField(max_digits=28, decimal_places=12)
    used = models.DecimalField(default=0, max_digits=28, decimal_places=12)
    sequence = models.PositiveIntegerField(default=0)
    is_final = models.BooleanField(default=False)
    granted_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(granted__gt=0, used__gte=0), name="quota_lease_is_of_something"
            )
        ]

    def __str__(self) -> str:
        return f"{self.granted} for {self.sidecar}"
