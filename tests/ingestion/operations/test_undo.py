"""Undoing a delivery: all of it goes, nothing is deleted, and the same file loads again."""

import io
from datetime import date, datetime
from decimal import Decimal
from functools import partial

import pytest
from django.db import IntegrityError, transaction

from ingestion.models import (
    Adjustment,
    Conflict,
    Delivery,
    Event,
    MeteringSource,
    ReportBucket,
    SliceDay,
    SpendChange,
    UnitDay,
)
from ingestion.operations import load
from ingestion.operations.deliveries import submit_file
from ingestion.operations.plan import plan_delivery
from ingestion.operations.push import receive_records
from ingestion.operations.rollups import PeriodClosed
from ingestion.operations.rules import RuleDraft, publish_rules
from ingestion.operations.undo import CannotUndo, undo_delivery
from ingestion.queries.spend import data_days
from org.audit import first_broken_link
from org.models import AuditEntry, FiscalPeriod
from org.refusals import Invalid, NotAllowed, NotThere
from tests.ingestion.conftest import Deliver
from tests.ingestion.proofs import faults
from tests.ingestion.report_source import line, report
from tests.ingestion.test_load import HEADER, ONE_CALL, ONE_CALL_USD
from tests.org_cast import Cast, gather
from tests.races import race

pytestmark = pytest.mark.usefixtures("report_sources")

State = Delivery.State
OTHER_CALL = ONE_CALL.replace("r1", "r2").replace("11-19", "11-10")


def spent_usd(*, metered: bool = True) -> Decimal:
    days = UnitDay.objects.filter(metered=metered)
    return sum(days.values_list("cost_usd", flat=True), Decimal(0))


def planned(content: str, *, at: datetime) -> Delivery:
    delivery = submit_file(
        file=io.BytesIO(content.encode()),
        filename="usage.csv",
        source="tokenops",
        account="",
        column_map={},
        fixed_values={},
        by=None,
        at=at,
    )
    plan_delivery(delivery_id=delivery.pk, at=at)
    return delivery


def undo(delivery: Delivery, cast: Cast, at: datetime) -> Delivery:
    return undo_delivery(delivery_id=delivery.pk, reason="Wrong file.", by=cast.fiona, at=at)


