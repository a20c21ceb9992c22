"""What a router counts itself: what is kept, what is taken back, what is forgotten."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from router import Router, call, policy
from samples import AT

from tokenops_sidecar import clock
from tokenops_sidecar.clock import SteadyClock
from tokenops_sidecar.decide import Block, Counters, decide
from tokenops_sidecar.decision import Decision
from tokenops_sidecar.uses import Taken
from tokenops_sidecar.window import MOST

QUOTA = {
    "id": "quota:1",
    "metric": "usd",
    "window": "day",
    "limit": "10",
    "mode": "hard",
    "per": "person",
    "resets_at": "2026-11-21T00:00:00Z",
}


@given(
    st.decimals(0, 1, places=3),
    st.integers(1, 300),
)
def test_of_any_number_of_calls_a_throttle_keeps_exactly_its_share(
    share: Decimal, calls: int
) -> None:
    router = Router(policy(state="throttled", keep_fraction=f"{share:f}"))

    kept = sum(router.admit(call()).is_go for _ in range(calls))

    assert kept == int(calls * share)


def test_calls_that_another_limit_turns_away_do_not_use_up_a_share() -> None:
    router = Router(
        policy(state="throttled", keep_fraction="0.5", task_limits={"steps": 1, "usd": None})
    )
    router.admit(call(task="t"))
    assert router.admit(call(task="t")).is_go
    assert router.admit(call()).code == "throttled"

    assert [router.admit(call(task="t")).code for _ in range(3)] == ["task_steps"] * 3

    assert router.admit(call()).is_go


def test_looking_changes_nothing() -> None:
    router = Router(policy(rates={"requests_per_minute": 1}))

    assert {router.decide(call()).outcome for _ in range(5)} == {"allow"}


def test_what_a_call_really_took_replaces_what_was_reserved() -> None:
    router = Router(policy(quotas=[QUOTA], rates={"usd_per_minute": "10"}))
    dear = call(user="ana@x", most_usd="10", task="t")
    assert router.admit(dear).is_go
    assert router.decide(dear).code == "quota_usd"
    assert router.taken is not None

    router.tally.leave(router.taken, AT, usd=Decimal("2.50"), tokens=700)

    assert router.decide(call(user="ana@x", most_usd="7.50")).is_go
    assert router.decide(call(user="ana@x", most_usd="7.51")).code == "quota_usd"
    use = router.tally.scope("org")
    assert use is not None
    assert use.usd.total(AT.timestamp()) == Decimal("2.50")
    assert use.tokens.total(AT.timestamp()) == 700


def test_an_amount_that_stays_unknown_counts_as_it_was_reserved() -> None:
    router = Router(policy(quotas=[QUOTA]))
    router.admit(call(user="ana@x", most_usd="10"))
    assert router.taken is not None

    router.tally.leave(router.taken, AT)

    assert router.decide(call(user="ana@x", most_usd="0.01")).code == "quota_usd"


AMOUNTS = st.sampled_from(["0", "0.4", "1", "3"])


@given(st.lists(st.tuples(st.sampled_from(["ana@x", "eve@x"]), AMOUNTS, AMOUNTS), max_size=20))
def test_a_quota_holds_what_was_used_and_nothing_of_who_was_refused(
    calls: list[tuple[str, str, str]],
) -> None:
    everybody = QUOTA | {"id": "quota:2", "limit": "15", "per": None}
    router = Router(policy(quotas=[QUOTA, everybody]))
    used = {"ana@x": Decimal(0), "eve@x": Decimal(0)}
    for who, most, really in calls:
        decision = router.admit(call(user=who, most_usd=most))

        fits = used[who] + Decimal(most) <= 10 and sum(used.values()) + Decimal(most) <= 15
        assert decision.is_go == fits
        if router.taken is not None:
            router.tally.leave(router.taken, AT, usd=Decimal(really))
            used[who] += Decimal(really)


@given(st.lists(st.sampled_from(["take", "leave", "undo"]), max_size=40), st.integers(1, 5))
def test_calls_under_way_never_pass_the_limit_nor_get_lost(steps: list[str], limit: int) -> None:
    router = Router(policy(rates={"concurrency": limit}))
    under_way: list[Taken] = []
    for step in steps:
        if step == "take":
            assert router.admit(call()).is_go == (len(under_way) < limit)
            under_way += [router.taken] if router.taken else []
        elif under_way:
            end = router.tally.leave if step == "leave" else router.tally.undo
            end(under_way.pop(0), AT)
    use = router.tally.scope("org")
    assert (use.under_way if use else 0) == len(under_way)


def test_a_call_that_never_went_out_leaves_no_trace() -> None:
    limits = {
        "rates": {"requests_per_minute": 1, "tokens_per_minute": 10_000, "concurrency": 1},
        "task_limits": {"steps": 1, "usd": "0.10"},
        "loop": {"calls": 2, "window_s": 600},
        "quotas": [
            QUOTA | {"metric": "calls", "limit": "1"},
            QUOTA | {"id": "quota:2", "window": "5h"},
        ],
    }
    router = Router(policy(**limits))
    same = call(user="ana@x", task="t", prompt_hash="p", in_tokens=1, max_out_tokens=1)
    assert router.admit(same).is_go
    assert not router.decide(same).is_go
    assert router.taken is not None

    router.tally.undo(router.taken, AT)

    assert router.decide(same).is_go


def test_a_day_starts_anew_when_the_document_says_so_and_a_late_call_counts_for_its_own() -> None:
    today, tomorrow = (
        policy(quotas=[QUOTA]),
        policy(quotas=[QUOTA | {"resets_at": "2026-11-22T00:00:00Z"}]),
    )
    router, whole = Router(today), call(user="ana@x", most_usd="10")
    router.admit(whole)
    yesterdays = router.taken
    assert yesterdays is not None
    midnight = AT + timedelta(hours=12)
    assert router.decide(whole, midnight).code == "quota_usd"

    router.policy = tomorrow
    assert router.admit(whole, midnight).is_go
    router.tally.leave(yesterdays, midnight, usd=Decimal(3))

    assert router.decide(call(user="ana@x", most_usd="0.01"), midnight).code == "quota_usd"


def test_a_loop_is_told_once_until_it_was_reported() -> None:
    router = Router(policy(loop={"calls": 2, "window_s": 600}))
    same = call(prompt_hash="p")
    codes = [router.admit(same).code for _ in range(4)]

    (signal,) = router.tally.signals()

    assert codes == ["", "loop", "loop", "loop"]
    assert (signal.scope, signal.code, signal.detail, signal.at) == ("org", "loop", "p", AT)
    assert router.tally.signals() == []


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_clock_that_is_set_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, jump: timedelta
) -> None:
    now = SteadyClock()
    router = Router(policy(rates={"requests_per_minute": 1}))
    assert router.admit(call(), now()).is_go
    set_at = datetime.now(UTC) + jump

    monkeypatch.setattr(clock, "wall", lambda: set_at)

    assert router.decide(call(), now()).code == "rate_requests"


def test_an_instant_before_the_latest_counts_as_the_latest() -> None:
    router = Router(policy(rates={"requests_per_minute": 2}))
    router.admit(call(), AT)

    router.admit(call(), AT - timedelta(hours=1))

    assert router.decide(call(), AT).code == "rate_requests"


def test_made_up_names_cost_memory_that_is_bounded() -> None:
    many = policy(
        quotas=[QUOTA, QUOTA | {"id": "quota:2", "window": "1m"}],
        task_limits={"steps": 5, "usd": None},
        loop={"calls": 5, "window_s": 60},
    )
    router, go = Router(many), Decision("allow", "gpt-5")
    path = many.path({})
    for place in range(MOST + 50):
        name = str(place)
        named = call(user=name, task=name, prompt_hash=name, conversation=name)
        router.tally.take(go, named, path, AT)

    assert set(router.tally.sizes().values()) == {MOST}


def test_a_call_tells_what_it_draws_on_leased_quotas_and_what_it_still_needs() -> None:
    tokens = QUOTA | {"id": "quota:2", "metric": "tokens", "per": None}
    router = Router(policy(quotas=[QUOTA, tokens, QUOTA | {"id": "quota:3", "mode": "soft"}]))
    small = call(user="ana@x", most_usd="0.5", in_tokens=3, max_out_tokens=4)
    blocks = {("quota:1", "ana@x"): Block(Decimal(1))}
    asking = Counters(tally=router.tally, confirmed_at=AT, quotas=blocks)

    asked = decide(small, router.policy, asking, AT)
    blocks["quota:2", ""] = Block(Decimal(7))
    passed = decide(small, router.policy, asking, AT)

    assert (asked.code, asked.cap, asked.subject) == ("lease", "quota:2", "")
    assert asked.amount == 7
    assert passed.draws == (
        ("quota:1", "ana@x", "usd", Decimal("0.5")),
        ("quota:2", "", "tokens", Decimal(7)),
    )
