"""Company profiles: every cell of both tables, and what lies between the columns."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.presets import profile_of, size_of
from finops.profile_settings import DERIVED, SETTINGS, BadSetting
from finops.profiles import (
    AllocationLevel,
    Deciders,
    Enforcement,
    FirstAction,
    MarginWindows,
    Profile,
    Risk,
    Shown,
    Size,
    StoreFailure,
    Tier,
    org_daily_cap_usd,
)

D = Decimal
# At a margin of 60 % the pool's multiplier is 1 and margin says nothing of the store.
BY_SIZE: dict[str, tuple[Any, Any, Any]] = {
    "primary_risk": (Risk.RUNWAY, Risk.BUDGET_SHOCK, Risk.MARGIN),
    "enforcement": (
        Enforcement.HARD_CAPS,
        Enforcement.HARD_FOR_EXPERIMENTS,
        Enforcement.ALLOCATION,
    ),
    "developer_daily_cap_usd": (D(25), D(75), None),
    "developer_alert_p99": (None, None, D(2)),
    "org_cap_of_cash": (D("0.01"), None, None),
    "store_failure": (
        StoreFailure.CLOSED,
        StoreFailure.CLOSED_FOR_EXPERIMENTS,
        StoreFailure.OPEN_WITH_BUCKET,
    ),
    "override_deciders": (Deciders.FOUNDER, Deciders.TWO_PEOPLE, Deciders.TWO_AND_FINANCE),
    "override_hours": (4, 24, 24),
    "pool_share": (D("0.20"), D("0.15"), D("0.10")),
    "pool_overbooking": (D("1.0"), D("1.15"), D("1.3")),
    "experiment_days": (30, 60, 90),
    "extension_days": (30, 30, 60),
    "cv_limit": (D("0.25"), D("0.35"), D("0.50")),
    "data_lag_days": (1, 3, 5),
    "allocation_level": (
        AllocationLevel.DEVELOPER,
        AllocationLevel.TEAM,
        AllocationLevel.PRODUCT,
    ),
    "allocation_target": (D(1), D("0.95"), D("0.98")),
    "runway_line": (Shown.SHOWN, Shown.HIDDEN, Shown.HIDDEN),
}
# For a startup, whose pool holds 20 % before the multiplier.
BY_MARGIN: dict[str, tuple[Any, Any, Any, Any]] = {
    "gm_floor": (D("0.19"), D("0.38"), D("0.56"), D("0.72")),
    "gm_buffer": (D("0.01"), D("0.02"), D("0.04"), D("0.08")),
    "margin_windows": (
        MarginWindows.MINUTES_5_AND_15,
        MarginWindows.MINUTES_15_AND_60,
        MarginWindows.HOURS_1_AND_6,
        MarginWindows.DAYS_1_AND_7,
    ),
    "first_action": (
        FirstAction.DOWNGRADE_THEN_BLOCK,
        FirstAction.DOWNGRADE,
        FirstAction.THROTTLE_AND_ALERT,
        FirstAction.ALERT_AND_TICKET,
    ),
    "roi_hurdle": (D(1), D("0.5"), D("0.25"), D(0)),
    "avoidable_limit": (D("0.05"), D("0.08"), D("0.10"), D("0.15")),
    "default_tier": (Tier.T1, Tier.T1, Tier.T2, Tier.T2),
    "waiver_quarters": (0, 0, 1, 2),
    "pool_share": (D("0.10"), D("0.15"), D("0.20"), D("0.25")),
}
MARGINS = (D("0.20"), D("0.40"), D("0.60"), D("0.80"))
sizes = st.sampled_from(Size)
targets = st.decimals(D("0.01"), D("0.99"), places=4)


@pytest.mark.parametrize("name", BY_SIZE)
def test_size_presets_the_mechanism(name: str) -> None:
    found = tuple(getattr(profile_of(size, D("0.60")), name) for size in Size)

    assert found == BY_SIZE[name]


@pytest.mark.parametrize("name", BY_MARGIN)
def test_margin_presets_the_thresholds(name: str) -> None:
    found = tuple(getattr(profile_of(Size.STARTUP, target), name) for target in MARGINS)

    assert found == BY_MARGIN[name]


def test_the_tables_leave_no_setting_out() -> None:
    assert set(BY_SIZE) | set(BY_MARGIN) - {"gm_buffer"} == SETTINGS.keys() | {"primary_risk"}
    assert {"primary_risk", "gm_target"} == DERIVED


@pytest.mark.parametrize(
    ("people", "size"),
    [
        (1, Size.STARTUP),
        (100, Size.STARTUP),
        (101, Size.MID),
        (2000, Size.MID),
        (2001, Size.ENTERPRISE),
    ],
)
def test_people_make_the_size(people: int, size: Size) -> None:
    assert size_of(people) == size


def test_nobody_is_no_company() -> None:
    with pytest.raises(ValueError, match="0 is none"):
        size_of(0)


def test_a_middling_company_of_thin_margin() -> None:
    profile = profile_of(Size.MID, D("0.20"))

    assert profile.pool_share == D("0.075")
    assert profile.gm_floor == D("0.19")
    assert profile.roi_hurdle == 1
    assert profile.first_action == FirstAction.DOWNGRADE_THEN_BLOCK
    assert profile.margin_windows == MarginWindows.MINUTES_5_AND_15


def test_an_enterprise_of_wide_margin() -> None:
    profile = profile_of(Size.ENTERPRISE, D("0.80"))

    assert profile.pool_share == D("0.125")
    assert profile.gm_floor == D("0.72")
    assert profile.first_action == FirstAction.ALERT_AND_TICKET
    assert profile.waiver_quarters == 2


def test_between_two_columns_numbers_are_interpolated_and_words_follow_the_smaller_margin() -> None:
    """70 % lies half way from 60 to 80: buffer 6, hurdle 12.5, avoidable 12.5, multiplier 1.125."""
    profile = profile_of(Size.MID, D("0.70"))

    assert profile.gm_floor == D("0.64")
    assert profile.roi_hurdle == D("0.125")
    assert profile.avoidable_limit == D("0.125")
    assert profile.pool_share == D("0.16875")
    assert profile.waiver_quarters == 1
    assert profile.margin_windows == MarginWindows.HOURS_1_AND_6
    assert profile.first_action == FirstAction.THROTTLE_AND_ALERT


def test_beyond_the_outermost_columns_these_hold() -> None:
    assert profile_of(Size.MID, D("0.10")).gm_floor == D("0.09")
    assert profile_of(Size.MID, D("0.95")).gm_floor == D("0.87")
    assert profile_of(Size.MID, D("0.95")).waiver_quarters == 2


@pytest.mark.parametrize("target", ["0", "0.0099", "0.9901", "1", "-0.2"])
def test_a_target_that_is_none_is_refused(target: str) -> None:
    with pytest.raises(ValueError, match=r"0\.01 and 0\.99"):
        profile_of(Size.MID, D(target))


def test_of_two_that_speak_of_the_store_the_stricter_wins() -> None:
    thin, wide = D("0.39"), D("0.40")

    assert profile_of(Size.ENTERPRISE, thin).store_failure == StoreFailure.CLOSED
    assert profile_of(Size.ENTERPRISE, wide).store_failure == StoreFailure.OPEN_WITH_BUCKET
    assert profile_of(Size.STARTUP, wide).store_failure == StoreFailure.CLOSED


def test_a_startup_may_spend_a_hundredth_of_its_cash_in_thirty_days() -> None:
    cash_usd = D(1_800_000)

    assert org_daily_cap_usd(profile_of(Size.STARTUP, D("0.6")), cash_usd=cash_usd) == 600
    assert org_daily_cap_usd(profile_of(Size.MID, D("0.6")), cash_usd=cash_usd) is None


@given(size=sizes, low=targets, high=targets)
def test_a_wider_margin_never_makes_anything_stricter(
    size: Size, low: Decimal, high: Decimal
) -> None:
    narrow, wide = profile_of(size, min(low, high)), profile_of(size, max(low, high))

    assert narrow.roi_hurdle >= wide.roi_hurdle
    assert narrow.avoidable_limit <= wide.avoidable_limit
    assert narrow.pool_share <= wide.pool_share
    assert narrow.gm_buffer <= wide.gm_buffer
    assert narrow.gm_floor <= wide.gm_floor
    assert narrow.waiver_quarters <= wide.waiver_quarters


@given(size=sizes, target=targets)
def test_the_floor_lies_beneath_the_target_and_never_below_nothing(
    size: Size, target: Decimal
) -> None:
    profile = profile_of(size, target)

    assert 0 <= profile.gm_floor < profile.gm_target == target


@given(size=sizes, target=st.sampled_from([*MARGINS, D("0.70"), D("0.50")]))
def test_a_value_is_read_as_it_is_written(size: Size, target: Decimal) -> None:
    profile: Profile = profile_of(size, target)

    for setting in SETTINGS.values():
        value = setting.of(profile)
        assert setting.kind.read(setting.kind.write(value)) == value


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("pool_share", "7.5", D("0.075")),
        ("pool_share", " 7.5 % ", D("0.075")),
        ("experiment_days", "45", 45),
        ("experiment_days", "45 days", 45),
        ("developer_daily_cap_usd", "None", None),
        ("developer_daily_cap_usd", "12.50", D("12.5")),
        ("pool_overbooking", "1.15", D("1.15")),
        ("first_action", "downgrade", FirstAction.DOWNGRADE),
        ("extension_days", "0", 0),
    ],
)
def test_what_a_person_types_is_read(name: str, typed: str, value: object) -> None:
    assert SETTINGS[name].kind.read(typed) == value


@pytest.mark.parametrize(
    ("name", "typed", "told"),
    [
        ("pool_share", "101", "“101” is no percentage from 0 to 100"),
        ("pool_share", "-1", "“-1” is no percentage"),
        ("pool_share", "1e1", "“1e1” is no percentage"),
        ("experiment_days", "0", "“0” is no whole number of days from 1 to 366."),
        ("experiment_days", "1.5", "“1.5” is no whole number"),
        ("experiment_days", "٣", "is no whole number"),
        ("cv_limit", "0.71", "from 0.01 to 0.7"),
        ("override_hours", "25", "hours from 1 to 24"),
        ("first_action", "panic", "“panic” is none of downgrade_then_block, downgrade"),
        ("pool_overbooking", "none", "“none” is no number from 1 to 2"),
        ("waiver_quarters", "3", "quarters from 0 to 2"),
    ],
)
def test_what_is_no_value_is_told(name: str, typed: str, told: str) -> None:
    with pytest.raises(BadSetting) as refusal:
        SETTINGS[name].kind.read(typed)

    assert told in str(refusal.value)
