"""Pulling end to end: whole or not at all, changed history superseded, calls counted once."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from ingestion import tasks
from ingestion.connectors.registry import KINDS, can_load, kind_named
from ingestion.models import Connector, Delivery, Event, Pull
from ingestion.models.connectors import BUCKETED
from ingestion.operations import pulls
from ingestion.operations.connectors import ask_for_pull, pause_connector, resume_connector
from ingestion.operations.fetching import pull_next
from ingestion.operations.pulls import LEASE, Overtaken, claim_next, open_due_pulls, renew
from ingestion.queries import proof
from ingestion.queries.connectors import standing_of
from tests.factories.connectors import new_connector, new_pull
from tests.fakes.provider import (
    ACTIVITY,
    CALLS,
    COST_REPORT,
    COSTS,
    MESSAGES,
    USAGE,
    FakeProvider,
    Fault,
)
from tests.ingestion.operations.conftest import Beat
from tests.ingestion.operations.statements import lines, stated_usd, versions
from tests.org_cast import Cast, gather
from tests.races import race

DAY = timedelta(days=1)


def cost(usd: str, item: str = "gpt-5, input") -> dict[str, Any]:
    return {
        "object": "organization.costs.result",
        "amount": {"value": usd, "currency": "usd"},
        "line_item": item,
        "project_id": "proj_1",
    }


@pytest.fixture
def costs(cast: Cast, provider: FakeProvider) -> Connector:
    return new_connector(by=cast.fiona, config={"address": provider.url})


def test_a_connector_pulls_loads_and_is_ok(
    costs: Connector, provider: FakeProvider, beat: Beat
) -> None:
    provider.results(COSTS, date(2026, 11, 19), cost("1.25"), cost("0.50", "gpt-5, output"))

    assert beat.turn() == 1

    pull, delivery = Pull.objects.get(), Delivery.objects.get()
    costs.refresh_from_db()
    assert (pull.state, pull.reason, pull.pieces) == (Pull.State.DONE, "", 1)
    assert list(pull.deliveries.all()) == [delivery]
    assert (delivery.source, delivery.account, delivery.state) == ("openai-costs", "main", "done")
    assert delivery.filename == "openai-costs 2026-10-16 to 2026-11-20.json"
    assert stated_usd() == Decimal("1.75")
    assert costs.watermark == pull.ends_at == beat.now
    assert standing_of(costs, at=beat.now).state == "OK"


def test_a_pull_covers_the_trailing_days_and_everything_since_the_last(
    costs: Connector, provider: FakeProvider, beat: Beat
) -> None:
    beat.turn()
    beat.turn(DAY)
    beat.turn(60 * DAY)

    windows = [(p.starts_at, p.ends_at) for p in Pull.objects.order_by("pk")]
    assert windows == [
        # 35 days before 20 and 21 November; then from the last good pull.
        (datetime(2026, 10, 16, tzinfo=UTC), datetime(2026, 11, 20, 12, 0, tzinfo=UTC)),
        (datetime(2026, 10, 17, tzinfo=UTC), datetime(2026, 11, 21, 12, 0, tzinfo=UTC)),
        (datetime(2026, 11, 21, 12, 0, tzinfo=UTC), datetime(2027, 1, 20, 12, 0, tzinfo=UTC)),
    ]


def test_the_first_pull_begins_on_the_day_that_was_asked_for(
    costs: Connector, provider: FakeProvider, beat: Beat
) -> None:
    Connector.objects.update(since_on=date(2026, 1, 1))
    provider.results(COSTS, date(2026, 1, 2), cost("3"))

    beat.turn()

    assert Pull.objects.get().starts_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert stated_usd() == 3


def test_changed_history_supersedes_and_edits_nothing(
    costs: Connector, provider: FakeProvider, beat: Beat
) -> None:
    provider.most_buckets = 10
    provider.results(COSTS, date(2026, 11, 17), cost("4.00"), cost("1.00", "gpt-5, output"))
    provider.results(COSTS, date(2026, 11, 18), cost("2.50"))
    provider.results(COSTS, date(2026, 11, 19), cost("0.10"))
    beat.turn()
    first_lines = lines()
    assert stated_usd() == Decimal("7.60")

    # One amount changes, one line vanishes, a whole day becomes nothing, a day is added.
    provider.results(COSTS, date(2026, 11, 17), cost("4.20"))
    provider.results(COSTS, date(2026, 11, 18))
    provider.results(COSTS, date(2026, 11, 21), cost("0.33"))
    beat.turn(DAY)

    assert stated_usd() == Decimal("4.63")  # 4.20 + 0.10 + 0.33
    assert lines()[: len(first_lines)] == first_lines
    assert proof.reports_are_booked() is None
    assert versions() == [
        ("17", 1, False),
        ("17", 2, True),
        ("18", 1, False),
        ("18", 2, True),
        ("19", 1, True),
        ("21", 1, True),
    ]


def test_the_same_history_again_changes_nothing(
    costs: Connector, provider: FakeProvider, beat: Beat
) -> None:
    provider.results(COSTS, date(2026, 11, 19), cost("1.25"))

    beat.turn()
    beat.turn(DAY)

    again = Delivery.objects.order_by("-pk")[0]
    assert (again.rows, again.loaded, again.duplicate) == (1, 0, 1)
    assert versions() == [("19", 1, True)]


@pytest.mark.parametrize(
    "fault",
    [Fault("truncated"), Fault("dropped"), Fault("status", 500), Fault("repeated")],
    ids=lambda fault: fault.kind,
)
def test_a_page_that_fails_leaves_everything_as_it_was(
    costs: Connector, provider: FakeProvider, beat: Beat, fault: Fault
) -> None:
    provider.results(COSTS, date(2026, 11, 19), cost("1.25"))
    beat.turn()
    provider.results(COSTS, date(2026, 11, 19), cost("9.99"))
    provider.most_buckets = 20
    first_page_again = {"data": [], "has_more": True, "next_page": "page_20"}
    provider.faults = [Fault("status", 500), *([fault] * 7)]
    provider.last_body = json.dumps(first_page_again).encode()

    beat.turn(DAY)

    costs.refresh_from_db()
    assert Delivery.objects.count() == 1
    assert stated_usd() == Decimal("1.25")
    assert Pull.objects.order_by("-pk")[0].state == Pull.State.FAILED
    assert standing_of(costs, at=beat.now).state == "Failed"
    assert costs.last_error


def test_failures_are_tried_again_after_longer_and_longer(
    costs: Connector, provider: FakeProvider, beat: Beat
) -> None:
    pauses = []
    for _ in range(8):
        provider.faults = [Fault("status", 500)] * 4
        beat.turn()
        costs.refresh_from_db()
        pauses.append((costs.next_run_at - beat.now) // timedelta(minutes=1))
        beat.now = costs.next_run_at

    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    assert costs.failures == 8
    assert standing_of(costs, at=beat.now).sentence == "Failed 8 times, for 3 hours now."

    beat.turn()

    costs.refresh_from_db()
    assert (costs.failures, costs.failing_since, costs.last_error) == (0, None, "")
    assert standing_of(costs, at=beat.now).state == "OK"


def test_a_refused_credential_is_not_tried_again_soon(
    costs: Connector, provider: FakeProvider, beat: Beat
) -> None:
    provider.faults = [Fault("status", 401)]

    beat.turn()

    costs.refresh_from_db()
    assert costs.last_error == f"The provider refuses the credential: 401 from {COSTS}."
    assert costs.next_run_at == beat.now + timedelta(hours=1)
    assert len(provider.asked) == 1


def test_a_pull_waits_as_long_as_its_provider_asks_and_nothing_failed(
    costs: Connector, provider: FakeProvider, beat: Beat
) -> None:
    provider.faults = [Fault("status", 429, {"Retry-After": "900"})]
    beat.turn()
    pull = Pull.objects.get()
    assert (pull.state, pull.reason) == ("waiting", "The provider asks to wait 900 seconds.")
    assert pull.not_before == beat.now + timedelta(seconds=900)

    assert beat.turn(timedelta(seconds=899)) == 0
    assert beat.turn(timedelta(seconds=1)) == 1

    costs.refresh_from_db()
    assert (Pull.objects.get().state, costs.failures) == ("done", 0)


def test_a_short_wait_is_waited_by_the_worker(
    costs: Connector, provider: FakeProvider, beat: Beat
) -> None:
    provider.faults = [Fault("status", 429, {"Retry-After": "30"})]

    beat.turn()

    assert beat.waits == [30.0]
    assert Pull.objects.get().state == Pull.State.DONE


def test_a_delivery_that_cannot_be_loaded_fails_the_pull_and_the_window_is_asked_for_again(
    costs: Connector, provider: FakeProvider, beat: Beat
) -> None:
    euros = cost("1.25") | {"amount": {"value": "1.25", "currency": "eur"}}
    provider.results(COSTS, date(2026, 11, 19), euros)
    Delivery.objects.create(source="csv", account="x", filename="x", submitted_at=beat.now)

    open_due_pulls(at=beat.now)
    beat.pull()
    load = Pull.objects.get().deliveries.get()
    Delivery.objects.filter(pk=load.pk).update(state="failed", reason="It is in euros.")
    pulls.settle_loaded(at=beat.now)

    costs.refresh_from_db()
    assert costs.last_error == f"Import {load.pk} was failed: It is in euros."
    assert costs.watermark is None


# Who pulls, and who does not


def test_a_paused_connector_is_left_alone_until_it_is_resumed(
    cast: Cast, costs: Connector, beat: Beat
) -> None:
    pause_connector(connector_id=costs.pk, by=cast.fiona, at=beat.now)
    assert beat.turn(DAY) == 0

    resume_connector(connector_id=costs.pk, by=cast.fiona, at=beat.now)
    assert beat.turn() == 1


def test_a_pull_that_waits_while_its_connector_is_paused_waits_on(
    cast: Cast, costs: Connector, beat: Beat
) -> None:
    ask_for_pull(connector_id=costs.pk, by=cast.fiona, at=beat.now)
    pause_connector(connector_id=costs.pk, by=cast.fiona, at=beat.now)

    assert beat.pull() == 0
    assert not pulls.is_anything_waiting(at=beat.now)


def test_beat_may_run_twice_and_one_pull_is_opened(costs: Connector, beat: Beat) -> None:
    assert [open_due_pulls(at=beat.now) for _ in range(3)] == [1, 0, 0]
    assert pulls.is_anything_waiting(at=beat.now)


def test_the_database_keeps_two_pulls_of_one_connector_apart(costs: Connector) -> None:
    new_pull(costs)

    with (
        pytest.raises(IntegrityError, match="connector_is_pulled_once_at_a_time"),
        transaction.atomic(),
    ):
        new_pull(costs)


def test_a_dead_workers_pull_is_taken_over_and_its_own_end_is_not_wanted(
    costs: Connector, provider: FakeProvider, beat: Beat
) -> None:
    open_due_pulls(at=beat.now)
    dead = claim_next(at=beat.now)
    assert dead is not None
    assert claim_next(at=beat.now + LEASE) is None

    beat.now += LEASE + timedelta(seconds=1)
    assert beat.pull() == 1

    with pytest.raises(Overtaken):
        renew(dead, at=beat.now)
    with pytest.raises(Overtaken):
        pulls.fail(dead, reason="late", at=beat.now)
    assert Pull.objects.get().lost == 1


def test_a_pull_that_kills_its_workers_is_given_up(costs: Connector, beat: Beat) -> None:
    open_due_pulls(at=beat.now)
    for _ in range(3):
        assert claim_next(at=beat.now) is not None
        beat.now += LEASE + timedelta(seconds=1)

    beat.pull()

    pull = Pull.objects.get()
    assert (pull.state, pull.reason) == (
        Pull.State.FAILED,
        "The pull was given up: 3 workers died over it.",
    )


def test_a_slow_provider_keeps_its_claim_and_fails_at_the_end_of_the_time(
    costs: Connector, provider: FakeProvider, beat: Beat
) -> None:
    provider.most_buckets = 1
    Connector.objects.update(trailing_days=60)
    open_due_pulls(at=beat.now)
    renewals = []

    def clock() -> datetime:
        beat.now += timedelta(seconds=30)
        renewals.append(Pull.objects.get().claimed_at)
        return beat.now

    assert pull_next(clock=clock, sleep=beat.sleep)

    pull = Pull.objects.get()
    assert (pull.state, pull.reason) == (
        Pull.State.FAILED,
        "The provider took longer than 20 minutes.",
    )
    assert len(set(renewals)) > 10


def test_what_nobody_foresaw_fails_the_pull_and_names_no_more_than_its_kind(
    costs: Connector, beat: Beat, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise KeyError("sk-admin-in-an-error")

    monkeypatch.setattr("ingestion.operations.fetching._ask_of", broken)

    beat.turn()

    assert Pull.objects.get().reason == (
        "Something unforeseen went wrong (KeyError); the log says where."
    )


def test_a_key_that_is_gone_is_said_so(costs: Connector, beat: Beat, settings: Any) -> None:
    settings.SECRET_KEY = "another one, long enough to be one"

    beat.turn()

    assert "not in TOKENOPS_SECRETS_KEY any more" in Pull.objects.get().reason


def test_the_tasks_only_look(costs: Connector, provider: FakeProvider) -> None:
    provider.results(COSTS, timezone.now().date(), cost("1.25"))

    tasks.sweep_connectors()
    assert Pull.objects.get().state == Pull.State.WAITING
    tasks.pull()
    tasks.look()
    tasks.sweep_connectors()

    assert Pull.objects.get().state == Pull.State.DONE
    assert stated_usd() == Decimal("1.25")


@pytest.mark.django_db(transaction=True)
def test_of_workers_that_look_at_once_one_gets_the_pull(at: datetime) -> None:
    new_pull(new_connector(by=gather().fiona))

    claims = race(*[lambda: claim_next(at=at)] * 4)

    assert [claim.attempt for claim in claims if claim] == [1]


@pytest.mark.django_db(transaction=True)
def test_of_beats_that_look_at_once_one_opens_the_pull(at: datetime) -> None:
    new_connector(by=gather().fiona)

    opened = race(*[lambda: open_due_pulls(at=at)] * 4)

    assert sorted(opened) == [0, 0, 0, 1]
    assert Pull.objects.count() == 1


# The other kinds


def spend_log(name: str, started: str, tokens: int = 1000) -> dict[str, Any]:
    return {
        "request_id": name,
        "startTime": f"{started}+00:00",
        "model": "gpt-4o",
        "custom_llm_provider": "openai",
        "prompt_tokens": tokens,
        "completion_tokens": 100,
        "total_tokens": tokens + 100,
        "spend": 0.0035,
        "metadata": {},
        "request_tags": [],
        "status": "success",
    }


def test_calls_of_a_litellm_proxy_are_counted_once_however_often_they_come(
    cast: Cast, provider: FakeProvider, beat: Beat
) -> None:
    config = {"address": provider.url, "page_size": "2"}
    connector = new_connector(
        by=cast.fiona, kind="litellm", config=config, interval_minutes=60, trailing_days=2
    )
    provider.spend_logs = [spend_log(f"r{n}", f"2026-11-19T1{n}:00:00") for n in range(5)]
    beat.turn()
    assert Event.objects.count() == 5

    # A call that was logged late, and one that is new.
    provider.spend_logs += [
        spend_log("late", "2026-11-20T11:00:00"),
        spend_log("new", "2026-11-20T12:30:00"),
    ]
    beat.turn(timedelta(hours=1))

    last = Delivery.objects.order_by("-pk")[0]
    window = Pull.objects.order_by("-pk")[0]
    assert Event.objects.count() == 7
    assert (last.rows, last.loaded, last.duplicate, last.conflict) == (5, 2, 3, 0)
    assert window.starts_at == datetime(2026, 11, 19, 12, 0, tzinfo=UTC)
    connector.refresh_from_db()
    assert standing_of(connector, at=beat.now).state == "OK"


def test_a_window_without_calls_is_a_good_pull_that_loads_nothing(
    cast: Cast, provider: FakeProvider, beat: Beat
) -> None:
    config = {"address": provider.url, "page_size": "100"}
    new_connector(by=cast.fiona, kind="litellm", config=config, trailing_days=1)

    beat.turn()

    pull = Pull.objects.get()
    assert (pull.state, pull.reason) == (Pull.State.DONE, "There was nothing new.")
    assert not Delivery.objects.exists()


def test_any_json_interface_is_loaded_by_its_map(
    cast: Cast, provider: FakeProvider, beat: Beat
) -> None:
    config = kind_named("json").checked(
        {
            "address": provider.url + CALLS,
            "rows": "result.items",
            "paging": "number",
            "start_param": "from",
            "map": (
                "id = id\nstarted_at = at\nmodel = use.model\nin_text = use.in\nout_text = use.out"
            ),
            "set": "provider = openai\nworkflow = replies",
        }
    )
    new_connector(by=cast.fiona, kind="json", config=config, trailing_days=2)
    use = {"model": "gpt-4o", "in": 1000, "out": 100}
    provider.calls = [
        {"id": f"c{n}", "at": f"2026-11-19T0{n}:00:00Z", "use": use} for n in range(3)
    ]

    beat.turn()

    delivery = Delivery.objects.get()
    # gpt-4o: 1,000 · $2.50 + 100 · $10 a million tokens, three times.
    assert (delivery.source, delivery.loaded, delivery.usd) == ("json", 3, Decimal("0.0105"))
    assert Event.objects.select_related("slice")[0].slice.workflow == "replies"


OPENAI_USAGE = {
    "object": "organization.usage.completions.result",
    "input_tokens": 1000,
    "output_tokens": 100,
    "input_cached_tokens": 0,
    "num_model_requests": 1,
    "model": "gpt-4o-2024-08-06",
    "project_id": "proj_1",
    "user_id": None,
    "api_key_id": "key_1",
    "batch": False,
    "service_tier": "default",
}
ANTHROPIC_USAGE = {
    "uncached_input_tokens": 1000,
    "cache_read_input_tokens": 0,
    "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
    "output_tokens": 100,
    "server_tool_use": {"web_search_requests": 0},
    "model": "claude-sonnet-4-6",
    "api_key_id": "apikey_1",
    "workspace_id": "wrkspc_1",
    "service_tier": "standard",
    "context_window": "0-200k",
    "inference_geo": "global",
}
ANTHROPIC_COST = {
    "amount": "123.78912",
    "currency": "USD",
    "description": "Claude Sonnet 4.6 Usage - Input Tokens",
    "cost_type": "tokens",
    "model": "claude-sonnet-4-6",
    "token_type": "uncached_input_tokens",
    "service_tier": "standard",
    "context_window": "0-200k",
    "inference_geo": "global",
    "workspace_id": "wrkspc_1",
}
ROUTED = {
    "date": "2026-11-19",
    "model": "openai/gpt-4.1",
    "model_permaslug": "openai/gpt-4.1-2025-04-14",
    "endpoint_id": "ep-1",
    "provider_name": "OpenAI",
    "usage": 0.015,
    "byok_usage_inference": 0,
    "requests": 5,
    "prompt_tokens": 50,
    "completion_tokens": 125,
    "reasoning_tokens": 25,
}


REPORTS: dict[str, tuple[str, dict[str, Any]]] = {
    "openai-usage": (USAGE + "completions", OPENAI_USAGE),
    "anthropic-usage": (MESSAGES, ANTHROPIC_USAGE),
    "anthropic-costs": (COST_REPORT, ANTHROPIC_COST),
    "openrouter-activity": (ACTIVITY, ROUTED),
}


@pytest.mark.parametrize("kind", REPORTS)
def test_a_report_of_every_provider_is_pulled_and_loaded(
    cast: Cast, provider: FakeProvider, beat: Beat, kind: str
) -> None:
    path, result = REPORTS[kind]
    if not can_load(kind_named(kind)):
        pytest.skip(f"there is no source {kind} yet")
    provider.most_buckets = 30
    provider.activity = [ROUTED]
    provider.results(path, date(2026, 11, 19), result)
    new_connector(by=cast.fiona, kind=kind, config={"address": provider.url})

    beat.turn()
    beat.turn(DAY)

    first, again = Delivery.objects.order_by("pk")
    assert (first.state, first.rows, first.loaded, first.rejected) == ("done", 1, 1, 0)
    assert (again.state, again.rows, again.loaded) == ("done", 1, 0)
    assert [pull.state for pull in Pull.objects.all()] == ["done", "done"]
    assert proof.rollups_equal_detail() is None
    assert proof.reports_are_booked() is None


def test_the_bucketed_kinds_are_those_that_the_database_keeps_single() -> None:
    assert {kind.name for kind in KINDS if kind.is_bucketed} == set(BUCKETED)
