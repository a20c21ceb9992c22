"""A bucketed report: versions that replace each other whole, and what is booked of them."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import override_settings

from ingestion.models import (
    Adjustment,
    CostStatus,
    Delivery,
    MeteringSource,
    ReportBucket,
    ReportLine,
    SliceDay,
    SpendChange,
    UnitDay,
)
from ingestion.operations.slices import ATTRIBUTES
from org.models import FiscalPeriod
from tests.ingestion.conftest import Deliver
from tests.ingestion.proofs import faults
from tests.ingestion.report_source import line, report
from tests.org_cast import Cast

pytestmark = pytest.mark.usefixtures("report_sources")

State = ReportBucket.State
D = Decimal


def counts(delivery: Delivery) -> tuple[str, int, int, int, int]:
    return (
        delivery.state,
        delivery.rows,
        delivery.loaded,
        delivery.duplicate,
        delivery.rejected,
    )


def spent_by_day(*, metered: bool = True) -> dict[int, Decimal]:
    days = UnitDay.objects.filter(metered=metered).order_by("reporting_day")
    found: dict[int, Decimal] = {}
    for day in days:
        found[day.reporting_day.day] = found.get(day.reporting_day.day, D(0)) + day.cost_usd
    return found


def versions() -> list[tuple[int, int | None, str]]:
    rows = ReportBucket.objects.order_by("starts_at", "pk")
    return [(row.starts_at.day, row.version, row.state) for row in rows]


def test_usage_of_a_report_is_booked_as_what_it_states(cast: Cast, deliver: Deliver) -> None:
    delivery = deliver(
        report(line(2, usd="1.50", tokens=(1000, 100), requests=7), line(3, usd="2.25")),
        source="acme-usage",
        account="prod",
    )

    day = SliceDay.objects.get(utc_day=date(2026, 11, 2))
    assert counts(delivery) == ("done", 2, 2, 0, 0)
    assert (delivery.usd, delivery.unpriced) == (D("3.75"), 0)
    tokens = SliceDay.objects.values_list("calls", "requests", "in_text", "out_text").get(pk=day.pk)
    assert tokens == (7, 7, 1000, 100)
    assert (day.cost_usd, day.status, day.metered) == (D("1.50"), CostStatus.STATED, True)
    # The list: 1,000 · $2.50 and 100 · $10 a million.
    assert day.list_usd == D("0.0035")
    assert spent_by_day() == {2: D("1.50"), 3: D("2.25")}
    assert SpendChange.objects.count() == 1
    assert faults() == []


def test_what_states_no_cost_is_rated_by_the_price_book(cast: Cast, deliver: Deliver) -> None:
    delivery = deliver(
        report(line(2, tokens=(2_000_000, 1_000_000), requests=40)), source="acme-usage"
    )

    told = ReportLine.objects.get()
    # 2 · $2.50 + 1 · $10
    assert (told.cost_usd, told.list_usd, told.stated_usd) == (D(15), D(15), None)
    assert (told.status, delivery.usd) == (CostStatus.ESTIMATED, D(15))


def test_a_sum_of_calls_is_never_priced_as_one_long_call(cast: Cast, deliver: Deliver) -> None:
    # gemini-2.5-pro: $1.25 a million in, and $2.50 for calls of more than 200,000 tokens.
    deliver(
        report(line(2, model="gemini-2.5-pro", provider="google", tokens=(1_000_000, 0))),
        source="acme-usage",
    )

    assert ReportLine.objects.get().cost_usd == D("1.25")


def test_a_line_without_a_price_is_unpriced_and_seen(cast: Cast, deliver: Deliver) -> None:
    delivery = deliver(
        report(
            line(2, model="gpt-99-imaginary", tokens=(10, 5)),
            line(2, model="gpt-4o", quantity="12", project="searches"),
        ),
        source="acme-usage",
    )

    days = UnitDay.objects.order_by("model").values_list("model", "status", "calls", "cost_usd")
    assert list(ReportLine.objects.values_list("cost_usd")) == [(None,), (None,)]
    assert delivery.unpriced == 2
    assert list(days) == [("gpt-4o", 0, 1, D(0)), ("gpt-99-imaginary", 0, 1, D(0))]
    assert faults() == []


def test_a_credit_is_negative_usage_where_the_provider_says_so(
    cast: Cast, deliver: Deliver
) -> None:
    deliver(report(line(2, usd="5"), line(2, usd="-1.25", model="")), source="acme-usage")

    assert spent_by_day() == {2: D("3.75")}


def test_only_usage_is_spend_of_units(cast: Cast, deliver: Deliver) -> None:
    delivery = deliver(
        report(
            line(2, usd="5", billed="5.50"),
            line(2, billed="0.45", category="tax"),
            line(2, billed="-2", category="credit"),
        ),
        source="acme-usage",
    )

    assert (delivery.loaded, delivery.usd, delivery.unpriced) == (3, D(5), 0)
    assert spent_by_day() == {2: D(5)}
    billed = ReportLine.objects.order_by("line").values_list("billed_usd", flat=True)
    assert list(billed) == [D("5.50"), D("0.45"), D(-2)]


def test_a_later_version_replaces_the_whole_bucket_vanished_lines_included(
    cast: Cast, deliver: Deliver
) -> None:
    deliver(
        report(line(2, usd="1"), line(2, usd="4", project="b"), line(3, usd="2")),
        source="acme-usage",
    )

    later = deliver(report(line(2, usd="3"), line(3, usd="2")), source="acme-usage")

    assert counts(later) == ("done", 2, 1, 1, 0)
    assert later.usd == D(3)
    assert spent_by_day() == {2: D(3), 3: D(2)}
    assert versions() == [
        (2, 1, State.SUPERSEDED),
        (2, 2, State.CURRENT),
        (3, 1, State.CURRENT),
        (3, None, State.UNCHANGED),
    ]
    assert faults() == []


def test_what_is_booked_of_a_delivery_is_what_its_current_lines_say(
    cast: Cast, deliver: Deliver
) -> None:
    first = deliver(report(line(2, usd="1"), line(3, usd="2")), source="acme-usage")

    second = deliver(report(line(2, usd="3")), source="acme-usage")

    booked = Adjustment.objects.order_by("pk").values_list("delivery", "cost_usd", "cause")
    assert list(booked) == [
        (first.pk, D(1), "reported"),
        (first.pk, D(2), "reported"),
        (first.pk, D(-1), f"superseded by import {second.pk}"),
        (second.pk, D(3), "reported"),
    ]


def test_the_same_report_again_changes_nothing_and_says_so(cast: Cast, deliver: Deliver) -> None:
    lines = (line(2, usd="1", project="a"), line(2, usd="2", project="b"))
    deliver(report(*lines), source="acme-usage")

    again = deliver(report(*reversed(lines)), source="acme-usage", filename="b.csv")

    assert counts(again) == ("done", 2, 0, 2, 0)
    assert again.reason == "Nothing changed: every row was loaded before."
    assert (ReportLine.objects.count(), Adjustment.objects.count()) == (2, 2)
    assert SpendChange.objects.count() == 1


def test_equal_lines_of_one_bucket_all_count(cast: Cast, deliver: Deliver) -> None:
    deliver(report(line(2, usd="1"), line(2, usd="1")), source="acme-usage")

    assert spent_by_day() == {2: D(2)}
    assert faults() == []


def test_a_bucket_that_is_named_without_lines_says_that_nothing_was_used(
    cast: Cast, deliver: Deliver
) -> None:
    deliver(report(line(2, usd="1")), source="acme-usage")

    empty = deliver(report(line(2, provider="nothing")), source="acme-usage")

    assert counts(empty) == ("done", 0, 0, 0, 0)
    assert spent_by_day() == {}
    assert versions() == [(2, 1, State.SUPERSEDED), (2, 2, State.CURRENT)]
    assert faults() == []


def test_an_incomplete_report_adds_what_is_new_and_replaces_nothing(
    cast: Cast, deliver: Deliver
) -> None:
    deliver(report(line(2, usd="1")), source="acme-usage")

    part = deliver(
        report(line(2, usd="9"), line(3, usd="2"), line(3, provider="more")), source="acme-usage"
    )

    assert counts(part) == ("done", 2, 1, 1, 0)
    assert part.reason == (
        "The report has further pages: days known before were left as they were."
    )
    assert spent_by_day() == {2: D(1), 3: D(2)}
    assert faults() == []


def test_rows_that_are_none_of_ours_are_told_and_not_counted(cast: Cast, deliver: Deliver) -> None:
    machines = [line(2, provider="machine")] * 1_204

    delivery = deliver(report(line(2, usd="1"), *machines), source="acme-usage")

    assert counts(delivery) == ("done", 1, 1, 0, 0)
    assert delivery.reason == "1,204 rows are not about AI models and were left out."


def test_a_line_that_cannot_be_read_is_rejected_and_the_rest_counts(
    cast: Cast, deliver: Deliver
) -> None:
    delivery = deliver(report(line(2, usd="1"), line(2, usd="1,5x")), source="acme-usage")
    broken = deliver(report(line(3, usd="1"), line(3, usd="dear")), source="acme-usage")

    assert counts(delivery) == ("done", 2, 1, 0, 1)
    assert counts(broken) == ("done", 2, 1, 0, 1)
    assert spent_by_day() == {2: D(1), 3: D(1)}


@override_settings(TOKENOPS_CHUNK_BYTES=200)
def test_a_file_in_many_parts_is_one_version(cast: Cast, deliver: Deliver) -> None:
    lines = [line(2 + n % 2, usd="0.10", project=f"p{n}") for n in range(40)]

    delivery = deliver(report(*lines), source="acme-usage")
    again = deliver(report(*reversed(lines)), source="acme-usage")

    assert delivery.chunks.count() > 5
    assert counts(delivery) == ("done", 40, 40, 0, 0)
    assert counts(again) == ("done", 40, 0, 40, 0)
    assert spent_by_day() == {2: D(2), 3: D(2)}
    assert ReportLine.objects.count() == 40
    assert faults() == []


@override_settings(TOKENOPS_CHUNK_BYTES=200)
def test_a_page_missing_anywhere_makes_the_whole_report_incomplete(
    cast: Cast, deliver: Deliver
) -> None:
    deliver(report(line(2, usd="1")), source="acme-usage")
    lines = [line(2, usd="0.10", project=f"p{n}") for n in range(20)]

    deliver(report(line(2, provider="more"), *lines), source="acme-usage")

    assert spent_by_day() == {2: D(1)}


def test_a_report_beside_the_meter_is_kept_and_never_adds_up(cast: Cast, deliver: Deliver) -> None:
    deliver(report(line(2, usd="1")), source="acme-usage", account="prod")

    deliver(report(line(2, usd="9")), source="acme-export", account="prod")

    assert MeteringSource.objects.get().source == "acme-usage"
    assert spent_by_day() == {2: D(1)}
    assert spent_by_day(metered=False) == {2: D(9)}
    assert faults() == []


def test_a_cost_report_meters_nobody_by_itself(cast: Cast, deliver: Deliver) -> None:
    deliver(report(line(2, usd="9")), source="acme-costs", account="prod")
    deliver(report(line(2, usd="1")), source="acme-usage", account="prod")

    assert MeteringSource.objects.get().source == "acme-usage"
    assert (spent_by_day(), spent_by_day(metered=False)) == ({2: D(1)}, {2: D(9)})


def test_a_closed_period_refuses_the_report_whole(cast: Cast, deliver: Deliver) -> None:
    deliver(report(line(2, usd="1")), source="acme-usage")
    FiscalPeriod.objects.containing(date(2026, 11, 2)).update(state="closed")

    late = deliver(report(line(2, usd="3")), source="acme-usage")

    label = FiscalPeriod.objects.containing(date(2026, 11, 2)).get().label
    assert counts(late) == ("failed", 0, 0, 0, 0)
    assert late.reason == f"Period {label} is closed: its figures cannot change."
    assert versions() == [(2, 1, State.CURRENT)]
    assert ReportLine.objects.count() == 1
    assert faults() == []


def test_a_report_that_changes_nothing_may_speak_of_a_closed_period(
    cast: Cast, deliver: Deliver
) -> None:
    deliver(report(line(2, usd="1")), source="acme-usage")
    FiscalPeriod.objects.containing(date(2026, 11, 2)).update(state="closed")

    again = deliver(report(line(2, usd="1")), source="acme-usage")

    assert counts(again) == ("done", 1, 0, 1, 0)


def test_buckets_of_another_length_would_count_twice_and_are_refused(
    cast: Cast, deliver: Deliver
) -> None:
    daily = deliver(report(line(2, usd="1")), source="acme-usage")

    hourly = deliver(report(line(2, usd="0.50", hours=(3, 4))), source="acme-usage")
    of_another = deliver(
        report(line(2, usd="0.25", provider="google", hours=(3, 4))), source="acme-usage"
    )

    assert counts(hourly) == ("failed", 0, 0, 0, 0)
    assert hourly.reason == (
        "The bucket 2026-11-02 03:00 to 2026-11-02 04:00 UTC overlaps 2026-11-02 00:00 to"
        f" 2026-11-03 00:00 UTC, which import {daily.pk} brought: the same usage would count"
        f" twice. Undo import {daily.pk} first."
    )
    assert of_another.state == "done"
    assert spent_by_day() == {2: D("1.25")}


@pytest.mark.parametrize(("zone", "day"), [("America/New_York", 2), ("Pacific/Auckland", 3)])
def test_a_day_of_utc_is_booked_to_the_companys_day_that_holds_most_of_it(
    cast: Cast, deliver: Deliver, zone: str, day: int
) -> None:
    cast.company.time_zone = zone
    cast.company.save()

    deliver(report(line(2, usd="1")), source="acme-usage")

    assert spent_by_day() == {day: D(1)}


def test_an_hour_is_booked_to_the_day_it_begins_in(cast: Cast, deliver: Deliver) -> None:
    cast.company.time_zone = "America/New_York"
    cast.company.save()

    # Four in the morning of the 2nd is eleven in the evening of the 1st.
    deliver(report(line(2, usd="1", hours=(4, 5))), source="acme-usage")

    assert spent_by_day() == {1: D(1)}


def test_lines_that_counted_cannot_be_changed_added_to_or_taken_away(
    cast: Cast, deliver: Deliver
) -> None:
    deliver(report(line(2, usd="1")), source="acme-usage")
    for statement in (
        "UPDATE ingestion_reportline SET cost_usd = 2",
        "DELETE FROM ingestion_reportline",
        "UPDATE ingestion_reportbucket SET line_count = 2",
        "UPDATE ingestion_reportbucket SET version = NULL, state = 'building'",
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            connection.cursor().execute(statement)
    told = ReportLine.objects.get()
    told.pk = None
    with pytest.raises(DatabaseError), transaction.atomic():
        told.save(force_insert=True)


def test_a_line_says_who_used_it(cast: Cast, deliver: Deliver) -> None:
    deliver(report(line(2, usd="1", project="web")), source="acme-usage", account="prod")

    told = ReportLine.objects.select_related("slice").get()
    found = {name: getattr(told.slice, name) for name in ATTRIBUTES}
    assert {name: value for name, value in found.items() if value} == {
        "source": "acme-usage",
        "provider": "openai",
        "account": "prod",
        "model": "gpt-4o",
        "project": "web",
    }
    assert told.started_at == datetime(2026, 11, 2, tzinfo=UTC)


def test_a_tampered_booking_is_found(cast: Cast, deliver: Deliver) -> None:
    delivery = deliver(report(line(2, usd="1")), source="acme-usage")
    adjustment = Adjustment.objects.get()

    Adjustment.objects.create(
        reporting_day=adjustment.reporting_day,
        utc_day=adjustment.utc_day,
        slice=adjustment.slice,
        status=adjustment.status,
        kind="report",
        cause="made up",
        delivery=delivery,
        cost_usd=D("0.10"),
        recorded_at=adjustment.recorded_at,
    )

    assert len(faults()) == 2
