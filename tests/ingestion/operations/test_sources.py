"""Changing the source of record: what counts moves from a day on, and nothing else does."""

import io
from datetime import date, datetime
from decimal import Decimal
from functools import partial

import pytest

from ingestion.models import Delivery, MeteringSource, SliceDay, SpendChange, UnitDay
from ingestion.operations.deliveries import submit_file
from ingestion.operations.load import load_chunk
from ingestion.operations.plan import plan_delivery
from ingestion.operations.rollups import PeriodClosed
from ingestion.operations.rules import RuleDraft, publish_rules
from ingestion.operations.sources import change_source
from ingestion.operations.undo import undo_delivery
from ingestion.operations.work import do_next
from org.models import AuditEntry, FiscalPeriod
from org.refusals import Invalid, NotAllowed
from tests.ingestion.conftest import Deliver
from tests.ingestion.proofs import faults
from tests.ingestion.report_source import line, report
from tests.org_cast import Cast, gather
from tests.races import race

pytestmark = pytest.mark.usefixtures("report_sources")

D = Decimal


@pytest.fixture
def two_sources(cast: Cast, deliver: Deliver, report_sources: None) -> None:
    """Two days told twice: acme-usage counts $1 and $2, acme-export tells $10 and $20."""
    for source, first, second in (("acme-usage", "1", "2"), ("acme-export", "10", "20")):
        lines = (line(2, usd=first, model=""), line(3, usd=second, model=""))
        deliver(report(*lines), source=source, account="prod")


def change(cast: Cast, at: datetime, day: int, source: str = "acme-export") -> MeteringSource:
    return change_source(
        provider="openai",
        account="prod",
        source=source,
        starts_on=date(2026, 11, day),
        reason="The export is what the invoice follows.",
        by=cast.fiona,
        at=at,
    )


def by_day(*, metered: bool) -> dict[int, Decimal]:
    rows = UnitDay.objects.filter(metered=metered)
    return dict(rows.values_list("reporting_day__day", "cost_usd"))


def records() -> list[tuple[str, int | None, int | None]]:
    rows = MeteringSource.objects.order_by("pk")
    return [
        (
            row.source,
            row.starts_on.day if row.starts_on else None,
            row.ends_on.day if row.ends_on else None,
        )
        for row in rows
    ]


@pytest.mark.usefixtures("two_sources")
def test_from_its_day_on_the_other_source_counts(cast: Cast, at: datetime) -> None:
    row = change(cast, at, 3)

    assert (row.source, row.starts_on, row.ends_on) == ("acme-export", date(2026, 11, 3), None)
    assert records() == [("acme-usage", None, 3), ("acme-export", 3, None)]
    assert by_day(metered=True) == {2: D(1), 3: D(20)}
    assert by_day(metered=False) == {2: D(10), 3: D(2)}
    assert faults() == []


