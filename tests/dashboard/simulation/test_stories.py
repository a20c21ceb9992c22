"""The named stories, each to its outcome: days that count, days that restart, gates that pass."""

from decimal import Decimal

import pytest

from budgets.models import Journal, Posting
from dashboard.simulation.told import off_proofs, standing
from tests.dashboard.simulation.living import (
    days_of_passes,
    founded,
    lived_until,
    missed,
    restarts,
    streak_after,
)

# Evidence of gate 1 is renewed where the return moves; its first pass is on the day of all three.
FIRST_PASSES = [(1, 17), (2, 17), (3, 17)]


@pytest.mark.django_db
def test_graduates_restarts_once_pauses_once_and_runs_in_core_from_day_70() -> None:
    stage = founded("graduates")

    told = lived_until(stage, 70)

    # Over its cap on day 26, held back by the breaker until midnight of day 27. From day 28 on
    # thirty days count up to day 58, without day 41, of which nothing came in; what came in late
    # of days 34 and 46 counts. Day 58 is final five days later: gates 4 and 5 are signed on
    # day 63, and core begins a week after that.
    streak = streak_after(stage, 63)
    assert restarts(stage, streak) == {26: "over_cap", 27: "limited"}
    assert [stage.number_of(each.day.on) for each in streak.current.days if not each.counts] == [41]
    assert streak.length == 35  # days 28 to 63 without day 41
    assert days_of_passes(stage)[:3] == FIRST_PASSES
    assert days_of_passes(stage)[-2:] == [(4, 63), (5, 63)]
    assert told[25].startswith("Day 26, 28 August: $69.00 of $60.00; the run begins anew (Spent")
    assert "; 6 valid days in a row (paused: What was spent is not known); " in told[33]
    assert "; core from 11 October, signed at $" in told[62]
    assert "; in core since 11 October, signed at $" in told[69]
    where = standing(stage, 70)
    assert (where.state, where.journals_usd) == ("core", Decimal("0.00"))
    assert off_proofs() == []


@pytest.mark.django_db
def test_a_graduation_moves_what_core_gains_from_what_is_left_and_from_the_reserve() -> None:
    stage = founded("decays")

    lived_until(stage, 53)

    # No day broke its run: thirty days from day 18 on are final on day 52.
    assert days_of_passes(stage)[-2:] == [(4, 52), (5, 52)]
    moved = Posting.objects.filter(journal__kind=Journal.Kind.GRADUATION)
    amounts = dict(moved.values_list("account__kind", "amount_usd"))
    assert set(amounts) == {"core", "initiative", "reserve"}
    assert amounts["core"] > 0 > max(amounts["initiative"], amounts["reserve"])
    assert sum(amounts.values()) == 0


@pytest.mark.django_db
def test_unstable_is_never_over_its_cap_and_fails_on_growth() -> None:
    stage = founded("unstable")

    told = lived_until(stage, 52)

    streak = streak_after(stage, 52)
    assert restarts(stage, streak) == {}
    assert streak.length == 35  # days 18 to 52
    assert missed(4) == ["peak", "growth", "drift"]
    assert told[51].endswith("35 valid days in a row; gate 4 is deferred.")


@pytest.mark.django_db
def test_overspends_is_frozen_by_its_second_breach() -> None:
    stage = founded("overspends")

    told = lived_until(stage, 34)

    streak = streak_after(stage, 34)
    assert restarts(stage, streak) == {
        24: "over_cap", 25: "limited", 32: "over_cap", 33: "limited", 34: "frozen",
    }  # fmt: skip
    assert (streak.length, streak.is_frozen) == (0, True)
    assert "; the run begins anew (" in told[33]
