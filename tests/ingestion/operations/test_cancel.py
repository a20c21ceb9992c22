"""Cancelling a delivery that is loading: it stops, nothing of it counts, and it loads again."""

import io
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from functools import partial

import pytest
from django.test import override_settings

from ingestion.models import Chunk, Delivery, Event, MeteringSource, ReportBucket, ReportLine
from ingestion.operations import load
from ingestion.operations.cancel import CannotCancel, cancel_delivery
from ingestion.operations.deliveries import prepared_file, submit_file
from ingestion.operations.plan import plan_delivery
from ingestion.operations.undo import CannotUndo, undo_delivery
from ingestion.operations.work import do_next
from org.models import AuditEntry, User
from org.refusals import NotAllowed, NotThere
from tests.ingestion.conftest import Deliver
from tests.ingestion.operations.test_undo import spent_usd
from tests.ingestion.proofs import faults
from tests.ingestion.report_source import line, report
from tests.ingestion.test_workers import CALL_USD, Clock
from tests.org_cast import Cast, gather
from tests.races import race

pytestmark = pytest.mark.usefixtures("report_sources")

State = Delivery.State
ROWS = 4_000


@pytest.fixture(autouse=True)
def _small_chunks() -> Iterator[None]:
    with override_settings(TOKENOPS_CHUNK_BYTES=10_000):
        yield


def calls(rows: int = ROWS) -> str:
    lines = ["id,started_at,provider,model,in_text,out_text"]
    lines += [f"r{n},2026-11-{n % 19 + 1:02}T10:00:00Z,openai,gpt-4o,1000,100" for n in range(rows)]
    return "\n".join([*lines, ""])


def submit(
    content: str, *, at: datetime, source: str = "tokenops", by: User | None = None
) -> Delivery:
    return submit_file(
        file=io.BytesIO(content.encode()),
        filename="usage.csv",
        source=source,
        account="",
        column_map={},
        fixed_values={},
        by=by,
        at=at,
    )


def planned(content: str, *, at: datetime, source: str = "tokenops") -> Delivery:
    delivery = submit(content, at=at, source=source)
    plan_delivery(delivery_id=delivery.pk, at=at)
    return delivery


def load_all(at: datetime) -> None:
    while do_next(at=at):
        pass


def cancel(delivery: Delivery, by: User, at: datetime) -> Delivery:
    return cancel_delivery(delivery_id=delivery.pk, by=by, at=at)


def test_what_has_loaded_is_taken_back_and_the_rest_is_never_loaded(
    cast: Cast, at: datetime
) -> None:
    delivery = planned(calls(), at=at)
    do_next(at=at)

    cancelled = cancel(delivery, cast.fiona, at)
    load_all(at)

    cancelled.refresh_from_db()
    assert (cancelled.state, cancelled.undone_by, cancelled.finished_at) == (
        State.CANCELLED,
        cast.fiona,
        at,
    )
    assert 0 < cancelled.loaded < ROWS
    assert Event.objects.count() == cancelled.loaded
    assert spent_usd() == 0
    assert not MeteringSource.objects.exists()
    assert faults() == []


