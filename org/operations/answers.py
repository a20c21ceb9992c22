"""Forgetting the answers kept for an Idempotency-Key."""

from datetime import datetime, timedelta

from org.models import StoredAnswer

# A billing month and a few days: whoever retries an invoice run does so within it.
KEPT = timedelta(days=35)


def forget_answers(*, at: datetime) -> int:
    """Delete the answers that are older than 35 days and return how many they were."""
    deleted, _ = StoredAnswer.objects.filter(created_at__lt=at - KEPT).delete()
    return deleted
