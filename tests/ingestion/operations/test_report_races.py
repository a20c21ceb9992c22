"""Reports under several workers: one version counts, whoever comes first; a killed part resumes."""

import io
from datetime import datetime
from decimal import Decimal
from functools import partial

import pytest
from django.db import connection
from django.test import override_settings

from ingestion.models import Adjustment, Chunk, Delivery, ReportBucket, ReportLine, UnitDay
from ingestion.operations import load, work
from ingestion.operations.deliveries import submit_file
from ingestion.operations.plan import plan_delivery
from ingestion.operations.reports import store_report
from ingestion.operations.work import do_next
from tests.ingestion.proofs import faults
from tests.ingestion.report_source import line, report
from tests.ingestion.test_workers import Clock
from tests.org_cast import gather
from tests.races import race

pytestmark = [
    pytest.mark.usefixtures("report_sources"),
    pytest.mark.django_db(transaction=True),
]
ROUNDS = 4


def submit(content: str, *, at: datetime) -> Delivery:
    return submit_file(
        file=io.BytesIO(content.encode()),
        filename="report.csv",
        source="acme-usage",
        account="prod",
        column_map={},
        fixed_values={},
        by=None,
        at=at,
    )


def load_all(at: datetime) -> None:
    while do_next(at=at):
        pass


def spent_usd() -> Decimal:
    return sum(UnitDay.objects.values_list("cost_usd", flat=True), Decimal(0))


def states(delivery: Delivery) -> set[str]:
    return set(delivery.buckets.values_list("state", flat=True))


def test_of_two_versions_loaded_at_once_the_one_handed_in_later_counts(at: datetime) -> None:
    gather()
    for usd in range(1, ROUNDS + 1):
        pair = [
            submit(report(line(2, usd=f"{usd}.{cents}"), line(3, usd="1")), at=at)
            for cents in (25, 75)
        ]
        for delivery in pair:
            plan_delivery(delivery_id=delivery.pk, at=at)

        outcomes = race(
            *(
                partial(load.load_chunk, chunk_id=delivery.chunks.get().pk, at=at)
                for delivery in reversed(pair)
            )
        )

        assert outcomes == [True, True]
        current = ReportBucket.objects.filter(state="current", starts_at__day=2).get()
        assert current.delivery_id == pair[1].pk
        assert spent_usd() == Decimal(f"{usd}.75") + 1
        assert faults() == []


@override_settings(TOKENOPS_CHUNK_BYTES=2_000)
def test_workers_on_two_files_in_many_parts_leave_one_version(at: datetime) -> None:
    gather()
    first, second = (
        submit(report(*(line(2 + n % 9, usd=usd, project=f"p{n % 50}") for n in range(400))), at=at)
        for usd in ("0.01", "0.02")
    )

    race(*(partial(load_all, at) for _ in range(4)))
    load_all(at)

    first.refresh_from_db()
    second.refresh_from_db()
    assert first.chunks.count() > 10
    assert (first.state, second.state) == ("done", "done")
    assert first.rows == second.rows == 400
    assert (second.loaded, states(second)) == (400, {"current"})
    assert spent_usd() == Decimal(8)
    assert faults() == []


def test_a_report_overtaken_by_a_later_one_says_so_and_changes_nothing(at: datetime) -> None:
    gather()
    early, late = (submit(report(line(2, usd=usd)), at=at) for usd in ("1", "2"))
    for delivery in (early, late):
        plan_delivery(delivery_id=delivery.pk, at=at)

    load.load_chunk(chunk_id=late.chunks.get().pk, at=at)
    load.load_chunk(chunk_id=early.chunks.get().pk, at=at)

    early.refresh_from_db()
    assert (early.loaded, early.duplicate) == (0, 1)
    assert early.reason == (
        "A report that was handed in later had been loaded already: what it says stands."
        " Nothing changed: every row was loaded before."
    )
    assert spent_usd() == Decimal(2)


@override_settings(TOKENOPS_CHUNK_BYTES=200)
def test_a_worker_that_dies_between_parts_leaves_them_to_the_next(
    at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    gather()
    delivery = submit(report(*(line(2, usd="0.10", project=f"p{n}") for n in range(20))), at=at)
    died: list[int] = []

    def die_after_writing(*args: object, **more: object) -> object:
        loaded = store_report(*args, **more)  # type: ignore[arg-type]
        if len(died) < 2:
            died.append(ReportLine.objects.count())
            raise MemoryError("no room")
        return loaded

    monkeypatch.setattr(load, "store_report", die_after_writing)
    clock = Clock(at)
    while do_next(at=clock.later()):
        pass

    delivery.refresh_from_db()
    assert len(died) == 2
    assert died[0] > 0
    assert (delivery.state, delivery.rows, delivery.loaded) == ("done", 20, 20)
    assert ReportLine.objects.count() == 20
    assert spent_usd() == Decimal(2)
    assert faults() == []


@override_settings(TOKENOPS_CHUNK_BYTES=200)
def test_of_a_report_that_is_given_up_nothing_stays(
    at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    gather()
    submit(report(line(2, usd="5")), at=at)
    load_all(at)
    delivery = submit(report(*(line(2, usd="0.10", project=f"p{n}") for n in range(20))), at=at)
    plan_delivery(delivery_id=delivery.pk, at=at)
    poison = delivery.chunks.latest("number").pk

    def fail_for_poison(*, chunk_id: int, at: datetime) -> bool:
        if chunk_id == poison:
            raise MemoryError("no room")
        return load.load_chunk(chunk_id=chunk_id, at=at)

    monkeypatch.setattr(work, "load_chunk", fail_for_poison)
    clock = Clock(at)
    while do_next(at=clock.later()):
        pass

    delivery.refresh_from_db()
    assert (delivery.state, delivery.rows, delivery.loaded) == ("quarantined", 0, 0)
    assert "after 3 attempts" in delivery.reason
    assert not delivery.buckets.exists()
    assert ReportLine.objects.count() == Adjustment.objects.count() == 1
    assert spent_usd() == Decimal(5)


@override_settings(TOKENOPS_CHUNK_BYTES=200)
def test_a_part_that_comes_after_the_report_was_given_up_writes_nothing(at: datetime) -> None:
    gather()
    delivery = submit(report(*(line(2, usd="0.10", project=f"p{n}") for n in range(20))), at=at)
    plan_delivery(delivery_id=delivery.pk, at=at)
    Delivery.objects.filter(pk=delivery.pk).update(state="failed", reason="given up")

    for chunk in Chunk.objects.filter(delivery=delivery):
        load.load_chunk(chunk_id=chunk.pk, at=at)

    delivery.refresh_from_db()
    assert (delivery.state, delivery.rows, delivery.reason) == ("failed", 0, "given up")
    assert not ReportLine.objects.exists()
    assert spent_usd() == 0
    connection.close()
