"""Real workers, really killed: nothing is lost, nothing is counted twice."""

import io
import random
import threading
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test import override_settings

from ingestion.models import Chunk, Delivery, Event
from ingestion.operations import work
from ingestion.operations.deliveries import prepared_file, received_file, submit_file
from ingestion.operations.load import load_chunk
from ingestion.operations.work import do_next
from ingestion.queries import proof
from tests.live import Bell, Worker, until
from tests.org_cast import gather

ROWS = 30_000
CHUNK_BYTES = 100_000
KILLS = 4
# gpt-4o at $2.50 in and $10 out a million tokens.
CALL_USD = Decimal("0.0035")


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TOKENOPS_CHUNK_BYTES", str(CHUNK_BYTES))
    with override_settings(TOKENOPS_CHUNK_BYTES=CHUNK_BYTES):
        yield


def submit(rows: int, *, at: datetime) -> Delivery:
    lines = ["id,started_at,provider,model,workflow,in_text,out_text"]
    lines += [
        f"r{n},2026-11-{n % 19 + 1:02}T10:00:00Z,openai,gpt-4o,flow{n % 7},1000,100"
        for n in range(rows)
    ]
    return submit_file(
        file=io.BytesIO("\n".join(lines).encode()),
        filename="big.csv",
        source="tokenops",
        account="",
        column_map={},
        fixed_values={},
        by=None,
        at=at,
    )


def state_of(delivery: Delivery) -> str:
    return Delivery.objects.values_list("state", flat=True).get(pk=delivery.pk)


@pytest.mark.workers
@pytest.mark.django_db(transaction=True)
def test_workers_killed_at_random_lose_nothing_and_double_nothing(
    at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is killed here is no poison: it is not put aside, however often it was hit.
    monkeypatch.setenv("TOKENOPS_MOST_ATTEMPTS", str(KILLS + 1))
    gather()
    dice = random.Random(11)
    delivery = submit(ROWS, at=at)
    bell = Bell()

    with Worker() as worker:
        for _ in range(KILLS):
            loaded = Chunk.objects.filter(state=Chunk.State.DONE).count()
            until(lambda seen=loaded: progressed(delivery, seen, bell))  # type: ignore[misc]
            if dice.random() < 0.5:
                worker.kill_a_child()
            else:
                worker.kill()
                worker.start()
        until(lambda: ended(delivery, bell), within_s=120)

    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason) == (Delivery.State.DONE, "")
    assert (delivery.rows, delivery.loaded, delivery.duplicate) == (ROWS, ROWS, 0)
    assert Event.objects.count() == ROWS
    assert delivery.usd == ROWS * CALL_USD
    assert proof.rollups_equal_detail() is None
    assert proof.unit_days_equal_slice_days() is None
    assert proof.deliveries_equal_events() is None


@pytest.mark.workers
@pytest.mark.django_db(transaction=True)
def test_a_child_killed_while_it_waits_does_not_stop_the_worker(at: datetime) -> None:
    gather()
    bell = Bell()

    with Worker() as worker:
        first = submit(10, at=at)
        until(lambda: ended(first, bell))
        for _ in range(2):
            worker.kill_a_child()
            until(lambda: len(worker.children()) == 2)
        second = submit(20, at=at)
        until(lambda: ended(second, bell))

    assert state_of(first) == state_of(second) == Delivery.State.DONE


def progressed(delivery: Delivery, seen: int, bell: Bell) -> bool:
    bell.ring("ingestion.tasks.sweep")
    done = Chunk.objects.filter(state=Chunk.State.DONE).count()
    return done > seen or state_of(delivery) == Delivery.State.DONE


def ended(delivery: Delivery, bell: Bell) -> bool:
    if state_of(delivery) not in {Delivery.State.QUEUED, Delivery.State.RUNNING}:
        return True
    bell.ring("ingestion.tasks.sweep")
    return False


@pytest.mark.django_db(transaction=True)
def test_loaders_racing_over_one_file_sent_twice_count_every_call_once(at: datetime) -> None:
    gather()
    deliveries = [submit(4_000, at=at) for _ in range(2)]

    def load(at: datetime) -> None:
        while do_next(at=at):
            pass
        connection.close()

    threads = [threading.Thread(target=load, args=(at,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Whoever just missed a row that another one was looking at leaves it to the next look.
    load(Clock(at).later())

    counts = [
        Delivery.objects.values_list("state", "loaded", "duplicate").get(pk=delivery.pk)
        for delivery in deliveries
    ]
    assert {state for state, _, _ in counts} == {Delivery.State.DONE}
    assert sum(loaded for _, loaded, _ in counts) == 4_000
    assert sum(duplicate for _, _, duplicate in counts) == 4_000
    assert proof.rollups_equal_detail() is None
    assert proof.unit_days_equal_slice_days() is None


@pytest.mark.django_db(transaction=True)
def test_work_that_always_fails_is_put_aside_and_the_next_file_loads(
    at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    gather()
    poison, good = submit(10, at=at), submit(20, at=at)

    def fail_for_poison(*, chunk_id: int, at: datetime) -> bool:
        if Chunk.objects.get(pk=chunk_id).delivery_id == poison.pk:
            raise MemoryError("no room")
        return load_chunk(chunk_id=chunk_id, at=at)

    monkeypatch.setattr(work, "load_chunk", fail_for_poison)
    clock = Clock(at)
    while do_next(at=clock.later()):
        pass

    poison.refresh_from_db()
    good.refresh_from_db()
    assert poison.state == Delivery.State.QUARANTINED
    assert "after 3 attempts" in poison.reason
    assert "no room" in poison.reason
    assert good.state == Delivery.State.DONE


@pytest.mark.django_db(transaction=True)
def test_the_prepared_copy_of_a_loaded_file_is_removed(at: datetime) -> None:
    gather()
    delivery = submit(10, at=at)

    while do_next(at=at):
        pass

    assert received_file(delivery).exists()
    assert not prepared_file(delivery).exists()


class Clock:
    """A clock that moves past the grace of a claim with every look."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def later(self) -> datetime:
        self._at += work._CLAIM_GRACE * 2  # noqa: SLF001 -- what the grace is for
        return self._at