def test_the_same_file_loads_whole_after_a_cancel(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    delivery = planned(calls(), at=at)
    do_next(at=at)
    cancel(delivery, cast.fiona, at)

    again = deliver(calls())

    assert (again.state, again.loaded, again.duplicate) == (State.DONE, ROWS, 0)
    assert spent_usd() == ROWS * CALL_USD
    assert faults() == []


def test_a_part_that_was_read_when_the_cancel_came_stores_nothing(cast: Cast, at: datetime) -> None:
    delivery = planned(calls(), at=at)
    part = delivery.chunks.first()
    assert part
    readied = load._ready(part.pk, at=at)  # noqa: SLF001 -- between its two halves
    assert readied is not None

    cancel(delivery, cast.fiona, at)
    stored = load._load_readied(part.pk, readied, at=at)  # noqa: SLF001

    assert not stored
    assert not Event.objects.exists()
    assert not Chunk.objects.filter(state=Chunk.State.DONE).exists()


def test_a_cancelled_report_leaves_no_bucket_behind(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    before = deliver(report(line(1, usd="1.00")), source="acme-usage")
    later = planned(report(line(1, usd="5.00"), line(2, usd="7.00")), at=at, source="acme-usage")
    part = later.chunks.first()
    assert part
    readied = load._ready(part.pk, at=at)  # noqa: SLF001
    assert readied is not None

    cancel(later, cast.fiona, at)
    load._load_readied(part.pk, readied, at=at)  # noqa: SLF001

    assert list(ReportBucket.objects.values_list("delivery", "state")) == [(before.pk, "current")]
    assert ReportLine.objects.count() == 1
    assert spent_usd() == Decimal(1)
    assert faults() == []


def test_a_delivery_that_waits_is_cancelled_before_anyone_opens_it(
    cast: Cast, at: datetime
) -> None:
    delivery = submit(calls(10), at=at)

    cancel(delivery, cast.fiona, at)
    load_all(at)

    delivery.refresh_from_db()
    assert (delivery.state, delivery.rows, delivery.chunks.count()) == (State.CANCELLED, 0, 0)


def test_cancelling_twice_is_the_same_as_once(cast: Cast, at: datetime) -> None:
    delivery = planned(calls(), at=at)
    do_next(at=at)

    first = cancel(delivery, cast.fiona, at)
    second = cancel(delivery, cast.ada, at)

    assert (second.state, second.undone_by) == (State.CANCELLED, first.undone_by)
    assert AuditEntry.objects.filter(action="delivery.cancel").count() == 1
    assert spent_usd() == 0


def test_what_is_over_is_not_cancelled(cast: Cast, deliver: Deliver, at: datetime) -> None:
    done, failed = deliver(calls(10)), deliver("")

    with pytest.raises(CannotCancel, match="finished loading: undo it instead"):
        cancel(done, cast.fiona, at)
    with pytest.raises(CannotCancel, match="over already: it is failed"):
        cancel(failed, cast.fiona, at)
    undo_delivery(delivery_id=done.pk, reason="Twice.", by=cast.fiona, at=at)
    with pytest.raises(CannotCancel, match="undone already"):
        cancel(done, cast.fiona, at)
    with pytest.raises(NotThere):
        cancel_delivery(delivery_id=0, by=cast.fiona, at=at)


def test_what_was_cancelled_is_not_undone(cast: Cast, at: datetime) -> None:
    delivery = submit(calls(10), at=at)
    cancel(delivery, cast.fiona, at)

    with pytest.raises(CannotUndo, match="was cancelled"):
        undo_delivery(delivery_id=delivery.pk, reason="Twice.", by=cast.fiona, at=at)


def test_engineers_cancel_what_they_sent_themselves(cast: Cast, at: datetime) -> None:
    own, other = submit(calls(10), at=at, by=cast.ed), submit(calls(10), at=at, by=cast.fiona)

    assert cancel(own, cast.ed, at).state == State.CANCELLED
    with pytest.raises(NotAllowed):
        cancel(other, cast.ed, at)


def test_the_prepared_copy_of_a_cancelled_file_is_removed(
    cast: Cast, at: datetime, django_capture_on_commit_callbacks: object
) -> None:
    delivery = planned(calls(), at=at)
    assert prepared_file(delivery).exists()

    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        cancel(delivery, cast.fiona, at)

    assert not prepared_file(delivery).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("parts_before", [0, 1, 4, 8])
def test_a_cancel_that_races_with_workers_leaves_nothing_that_counts(
    at: datetime, parts_before: int
) -> None:
    cast, clock = gather(), Clock(at)
    delivery = submit(calls(), at=at)
    for _ in range(parts_before):
        do_next(at=clock.later())

    _, _, _, outcome = race(
        *[partial(load_all, at)] * 3, partial(cancel, delivery, cast.fiona, clock.later())
    )

    load_all(clock.later())
    delivery.refresh_from_db()
    # Workers may be done before the cancel comes; then all of it counts, else nothing.
    is_late = isinstance(outcome, CannotCancel)
    assert delivery.state == (State.DONE if is_late else State.CANCELLED)
    assert Event.objects.count() == delivery.loaded
    assert spent_usd() == (ROWS * CALL_USD if is_late else 0)
    assert faults() == []
    assert not Chunk.objects.filter(attempts__gt=1).exists()
    again = submit(calls(), at=clock.later())
    load_all(clock.later())
    again.refresh_from_db()
    assert (again.state, again.rows) == (State.DONE, ROWS)
    assert (again.duplicate if is_late else again.loaded) == ROWS
    assert (spent_usd(), faults()) == (ROWS * CALL_USD, [])


@pytest.mark.django_db(transaction=True)
def test_two_who_cancel_at_once_cancel_once(at: datetime) -> None:
    cast = gather()
    delivery = planned(calls(), at=at)
    do_next(at=at)

    outcomes = race(
        partial(cancel, delivery, cast.fiona, at), partial(cancel, delivery, cast.ada, at)
    )

    assert [outcome.state for outcome in outcomes] == [State.CANCELLED] * 2
    assert AuditEntry.objects.filter(action="delivery.cancel").count() == 1
    assert spent_usd() == 0
    assert faults() == []
