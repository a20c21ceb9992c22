"""Real workers that pull: a message says only look, and the rest is in the rows."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ingestion.models import Connector, Pull
from tests.factories.connectors import new_connector
from tests.fakes.provider import KEY, running_provider
from tests.live import Bell, Worker, until
from tests.org_cast import gather


@pytest.mark.workers
@pytest.mark.django_db(transaction=True)
def test_a_worker_pulls_loads_and_ends_what_beat_opened() -> None:
    fiona, bell = gather().fiona, Bell()
    with running_provider() as provider, Worker():
        provider.most_buckets = 10
        connector = new_connector(
            by=fiona, config={"address": provider.url}, created_at=timezone.now()
        )

        def is_good() -> bool:
            bell.ring("ingestion.tasks.sweep_connectors")
            return Connector.objects.get(pk=connector.pk).last_good_at is not None

        until(is_good)

    pull = Pull.objects.get()
    assert (pull.state, pull.attempts, pull.lost, pull.pieces) == ("done", 1, 0, 4)
    assert pull.ends_at - pull.starts_at >= timedelta(days=35)
    assert {asked.headers["authorization"] for asked in provider.asked} == {f"Bearer {KEY}"}