@pytest.mark.usefixtures("two_sources")
def test_what_comes_later_counts_by_the_new_source(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    change(cast, at, 3)

    deliver(report(line(4, usd="4", model="")), source="acme-usage", account="prod")
    deliver(report(line(4, usd="40", model="")), source="acme-export", account="prod")

    assert by_day(metered=True) == {2: D(1), 3: D(20), 4: D(40)}
    assert faults() == []


@pytest.mark.usefixtures("two_sources")
def test_a_change_back_leaves_everything_as_it_was(cast: Cast, at: datetime) -> None:
    change(cast, at, 3)

    change(cast, at, 3, source="acme-usage")

    assert records() == [("acme-usage", None, None)]
    assert by_day(metered=True) == {2: D(1), 3: D(2)}
    assert faults() == []


@pytest.mark.usefixtures("two_sources")
def test_an_earlier_change_takes_the_place_of_a_later_one(cast: Cast, at: datetime) -> None:
    change(cast, at, 3)

    change(cast, at, 2)

    assert records() == [("acme-usage", None, 2), ("acme-export", 2, None)]
    assert by_day(metered=True) == {2: D(10), 3: D(20)}
    assert faults() == []


@pytest.mark.usefixtures("two_sources")
def test_the_source_that_stood_before_a_change_may_go_on_instead(cast: Cast, at: datetime) -> None:
    change(cast, at, 3)

    change(cast, at, 2, source="acme-usage")

    assert records() == [("acme-usage", None, None)]
    assert by_day(metered=True) == {2: D(1), 3: D(2)}
    assert faults() == []


@pytest.mark.usefixtures("two_sources")
def test_guardrails_are_told_whose_spend_moved(cast: Cast, at: datetime) -> None:
    publish_rules(
        drafts=[RuleDraft("all", {}, cast.support.pk)], reason="first", by=cast.fiona, at=at
    )
    before = SpendChange.objects.count()

    change(cast, at, 3)

    assert SpendChange.objects.count() == before + 1
    assert SpendChange.objects.latest("pk").unit_ids == [cast.support.pk]
    assert faults() == []


@pytest.mark.usefixtures("two_sources")
def test_a_change_for_days_to_come_moves_nothing_yet(cast: Cast, at: datetime) -> None:
    before = SpendChange.objects.count()

    change(cast, at, 25)

    assert by_day(metered=True) == {2: D(1), 3: D(2)}
    assert SpendChange.objects.count() == before


@pytest.mark.usefixtures("two_sources")
def test_another_account_of_the_same_sources_stays_as_it_is(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    deliver(report(line(5, usd="5", model="")), source="acme-usage", account="test")
    deliver(report(line(5, usd="50", model="")), source="acme-export", account="test")

    change(cast, at, 2)

    assert by_day(metered=True) == {2: D(10), 3: D(20), 5: D(5)}


@pytest.mark.usefixtures("two_sources")
def test_a_cost_report_may_be_made_the_meter(cast: Cast, deliver: Deliver, at: datetime) -> None:
    deliver(report(line(3, usd="7", model="")), source="acme-costs", account="prod")

    change(cast, at, 3, source="acme-costs")

    assert by_day(metered=True) == {2: D(1), 3: D(7)}
    assert faults() == []


@pytest.mark.usefixtures("two_sources")
def test_an_undo_after_a_change_takes_back_what_counts_now(cast: Cast, at: datetime) -> None:
    change(cast, at, 3)
    export = Delivery.objects.get(source="acme-export")

    undo_delivery(delivery_id=export.pk, reason="Wrong.", by=cast.fiona, at=at)

    assert (by_day(metered=True), by_day(metered=False)) == ({2: D(1)}, {3: D(2)})
    assert faults() == []


@pytest.mark.usefixtures("two_sources")
def test_a_change_stands_in_the_audit_log(cast: Cast, at: datetime) -> None:
    change(cast, at, 3)

    entry = AuditEntry.objects.get(action="metering.change")
    assert (entry.actor, entry.subject) == (cast.fiona, "account:openai/prod")
    assert entry.detail == {
        "source": "acme-export",
        "from": "2026-11-03",
        "reason": "The export is what the invoice follows.",
    }


@pytest.mark.usefixtures("two_sources")
def test_a_closed_period_is_refused_and_nothing_changes(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    deliver(report(line(33, usd="9", model="")), source="acme-export", account="prod")  # 3 December
    december = FiscalPeriod.objects.containing(date(2026, 12, 3))
    december.update(state="closed")

    for day in (date(2026, 11, 3), date(2026, 12, 3)):
        with pytest.raises(PeriodClosed, match="is closed: its figures cannot change"):
            change_source(
                provider="openai",
                account="prod",
                source="acme-export",
                starts_on=day,
                reason="x",
                by=cast.fiona,
                at=at,
            )

    assert records() == [("acme-usage", None, None)]
    assert SliceDay.objects.filter(metered=True).count() == 2
    assert faults() == []


@pytest.mark.usefixtures("two_sources")
def test_what_makes_no_sense_is_refused_in_words(cast: Cast, at: datetime) -> None:
    with pytest.raises(Invalid, match="“acme-usage” is the source of record on that day already"):
        change(cast, at, 3, source="acme-usage")
    with pytest.raises(Invalid, match="“litellm” has told nothing of openai/prod yet"):
        change(cast, at, 3, source="litellm")
    for reason in (" ", "x" * 501):
        with pytest.raises(Invalid):
            change_source(
                provider="openai",
                account="prod",
                source="acme-export",
                starts_on=date(2026, 11, 3),
                reason=reason,
                by=cast.fiona,
                at=at,
            )
    for person in (cast.ed, cast.carl, cast.grace, cast.aud, cast.stan):
        with pytest.raises(NotAllowed):
            change_source(
                provider="openai",
                account="prod",
                source="acme-export",
                starts_on=date(2026, 11, 3),
                reason="x",
                by=person,
                at=at,
            )


@pytest.mark.usefixtures("two_sources")
def test_a_mark_that_was_tampered_with_is_found(cast: Cast) -> None:
    SliceDay.objects.filter(slice__source="acme-export").update(metered=True)

    assert any("the source of record says otherwise" in fault for fault in faults())


@pytest.mark.django_db(transaction=True)
def test_loads_that_race_with_changes_are_marked_by_what_holds_in_the_end(at: datetime) -> None:
    cast = gather()
    for source, usd in (("acme-usage", "1"), ("acme-export", "10")):
        planned(report(line(2, usd=usd, model="")), source=source, at=at)
    while do_next(at=at):
        pass
    waiting = [
        planned(report(line(day, usd="3", model="")), source=source, at=at)
        for source in ("acme-usage", "acme-export")
        for day in (3, 4)
    ]

    outcomes = race(
        partial(change, cast, at, 3),
        *(partial(load_chunk, chunk_id=item.chunks.get().pk, at=at) for item in waiting),
        partial(change, cast, at, 4, source="acme-usage"),
    )

    assert [outcome for outcome in outcomes if outcome is True] == [True] * 4
    assert sum(by_day(metered=True).values()) == D(7)
    assert faults() == []


def planned(content: str, *, source: str, at: datetime) -> Delivery:
    delivery = submit_file(
        file=io.BytesIO(content.encode()),
        filename="report.csv",
        source=source,
        account="prod",
        column_map={},
        fixed_values={},
        by=None,
        at=at,
    )
    plan_delivery(delivery_id=delivery.pk, at=at)
    return delivery
