"""Answers kept for an Idempotency-Key, so that a retried POST is answered alike."""

from django.db import models


class StoredAnswer(models.Model):
    """The first answer to a key of one user; kept 35 days, a billing month and more."""

    user = models.ForeignKey("org.User", on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="answer_is_kept_once_per_key")
        ]

    def __str__(self) -> str:
        return f"{self.key} → {self.status}"
