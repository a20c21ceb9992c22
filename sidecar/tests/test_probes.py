"""Calls of a test: as many as were leased, by whoever asks first, and none after its end."""

import threading
from datetime import timedelta

from router import Router, call, policy
from samples import AT

from tokenops_sidecar.call import read_call


def test_a_hundred_threads_make_the_calls_of_a_test_and_none_more() -> None:
    until = (AT + timedelta(minutes=5)).isoformat()
    probe = {"id": "probe:7:3", "calls": 10, "until": until}
    router = Router(policy(state="half_open", probe=probe))
    router.tally.grant_probe("probe:7:3", 10, until=AT + timedelta(minutes=1))
    lock, passed, gate = threading.Lock(), list[bool](), threading.Barrier(100)

    def ask() -> None:
        gate.wait()
        with lock:
            passed.append(router.admit(call()).is_go)

    askers = [threading.Thread(target=ask) for _ in range(100)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()

    assert sum(passed) == 10
    assert router.decide(call()).code == "lease"


def test_calls_of_a_test_that_hang_do_not_keep_it_going() -> None:
    until = AT + timedelta(minutes=5)
    probe = {"id": "probe:7:3", "calls": 10, "until": until.isoformat()}
    router = Router(policy(state="half_open", probe=probe))
    router.tally.grant_probe("probe:7:3", 2, until=until)
    assert router.admit(call()).is_go

    assert router.decide(call(), until - timedelta(seconds=1)).is_go
    assert router.decide(call(), until).code == "half_open"


def test_a_test_of_money_is_made_of_calls_that_cost_something() -> None:
    until = AT + timedelta(minutes=5)
    probe = {"id": "probe:7:3", "calls": 10, "until": until.isoformat()}
    reason = {"code": "cap_day", "text": "Being tested."}
    router = Router(policy(state="half_open", probe=probe, reason=reason))
    router.tally.grant_probe("probe:7:3", 1, until=until)
    at_home = read_call({"provider": "home", "model": "llama"})

    assert router.admit(at_home).is_go
    assert router.admit(call()).is_go
    assert router.admit(call()).code == "lease"
    assert router.admit(at_home).is_go


def test_calls_of_a_test_that_is_over_are_not_asked_for() -> None:
    until = AT + timedelta(minutes=5)
    probe = {"id": "probe:7:3", "calls": 10, "until": until.isoformat()}
    router = Router(policy(state="closed", probe=probe))
    router.tally.grant_probe("probe:7:3", 1, until=until)

    assert router.admit(call()).probes == ()


def test_a_call_of_a_test_that_never_went_out_is_made_by_another() -> None:
    until = AT + timedelta(minutes=5)
    probe = {"id": "probe:7:3", "calls": 10, "until": until.isoformat()}
    router = Router(policy(state="half_open", probe=probe))
    router.tally.grant_probe("probe:7:3", 1, until=until)
    assert router.admit(call()).is_go
    assert router.taken is not None
    assert router.decide(call()).code == "lease"

    router.tally.undo(router.taken, AT)

    assert router.decide(call()).is_go


def test_leases_of_one_test_add_up_and_the_servers_no_ends_what_was_left() -> None:
    until = AT + timedelta(minutes=5)
    probe = {"id": "probe:7:3", "calls": 10, "until": until.isoformat()}
    router = Router(policy(state="half_open", probe=probe))
    router.tally.grant_probe("probe:7:3", 1, until=until)
    router.tally.grant_probe("probe:7:3", 1, until=until)
    assert [router.admit(call()).is_go for _ in range(3)] == [True, True, False]

    router.tally.deny_probe("probe:7:3", "None are left.", until=AT + timedelta(seconds=5))

    assert router.decide(call()).text == "None are left."
    router.tally.grant_probe("probe:7:3", 2, until=until)
    assert [router.admit(call()).is_go for _ in range(3)] == [True, True, False]


def test_calls_whose_lease_ended_are_gone_when_more_are_leased() -> None:
    until = AT + timedelta(minutes=5)
    probe = {"id": "probe:7:3", "calls": 10, "until": until.isoformat()}
    router = Router(policy(state="half_open", probe=probe))
    router.tally.grant_probe("probe:7:3", 5, until=AT + timedelta(seconds=55))
    later = AT + timedelta(seconds=56)
    assert router.admit(call(), later).code == "lease"

    router.tally.grant_probe("probe:7:3", 1, until=until)

    assert [router.admit(call(), later).is_go for _ in range(2)] == [True, False]
