"""What a delivery becomes: events once each, rollups that equal them, counts that add up."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from ingestion.models import (
    Conflict,
    CostStatus,
    Delivery,
    Event,
    MeteringSource,
    Reject,
    Slice,
    SliceDay,
    UnitDay,
)
from ingestion.operations.rules import RuleDraft, publish_rules
from ingestion.queries import proof
from org.models import FiscalPeriod
from tests.ingestion.conftest import Deliver
from tests.org_cast import Cast

HEADER = "id,started_at,provider,model,workflow,in_text,in_cache_read,out_text\n"
# gpt-4o: $2.50 in, $1.25 cached, $10 out a million tokens:
# 1,000 · 2.5 + 400 · 1.25 + 100 · 10 = 4,000 millionths of a dollar.
ONE_CALL = "r1,2026-11-19T10:00:00Z,openai,gpt-4o,drafter,1000,400,100\n"
ONE_CALL_USD = Decimal("0.004")


def test_a_call_is_rated_by_the_dated_price_book(cast: Cast, deliver: Deliver) -> None:
    delivery = deliver(HEADER + ONE_CALL)

    event = Event.objects.get()
    assert delivery.state == Delivery.State.DONE
    assert (delivery.rows, delivery.loaded, delivery.usd) == (1, 1, ONE_CALL_USD)
    assert event.cost_pico == 4_000_000_000
    assert event.status == CostStatus.ESTIMATED
    assert event.utc_day == date(2026, 11, 19)


def test_the_same_file_again_changes_nothing_and_says_so(cast: Cast, deliver: Deliver) -> None:
    deliver(HEADER + ONE_CALL)

    again = deliver(HEADER + ONE_CALL, filename="other-name.csv")

    assert (again.rows, again.loaded, again.duplicate) == (1, 0, 1)
    assert again.reason == "Nothing changed: every row was loaded before."
    assert Event.objects.count() == 1


def test_a_row_twice_in_one_file_is_counted_once(cast: Cast, deliver: Deliver) -> None:
    delivery = deliver(HEADER + ONE_CALL + ONE_CALL)

    assert (delivery.rows, delivery.loaded, delivery.duplicate) == (2, 1, 1)
    assert SliceDay.objects.get().calls == 1


def test_an_id_with_other_content_is_a_conflict_that_is_kept_and_not_counted(
    cast: Cast, deliver: Deliver
) -> None:
    deliver(HEADER + ONE_CALL)

    other = deliver(HEADER + ONE_CALL.replace("1000", "2000"))

    conflict = Conflict.objects.get()
    assert (other.rows, other.loaded, other.duplicate, other.conflict) == (1, 0, 0, 1)
    assert (conflict.first_cost_pico, conflict.cost_pico) == (4_000_000_000, 6_500_000_000)
    assert SliceDay.objects.get().cost_usd == ONE_CALL_USD


@pytest.mark.parametrize("day", ["2026-11-18", "2026-11-20"])
def test_an_id_that_comes_back_a_day_off_is_a_conflict(
    cast: Cast, deliver: Deliver, day: str
) -> None:
    deliver(HEADER + ONE_CALL)

    moved = deliver(HEADER + ONE_CALL.replace("2026-11-19", day))

    assert (moved.loaded, moved.conflict) == (0, 1)
    assert Event.objects.count() == 1


def test_an_unknown_model_is_unpriced_and_never_zero(cast: Cast, deliver: Deliver) -> None:
    delivery = deliver(HEADER + ONE_CALL.replace("gpt-4o", "gpt-99-imaginary"))

    event = Event.objects.get()
    day = UnitDay.objects.get()
    assert (delivery.unpriced, delivery.usd) == (1, Decimal(0))
    assert (event.cost_pico, event.status) == (None, CostStatus.UNPRICED)
    assert (day.status, day.calls, day.in_tokens) == (CostStatus.UNPRICED, 1, 1400)


def test_what_the_provider_states_outranks_the_price_book(cast: Cast, deliver: Deliver) -> None:
    deliver(HEADER.strip() + ",cost_usd\n" + ONE_CALL.strip() + ",0.00312500\n")

    event = Event.objects.get()
    day = SliceDay.objects.get()
    assert (event.cost_pico, event.stated_usd) == (3_125_000_000, "0.00312500")
    assert (day.status, day.cost_usd) == (CostStatus.STATED, Decimal("0.003125"))
    assert day.list_usd == ONE_CALL_USD


def test_a_call_late_in_the_evening_belongs_to_the_companys_next_day(
    cast_in_berlin: Cast, deliver: Deliver
) -> None:
    deliver(HEADER + ONE_CALL.replace("T10:00:00Z", "T23:30:00Z"))

    day = SliceDay.objects.get()
    assert (day.utc_day, day.reporting_day) == (date(2026, 11, 19), date(2026, 11, 20))


def test_a_row_that_cannot_be_used_names_line_and_field_and_the_rest_is_loaded(
    cast: Cast, deliver: Deliver
) -> None:
    delivery = deliver(HEADER + ONE_CALL + ONE_CALL.replace("r1", "r2").replace("1000", "many"))

    reject = Reject.objects.get()
    assert (delivery.state, delivery.loaded, delivery.rejected) == (Delivery.State.DONE, 1, 1)
    assert (reject.line, reject.field) == (3, "in_text")
    assert "many" in reject.reason


def test_a_file_without_a_needed_column_is_refused_whole(cast: Cast, deliver: Deliver) -> None:
    delivery = deliver("id,provider,model,in_text\nr1,openai,gpt-4o,5\n")

    assert delivery.state == Delivery.State.FAILED
    assert "started_at" in delivery.reason
    assert not Event.objects.exists()


def test_equal_rows_without_ids_stay_apart_and_are_known_again(
    cast: Cast, deliver: Deliver
) -> None:
    rows = "T,I,O\n" + "2026-11-19 10:00:00,10,5\n" * 3
    mapping = {"started_at": "T", "in_text": "I", "out_text": "O"}
    fixed = {"provider": "openai", "model": "gpt-4o"}

    first = deliver(rows, source="csv", column_map=mapping, fixed_values=fixed)
    again = deliver(rows, source="csv", column_map=mapping, fixed_values=fixed, filename="b.csv")

    assert (first.loaded, again.loaded, again.duplicate) == (3, 0, 3)


def test_spend_falls_to_the_unit_whose_rule_matches_first(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    publish_rules(
        drafts=[
            RuleDraft("drafter", {"workflow": "draft*"}, cast.support.pk),
            RuleDraft("all", {}, cast.claims.pk),
        ],
        reason="first",
        by=cast.fiona,
        at=at,
    )

    deliver(HEADER + ONE_CALL)

    assert UnitDay.objects.get().unit == cast.support


def test_without_a_rule_spend_is_unallocated(cast: Cast, deliver: Deliver) -> None:
    deliver(HEADER + ONE_CALL)

    assert UnitDay.objects.get().unit is None


def test_a_new_rule_moves_what_was_spent_from_its_day_on(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    deliver(HEADER + ONE_CALL + ONE_CALL.replace("r1", "r2").replace("11-19", "11-10"))

    publish_rules(
        drafts=[RuleDraft("drafter", {}, cast.support.pk, starts_on=date(2026, 11, 15))],
        reason="from mid-month",
        by=cast.fiona,
        at=at,
    )

    units = dict(UnitDay.objects.values_list("reporting_day", "unit"))
    assert units == {date(2026, 11, 10): None, date(2026, 11, 19): cast.support.pk}


def test_a_second_source_of_the_same_account_never_adds_up(cast: Cast, deliver: Deliver) -> None:
    deliver(HEADER + ONE_CALL, account="prod")
    deliver(
        "T,I\n2026-11-19 10:00:00,1000\n",
        source="csv",
        account="prod",
        column_map={"started_at": "T", "in_text": "I"},
        fixed_values={"provider": "openai", "model": "gpt-4o"},
    )

    metered = dict(UnitDay.objects.values_list("metered", "cost_usd"))
    assert MeteringSource.objects.get().source == "tokenops"
    assert metered == {True: ONE_CALL_USD, False: Decimal("0.0025")}


def test_free_tags_stay_with_the_call_and_registered_ones_make_slices(
    cast: Cast, deliver: Deliver
) -> None:
    row = ONE_CALL.strip()
    deliver(HEADER.strip() + ",tags.team,tags.ticket\n" + f"{row},cx,T-1\n")

    assert Slice.objects.get().tags == {"team": "cx"}
    assert Event.objects.get().tags == {"team": "cx", "ticket": "T-1"}


def test_the_ledger_proves_itself(cast: Cast, deliver: Deliver) -> None:
    deliver(HEADER + ONE_CALL + ONE_CALL.replace("r1", "r2").replace("gpt-4o", "nope"))
    deliver(HEADER + ONE_CALL)

    assert proof.rollups_equal_detail() is None
    assert proof.unit_days_equal_slice_days() is None
    assert proof.units_and_unallocated_equal_total() is None
    assert proof.assignments_cover_all_days() is None
    assert proof.deliveries_equal_events() is None


def test_a_rollup_that_was_tampered_with_is_found(cast: Cast, deliver: Deliver) -> None:
    deliver(HEADER + ONE_CALL)

    SliceDay.objects.update(cost_usd=Decimal("0.005"))

    assert "0.004" in str(proof.rollups_equal_detail())
    assert "off by" in str(proof.unit_days_equal_slice_days())
    assert "are not the total" in str(proof.units_and_unallocated_equal_total())


def test_events_can_be_added_and_read_but_never_changed(cast: Cast, deliver: Deliver) -> None:
    deliver(HEADER + ONE_CALL)

    for statement in ("UPDATE ingestion_event SET cost_pico = 1", "DELETE FROM ingestion_event"):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            connection.cursor().execute(statement)


def test_a_closed_period_cannot_change(cast: Cast, deliver: Deliver) -> None:
    deliver(HEADER + ONE_CALL)
    FiscalPeriod.objects.containing(date(2026, 11, 19)).update(state="closed")

    with pytest.raises(IntegrityError, match="is closed"), transaction.atomic():
        SliceDay.objects.update(calls=2)


def test_usage_that_arrives_before_the_company_is_set_up_makes_one(
    db: None, deliver: Deliver
) -> None:
    delivery = deliver(HEADER + ONE_CALL)

    assert delivery.loaded == 1
    assert UnitDay.objects.get().reporting_day == date(2026, 11, 19)


def test_a_microsecond_is_kept(cast: Cast, deliver: Deliver) -> None:
    deliver(HEADER + ONE_CALL.replace("10:00:00Z", "10:00:00.123456Z"))

    assert Event.objects.get().started_at == datetime(2026, 11, 19, 10, 0, 0, 123456, tzinfo=UTC)


# Sonnet 4.6: $3 in, $15 out; Opus 4.8: $5 in, $25 out.
SEVERAL_RUNS = (
    '{"id":"msg_9","type":"message","model":"claude-sonnet-4-6","usage":{"input_tokens":220,'
    '"output_tokens":121,"iterations":['
    '{"type":"message","input_tokens":100,"output_tokens":110},'
    '{"type":"advisor_message","model":"claude-opus-4-8","input_tokens":55196,"output_tokens":22},'
    '{"type":"message","input_tokens":120,"output_tokens":11}]}}\n'
)


def test_each_run_of_an_answer_is_rated_at_its_own_model_and_the_call_counts_once(
    cast: Cast, deliver: Deliver
) -> None:
    when = {"started_at": "2026-11-19T10:00:00Z"}

    first = deliver(SEVERAL_RUNS, source="responses", fixed_values=when)
    again = deliver(SEVERAL_RUNS + "\n", source="responses", fixed_values=when)

    # 100 · 3 + 110 · 15, 55,196 · 5 + 22 · 25 and 120 · 3 + 11 · 15 millionths of a dollar
    costs = Event.objects.order_by("cost_pico").values_list("cost_pico", flat=True)
    assert list(costs) == [525_000_000, 1_950_000_000, 276_530_000_000]
    assert (first.loaded, again.loaded, again.duplicate) == (3, 0, 3)
    assert sum(SliceDay.objects.values_list("requests", flat=True)) == 1


def test_without_an_account_reports_of_the_same_money_share_theirs(
    cast: Cast, deliver: Deliver
) -> None:
    page = '{"object":"page","data":[],"has_more":false}'

    assert deliver(page, source="openai-costs").account == "openai"
    assert deliver(HEADER + ONE_CALL).account == "tokenops"


def test_rows_that_come_long_after_their_day_are_counted_as_late(
    cast: Cast, deliver: Deliver
) -> None:
    days = {"today": "20", "third": "17", "fourth": "16", "early": "01"}
    rows = "".join(
        f"{name},2026-11-{day}T10:00:00Z,openai,gpt-4o,1000000,\n" for name, day in days.items()
    )
    # 35 days back is late, 36 days back is history that somebody loads.
    rows += "month,2026-10-16T10:00:00Z,openai,gpt-4o,1000000,\n"
    rows += "history,2026-10-15T10:00:00Z,openai,gpt-4o,1000000,\n"

    delivery = deliver("id,started_at,provider,model,in_text,out_text\n" + rows)
    again = deliver("id,started_at,provider,model,in_text,out_text\n" + rows, filename="b.csv")

    assert (delivery.loaded, delivery.late, delivery.late_usd) == (6, 3, Decimal("7.50"))
    assert (again.duplicate, again.late, again.late_usd) == (6, 0, Decimal(0))
