"""Overrides of a cap: what passes beyond it, and who has to agree."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.override import beyond_usd, is_large, parts_of_override, share_of_budget, windows_of
from finops.profiles import Deciders

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("window", "until", "zone", "windows"),
    [
        ("day", datetime(2026, 11, 20, 23, 59, tzinfo=UTC), ZoneInfo("UTC"), 1),
        ("day", datetime(2026, 11, 21, tzinfo=UTC), ZoneInfo("UTC"), 1),
        ("day", datetime(2026, 11, 21, 0, 1, tzinfo=UTC), ZoneInfo("UTC"), 2),
        ("day", datetime(2026, 11, 20, 23, 30, tzinfo=UTC), BERLIN, 2),
        ("period", datetime(2026, 11, 21, 11, 0, tzinfo=UTC), ZoneInfo("UTC"), 1),
        ("total", datetime(2026, 11, 21, 11, 0, tzinfo=UTC), ZoneInfo("UTC"), 1),
    ],
)
def test_a_daily_cap_lets_the_difference_pass_on_each_day_it_touches(
    window: str, until: datetime, zone: ZoneInfo, windows: int
) -> None:
    assert windows_of(window, since=NOON, until=until, zone=zone) == windows


def test_the_difference_counts_for_each_window() -> None:
    assert beyond_usd(limit_usd=Decimal("60.00"), cap_usd=Decimal("45.00"), windows=2) == Decimal(
        "30.00"
    )


@pytest.mark.parametrize(
    ("beyond", "budget", "large"),
    [("25.00", "100.00", False), ("25.01", "100.00", True), ("0.01", None, True),
     ("0.01", "0.00", True)],
)  # fmt: skip
def test_beyond_a_quarter_of_the_budget_or_of_no_known_one_it_is_large(
    beyond: str, budget: str | None, *, large: bool
) -> None:
    known = None if budget is None else Decimal(budget)

    assert is_large(share_of_budget(Decimal(beyond), known)) is large


@pytest.mark.parametrize(
    ("deciders", "by_cfo", "large", "parts"),
    [
        (Deciders.FOUNDER, True, False, ()),
        (Deciders.FOUNDER, True, True, (("finance", 1),)),
        (Deciders.FOUNDER, False, False, (("cfo", 1),)),
        (Deciders.TWO_PEOPLE, True, False, (("finance", 1),)),
        (Deciders.TWO_PEOPLE, False, False, (("cfo", 1),)),
        (Deciders.TWO_AND_FINANCE, False, False, (("cfo", 1), ("finance", 1))),
        (Deciders.TWO_AND_FINANCE, True, True, (("gm", 1), ("finance", 1))),
    ],
)
def test_the_profile_says_who_agrees(
    deciders: Deciders, *, by_cfo: bool, large: bool, parts: tuple[tuple[str, int], ...]
) -> None:
    assert parts_of_override(deciders, by_cfo=by_cfo, large=large) == parts


@given(deciders=st.sampled_from(Deciders), by_cfo=st.booleans())
def test_a_large_one_never_holds_by_one_person(deciders: Deciders, *, by_cfo: bool) -> None:
    assert parts_of_override(deciders, by_cfo=by_cfo, large=True) != ()
