"""Probes: the calls of a test are handed out once, and no longer than it lasts."""

from datetime import datetime, timedelta

import pytest

from org.refusals import Invalid
from policy.models import Probe, Scope
from policy.operations.breaker import report_signal, sweep_scopes
from policy.operations.probes import take_calls
from tests.factories.policy import guard, unit_scope
from tests.org_cast import Cast, gather
from tests.races import race


def opened(cast: Cast, at: datetime, *, calls: int = 10) -> Probe:
    """Block a scope for a loop half an hour ago, so that its test begins now."""
    scope = unit_scope(cast.support)
    guard(scope, by=cast.ed, loop_calls=20, loop_window_s=600, probe_calls=calls)
    blocked_at = at - timedelta(minutes=30)
    report_signal(scope=scope, code="loop", detail={}, sidecar="eu-1", at=blocked_at)
    sweep_scopes(at=at)
    return Probe.objects.get()


def test_calls_are_handed_out_until_none_are_left(cast: Cast, at: datetime) -> None:
    probe = opened(cast, at)

    granted = [take_calls(probe_id=probe.public_id, calls=4, at=at) for _ in range(4)]

    assert granted == [4, 4, 2, 0]


def test_none_are_handed_out_after_the_deadline(cast: Cast, at: datetime) -> None:
    probe = opened(cast, at)

    assert take_calls(probe_id=probe.public_id, calls=1, at=probe.until) == 0
    last_moment = probe.until - timedelta(microseconds=1)
    assert take_calls(probe_id=probe.public_id, calls=1, at=last_moment) == 1


def test_none_are_handed_out_of_a_test_that_is_over(cast: Cast, at: datetime) -> None:
    probe = opened(cast, at)
    Scope.objects.filter(pk=probe.scope_id).update(state="closed", reason_text="")

    assert take_calls(probe_id=probe.public_id, calls=1, at=at) == 0
    assert take_calls(probe_id=f"probe:{probe.pk}:{probe.epoch + 1}", calls=1, at=at) == 0
    assert take_calls(probe_id=f"probe:{probe.pk + 1}:{probe.epoch}", calls=1, at=at) == 0


@pytest.mark.parametrize("name", ["", "probe:", "probe:7", "cap:7", "probe:7:x", "probe:7:3:1"])
def test_what_names_no_test_is_refused(cast: Cast, at: datetime, name: str) -> None:
    with pytest.raises(Invalid, match="probe:7:3"):
        take_calls(probe_id=name, calls=1, at=at)


def test_a_lease_of_no_call_is_refused(cast: Cast, at: datetime) -> None:
    with pytest.raises(Invalid, match="one call or more, not 0"):
        take_calls(probe_id="probe:7:3", calls=0, at=at)


@pytest.mark.django_db(transaction=True)
def test_a_hundred_who_ask_at_once_get_exactly_the_allowance(at: datetime) -> None:
    probe = opened(gather(), at)

    def take() -> list[int]:
        return [take_calls(probe_id=probe.public_id, calls=1, at=at) for _ in range(5)]

    granted = race(*[take for _ in range(20)])

    assert sum(sum(each) for each in granted) == 10
    probe.refresh_from_db()
    assert probe.taken == 10