def test_all_that_a_delivery_of_calls_brought_is_taken_back(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    deliver(HEADER + OTHER_CALL)
    wrong = deliver(HEADER + ONE_CALL + ONE_CALL.replace("r1", "r3"))

    undone = undo(wrong, cast, at)

    taken = Adjustment.objects.get()
    assert (undone.state, undone.undone_by, undone.undo_reason) == (
        State.UNDONE,
        cast.fiona,
        "Wrong file.",
    )
    assert (undone.loaded, undone.usd) == (2, 2 * ONE_CALL_USD)
    assert (taken.kind, taken.delivery, taken.calls) == ("undo", undone, -2)
    assert (taken.cost_usd, taken.recorded_by) == (-2 * ONE_CALL_USD, cast.fiona)
    assert taken.cause == f"import {wrong.pk} was undone"
    assert Event.objects.count() == 3
    assert spent_usd() == ONE_CALL_USD
    assert SpendChange.objects.count() == 3
    assert faults() == []


def test_an_undo_stands_in_the_audit_log(cast: Cast, deliver: Deliver, at: datetime) -> None:
    wrong = deliver(HEADER + ONE_CALL)

    undo(wrong, cast, at)

    entry = AuditEntry.objects.get(action="delivery.undo")
    assert (entry.actor, entry.subject) == (cast.fiona, f"delivery:{wrong.pk}")
    assert entry.detail["reason"] == "Wrong file."
    assert first_broken_link() is None


def test_a_day_that_only_the_undone_delivery_knew_is_unknown_again(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    deliver(HEADER + OTHER_CALL)
    wrong = deliver(HEADER + ONE_CALL)

    undo(wrong, cast, at)

    reach = data_days()
    assert reach is not None
    assert (reach.start, reach.end) == (date(2026, 11, 10), date(2026, 11, 11))
    assert SliceDay.objects.count() == 1


def test_the_same_file_loads_again_after_it_was_undone(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    undo(deliver(HEADER + ONE_CALL), cast, at)

    again = deliver(HEADER + ONE_CALL)
    third = deliver(HEADER + ONE_CALL)

    assert (again.loaded, again.duplicate) == (1, 0)
    assert (third.loaded, third.duplicate) == (0, 1)
    assert sorted(Event.objects.values_list("generation", flat=True)) == [0, 1]
    assert spent_usd() == ONE_CALL_USD
    assert faults() == []


def test_what_was_sent_again_can_be_undone_and_sent_again(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    for _ in range(3):
        undo(deliver(HEADER + ONE_CALL), cast, at)

    last = deliver(HEADER + ONE_CALL)

    assert last.loaded == 1
    assert sorted(Event.objects.values_list("generation", flat=True)) == [0, 1, 2, 3]
    assert spent_usd() == ONE_CALL_USD
    assert faults() == []


def test_other_content_after_an_undo_is_no_conflict(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    undo(deliver(HEADER + ONE_CALL), cast, at)

    mended = deliver(HEADER + ONE_CALL.replace("1000", "2000"))
    conflict = deliver(HEADER + ONE_CALL)

    assert (mended.loaded, mended.conflict) == (1, 0)
    assert (conflict.loaded, conflict.conflict) == (0, 1)
    assert Conflict.objects.get().first_delivery_id == mended.pk
    assert spent_usd() == Decimal("0.0065")
    assert faults() == []


def test_a_call_mended_to_another_day_after_an_undo_is_no_conflict(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    undo(deliver(HEADER + ONE_CALL), cast, at)

    mended = deliver(HEADER + ONE_CALL.replace("11-19", "11-20"))
    moved = deliver(HEADER + ONE_CALL)

    assert (mended.loaded, mended.conflict) == (1, 0)
    assert (moved.loaded, moved.conflict) == (0, 1)
    assert faults() == []


def test_rows_without_ids_load_again_too(cast: Cast, deliver: Deliver, at: datetime) -> None:
    send = partial(
        deliver,
        "T,I\n" + "2026-11-19 10:00:00,1000\n" * 3,
        source="csv",
        column_map={"started_at": "T", "in_text": "I"},
        fixed_values={"provider": "openai", "model": "gpt-4o"},
    )
    undo(send(), cast, at)

    assert (send().loaded, send().duplicate) == (3, 3)
    assert spent_usd() == Decimal("0.0075")


def test_a_delivery_beside_the_undone_one_keeps_its_duplicates_and_conflicts(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    deliver(HEADER + OTHER_CALL)
    undo(deliver(HEADER + ONE_CALL), cast, at)

    mixed = deliver(HEADER + OTHER_CALL + ONE_CALL + OTHER_CALL.replace("11-10", "11-11"))

    assert (mixed.rows, mixed.loaded, mixed.duplicate, mixed.conflict) == (3, 1, 1, 1)
    assert spent_usd() == 2 * ONE_CALL_USD
    assert faults() == []


def test_spend_that_rules_moved_since_is_taken_from_who_has_it_now(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    wrong = deliver(HEADER + ONE_CALL)
    publish_rules(
        drafts=[RuleDraft("all", {}, cast.support.pk)], reason="first", by=cast.fiona, at=at
    )

    undo(wrong, cast, at)

    assert not UnitDay.objects.exists()
    assert SpendChange.objects.latest("pk").unit_ids == [cast.support.pk]
    assert faults() == []


def test_an_account_that_only_the_undone_delivery_metered_is_free_again(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    undo(deliver(report(line(2, usd="1")), source="acme-usage", account="prod"), cast, at)

    right = deliver(HEADER + ONE_CALL, account="prod")

    assert MeteringSource.objects.get().source == "tokenops"
    assert spent_usd() == right.usd
    assert faults() == []


def test_an_account_with_other_usage_keeps_its_meter(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    wrong = deliver(HEADER + ONE_CALL, account="prod")
    deliver(report(line(2, usd="1")), source="acme-usage", account="prod")

    undo(wrong, cast, at)

    assert MeteringSource.objects.get().source == "tokenops"
    assert (spent_usd(), spent_usd(metered=False)) == (Decimal(0), Decimal(1))
    assert faults() == []


def test_of_a_report_the_version_before_becomes_current_again(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    first = deliver(report(line(2, usd="1"), line(3, usd="5")), source="acme-usage")
    wrong = deliver(report(line(2, usd="9"), line(4, usd="7")), source="acme-usage")

    undo(wrong, cast, at)

    days = dict(UnitDay.objects.values_list("reporting_day__day", "cost_usd"))
    assert days == {2: Decimal(1), 3: Decimal(5)}
    assert set(first.buckets.values_list("state", flat=True)) == {"current"}
    assert set(wrong.buckets.values_list("state", flat=True)) == {"undone"}
    assert faults() == []


def test_a_version_that_was_undone_never_comes_back(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    for usd in ("1", "2", "3"):
        deliver(report(line(2, usd=usd)), source="acme-usage")
    first, second, third = Delivery.objects.order_by("pk")

    undo(second, cast, at)
    assert spent_usd() == Decimal(3)
    undo(third, cast, at)
    assert spent_usd() == Decimal(1)
    undo(first, cast, at)

    assert not UnitDay.objects.exists()
    assert not ReportBucket.objects.exclude(state="undone").exists()
    assert faults() == []


def test_an_undone_report_can_be_sent_again(cast: Cast, deliver: Deliver, at: datetime) -> None:
    undo(deliver(report(line(2, usd="1")), source="acme-usage"), cast, at)

    again = deliver(report(line(2, usd="1")), source="acme-usage")

    assert (again.loaded, again.duplicate) == (1, 0)
    assert spent_usd() == Decimal(1)
    assert again.buckets.get().version == 2
    assert faults() == []


def test_a_report_without_lines_that_replaced_some_can_be_undone(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    deliver(report(line(2, usd="1")), source="acme-usage")
    empty = deliver(report(line(2, provider="nothing")), source="acme-usage")

    undo(empty, cast, at)

    assert spent_usd() == Decimal(1)


def test_of_a_delivery_that_failed_what_was_loaded_is_undone(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    wrong = deliver(HEADER + ONE_CALL)
    Delivery.objects.filter(pk=wrong.pk).update(state=State.QUARANTINED, reason="No room.")

    undone = undo(wrong, cast, at)

    assert (undone.state, undone.reason) == (State.UNDONE, "No room.")
    assert spent_usd() == 0


def test_a_closed_period_refuses_to_lose_its_spend(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    wrong = deliver(HEADER + ONE_CALL)
    FiscalPeriod.objects.containing(date(2026, 11, 19)).update(state="closed")

    with pytest.raises(PeriodClosed, match="is closed: its figures cannot change"):
        undo(wrong, cast, at)

    wrong.refresh_from_db()
    assert wrong.state == State.DONE
    assert spent_usd() == ONE_CALL_USD
    assert not Adjustment.objects.exists()


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (State.QUEUED, "still running"),
        (State.RUNNING, "still running"),
        (State.UNDONE, "was undone already"),
    ],
)
def test_what_is_not_over_or_is_undone_cannot_be_undone(
    cast: Cast, deliver: Deliver, at: datetime, state: str, sentence: str
) -> None:
    delivery = deliver(HEADER + ONE_CALL)
    undone_at = at if state == State.UNDONE else None
    Delivery.objects.filter(pk=delivery.pk).update(state=state, undone_at=undone_at)

    with pytest.raises(CannotUndo, match=sentence):
        undo(delivery, cast, at)


def test_what_loaded_nothing_has_nothing_to_undo(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    deliver(HEADER + ONE_CALL)
    again = deliver(HEADER + ONE_CALL)

    with pytest.raises(CannotUndo, match="loaded nothing"):
        undo(again, cast, at)


def test_only_finance_and_administrators_undo_and_they_say_why(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    delivery = deliver(HEADER + ONE_CALL)

    for person in (cast.ed, cast.carl, cast.grace, cast.aud, cast.stan):
        with pytest.raises(NotAllowed):
            undo_delivery(delivery_id=delivery.pk, reason="Wrong.", by=person, at=at)
    for reason in ("  ", "x" * 501):
        with pytest.raises(Invalid):
            undo_delivery(delivery_id=delivery.pk, reason=reason, by=cast.fiona, at=at)
    with pytest.raises(NotThere):
        undo_delivery(delivery_id=delivery.pk + 1, reason="Wrong.", by=cast.fiona, at=at)
    assert undo_delivery(delivery_id=delivery.pk, reason="Wrong.", by=cast.ada, at=at)


def test_the_database_wants_to_know_when_a_delivery_was_undone(
    cast: Cast, deliver: Deliver
) -> None:
    delivery = deliver(HEADER + ONE_CALL)

    with pytest.raises(IntegrityError, match="delivery_taken_back_says_when"), transaction.atomic():
        Delivery.objects.filter(pk=delivery.pk).update(state=State.UNDONE)


def test_a_tampered_undo_is_found(cast: Cast, deliver: Deliver, at: datetime) -> None:
    delivery = deliver(HEADER + ONE_CALL)

    Delivery.objects.filter(pk=delivery.pk).update(state=State.UNDONE, undone_at=at)

    assert faults() == [
        f"Delivery {delivery.pk} is undone: 0.004 dollars of 2026-11-19 still count."
    ]


def test_pushes_after_an_undo_are_a_delivery_of_their_own(cast: Cast, at: datetime) -> None:
    record = {
        "id": "p1",
        "started_at": "2026-11-19T10:00:00Z",
        "provider": "openai",
        "model": "gpt-4o",
        "tokens": {"in_text": 1000},
    }
    receive_records(records=[record], by=cast.ed, at=at)
    undo(Delivery.objects.get(), cast, at)

    result = receive_records(records=[record], by=cast.ed, at=at)

    assert (result.accepted, result.duplicate) == (1, 0)
    assert list(Delivery.objects.order_by("pk").values_list("state", "loaded")) == [
        ("undone", 1),
        ("done", 1),
    ]
    assert spent_usd() == Decimal("0.0025")
    assert faults() == []


@pytest.mark.django_db(transaction=True)
def test_two_files_sent_again_at_once_count_once(at: datetime) -> None:
    cast = gather()
    calls = HEADER + "".join(ONE_CALL.replace("r1", f"r{n}") for n in range(300))

    first = planned(calls, at=at)
    load.load_chunk(chunk_id=first.chunks.get().pk, at=at)
    undo(first, cast, at)
    pair = [planned(calls, at=at) for _ in range(2)]

    outcomes = race(
        *(partial(load.load_chunk, chunk_id=item.chunks.get().pk, at=at) for item in pair)
    )

    counts = Delivery.objects.filter(pk__in=[item.pk for item in pair])
    assert outcomes == [True, True]
    assert sorted(counts.values_list("loaded", "duplicate")) == [(0, 300), (300, 0)]
    assert spent_usd() == 300 * ONE_CALL_USD
    assert faults() == []


@pytest.mark.django_db(transaction=True)
def test_an_undo_races_with_the_same_undo_and_with_a_load(at: datetime) -> None:
    cast = gather()
    first, second = (planned(HEADER + ONE_CALL, at=at) for _ in range(2))
    load.load_chunk(chunk_id=first.chunks.get().pk, at=at)

    outcomes = race(
        partial(undo, first, cast, at),
        partial(undo, first, cast, at),
        partial(load.load_chunk, chunk_id=second.chunks.get().pk, at=at),
    )

    second.refresh_from_db()
    assert sum(isinstance(outcome, CannotUndo) for outcome in outcomes[:2]) == 1
    # Either the load came first and met a duplicate, or the undo did and it counts.
    assert spent_usd() == (ONE_CALL_USD if second.loaded else 0)
    assert faults() == []


@pytest.mark.django_db(transaction=True)
def test_a_part_that_was_being_read_while_its_delivery_was_undone_is_not_stored(
    at: datetime,
) -> None:
    cast = gather()
    delivery = planned(HEADER + ONE_CALL, at=at)
    chunk = delivery.chunks.get()
    Delivery.objects.filter(pk=delivery.pk).update(state=State.FAILED, rows=1, loaded=1)

    undo(delivery, cast, at)

    assert load.load_chunk(chunk_id=chunk.pk, at=at) is False
    assert not Event.objects.exists()
