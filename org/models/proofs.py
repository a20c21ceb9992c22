"""What was proved of the books, when, and how it came out."""

from django.db import models


class ProofRun(models.Model):
    """One check of one thing that must always hold; never edited."""

    class Outcome(models.TextChoices):
        HOLDS = "holds"
        OFF = "off"
        UNKNOWN = "unknown", "Could not be checked"

    name = models.CharField(max_length=120)
    outcome = models.CharField(max_length=8, choices=Outcome)
    detail = models.TextField(blank=True)
    checked_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["name", "-checked_at"], name="proof_newest_first")]

    def __str__(self) -> str:
        return f"{self.name}: {self.outcome} at {self.checked_at}"
