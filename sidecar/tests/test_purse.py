"""Leases and holds: what is free, what the disk says, when to ask and when to give back."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from samples import AT

from tokenops_sidecar.counters import Denial
from tokenops_sidecar.home import Ask
from tokenops_sidecar.lease import Grant, Lease
from tokenops_sidecar.purse import Purses

HOME, CAP = "unit:support", "cap:1"
CENT = Decimal("0.01")
MINUTE = timedelta(minutes=1)


def purses_in(folder: Path) -> Purses:
    return Purses(folder, at=AT)


def asked(purses: Purses, usd: str) -> Ask:
    purses.want(HOME, CAP, Decimal(usd))
    (ask,) = purses.asks(AT)
    return ask


def with_lease(folder: Path, granted_usd: str = "1.00", *, lasts_s: float = 60) -> Purses:
    purses = purses_in(folder)
    ask = asked(purses, "0.10")
    purses.granted(ask, Grant("lease-1", Decimal(granted_usd), lasts_s), asked_at=AT)
    return purses


def free_usd(purses: Purses, after_s: float = 0) -> Decimal:
    return purses.seen(AT + timedelta(seconds=after_s))[HOME].free_usd


def test_a_lease_ends_five_seconds_early_and_at_most_ten_minutes_after_it_was_asked_for(
    tmp_path: Path,
) -> None:
    minute = with_lease(tmp_path / "minute")
    year = with_lease(tmp_path / "year", lasts_s=3e7)

    assert [free_usd(minute, 54.9), free_usd(minute, 55)] == [Decimal(1), Decimal(0)]
    assert [free_usd(year, 594.9), free_usd(year, 595)] == [Decimal(1), Decimal(0)]


def test_a_call_fits_into_one_lease_and_the_oldest_that_has_room_gives_it(tmp_path: Path) -> None:
    purses = with_lease(tmp_path, "0.10")
    purses.hold(HOME, Decimal("0.07"), AT)
    ask = asked(purses, "0.30")
    purses.granted(ask, Grant("lease-2", Decimal("0.40"), 60), asked_at=AT)

    assert free_usd(purses) == Decimal("0.40")
    assert purses.hold(HOME, Decimal("0.03"), AT) == "lease-1"
    assert purses.hold(HOME, Decimal("0.40"), AT) == "lease-2"
    assert purses.hold(HOME, CENT, AT) == ""


def test_one_question_at_a_time_and_the_same_until_it_is_answered(tmp_path: Path) -> None:
    purses = purses_in(tmp_path)
    ask = asked(purses, "0.10")
    assert (ask.usd, ask.least_usd, ask.cap) == (Decimal("2.00"), Decimal("0.10"), CAP)
    purses.want(HOME, CAP, Decimal("0.20"))
    assert purses.asks(AT) == []

    purses.unanswered(ask, again_at=AT + MINUTE)

    assert purses.asks(AT) == []
    assert purses.asks(AT + MINUTE) == [ask]


def test_more_is_asked_for_below_half_and_only_while_calls_come(tmp_path: Path) -> None:
    purses = with_lease(tmp_path)
    purses.hold(HOME, Decimal("0.50"), AT)
    assert purses.asks(AT) == []
    purses.hold(HOME, CENT, AT)

    assert purses.asks(AT + timedelta(seconds=31)) == []
    (ask,) = purses.asks(AT + timedelta(seconds=1))
    assert ask.least_usd == 0


def test_a_lease_about_to_end_is_followed_by_another_while_calls_come(tmp_path: Path) -> None:
    purses = with_lease(tmp_path)
    before_its_end = AT + timedelta(seconds=46)
    assert purses.asks(before_its_end) == []

    purses.hold(HOME, CENT, before_its_end)

    assert len(purses.asks(before_its_end)) == 1


def test_a_refusal_is_shown_until_it_is_worth_another_question(tmp_path: Path) -> None:
    purses = purses_in(tmp_path)
    denial = Denial(CAP, "Nothing is left.", AT + MINUTE)

    purses.refused(asked(purses, "0.10"), denial, again_at=AT + MINUTE)

    assert purses.seen(AT)[HOME].refusal == denial
    assert purses.seen(AT + MINUTE)[HOME].refusal is None
    assert not purses.is_worth_asking(HOME, Decimal("0.10"))
    assert purses.is_worth_asking(HOME, Decimal("0.09"))
    purses.news()
    assert purses.seen(AT)[HOME].refusal is None


def test_a_lease_is_given_back_when_it_ends_and_no_call_is_under_way(tmp_path: Path) -> None:
    purses = with_lease(tmp_path)
    purses.hold(HOME, Decimal("0.10"), AT)
    assert purses.reports(AT + MINUTE) == []

    purses.settle("lease-1", held_usd=Decimal("0.10"), used_usd=Decimal("0.04"))

    (report,) = purses.reports(AT + MINUTE)
    assert report.as_json() == {"sequence": 1, "used_usd": "0.04", "final": True}
    (again,) = purses.reports(AT + MINUTE)  # the answer never came
    assert again.as_json() == {"sequence": 2, "used_usd": "0.04", "final": True}
    purses.told(again)
    assert purses.reports(AT + MINUTE) == []
    assert purses_in(tmp_path).reports(AT) == []


def test_a_lease_in_use_is_reported_when_that_changes(tmp_path: Path) -> None:
    purses = with_lease(tmp_path)
    purses.hold(HOME, Decimal("0.10"), AT)
    purses.settle("lease-1", held_usd=Decimal("0.10"), used_usd=Decimal("0.20"))

    (report,) = purses.reports(AT)
    assert report.as_json() == {"sequence": 1, "used_usd": "0.2", "final": False}
    purses.told(report)

    assert purses.reports(AT) == []
    assert free_usd(purses) == Decimal("0.80")


def test_what_is_no_file_of_leases_is_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / "leases.json").write_bytes(b'{"leases":[{"lease":')

    assert purses_in(tmp_path).reports(AT) == []


Step = tuple[bool, Decimal, Decimal]
CENTS = st.integers(min_value=1, max_value=40).map(lambda cents: cents * CENT)
STEPS = st.lists(st.tuples(st.booleans(), CENTS, st.integers(0, 100).map(Decimal)), max_size=40)


@given(steps=STEPS)
def test_the_disk_always_allows_for_what_is_taken_and_nothing_passes_the_lease(
    steps: list[Step],
) -> None:
    lease = Lease("lease-1", HOME, Decimal(1), AT, AT + MINUTE)
    held: list[Decimal] = []
    for is_call, usd, percent in steps:
        if is_call and lease.free_usd(AT) >= usd:
            lease.hold(usd)
            if not lease.is_drawn:
                lease.draw()
            held.append(usd)
        elif held:
            was = held.pop()
            lease.settle(held_usd=was, used_usd=was * percent / 100)

        assert lease.held_usd == sum(held)
        assert lease.under_way == len(held)
        assert lease.taken_usd <= lease.drawn_usd <= lease.granted_usd or not lease.drawn_usd
        assert lease.free_usd(AT) == 1 - lease.taken_usd >= 0


def test_amounts_are_told_in_twelve_decimals_and_never_less_than_they_are(tmp_path: Path) -> None:
    purses = with_lease(tmp_path)
    third = Decimal(1) / 3
    purses.hold(HOME, third, AT)
    purses.settle("lease-1", held_usd=third, used_usd=third)

    (report,) = purses.reports(AT)

    assert report.as_json()["used_usd"] == "0.333333333334"
