"""Signs of life of what runs in the background."""

from datetime import datetime

from org.models import Heartbeat

WORKER = "worker"


def beat(*, name: str, at: datetime) -> None:
    """Note that something ran from end to end; an older message than the last changes nothing."""
    made, is_new = Heartbeat.objects.get_or_create(name=name, defaults={"beat_at": at})
    if not is_new:
        Heartbeat.objects.filter(pk=made.pk, beat_at__lt=at).update(beat_at=at)
