"""The settings of the profile: what each is called, what a value of it means, what obeys it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

from finops.profile_settings import (
    NONE,
    OneOf,
    OrNone,
    Percent,
    Setting,
    Usd,
    Whole,
)
from finops.profiles import (
    AllocationLevel,
    Deciders,
    Enforcement,
    FirstAction,
    MarginWindows,
    Shown,
    StoreFailure,
)
from org.templatetags.figures import usd

WORDS: dict[str, str] = {
    Enforcement.HARD_CAPS: "hard caps",
    Enforcement.HARD_FOR_EXPERIMENTS: "hard for experiments",
    Enforcement.ALLOCATION: "allocation",
    StoreFailure.CLOSED: "closed",
    StoreFailure.CLOSED_FOR_EXPERIMENTS: "closed for experiments",
    StoreFailure.OPEN_WITH_BUCKET: "open with a bucket",
    Deciders.FOUNDER: "the founder",
    Deciders.TWO_PEOPLE: "two people",
    Deciders.TWO_AND_FINANCE: "two people and finance",
    AllocationLevel.DEVELOPER: "developer",
    AllocationLevel.TEAM: "team",
    AllocationLevel.PRODUCT: "business unit or product",
    Shown.SHOWN: "shown",
    Shown.HIDDEN: "hidden",
    MarginWindows.MINUTES_5_AND_15: "5 and 15 minutes",
    MarginWindows.MINUTES_15_AND_60: "15 and 60 minutes",
    MarginWindows.HOURS_1_AND_6: "1 and 6 hours",
    MarginWindows.DAYS_1_AND_7: "24 hours and 7 days",
    FirstAction.DOWNGRADE_THEN_BLOCK: "downgrade, then block",
    FirstAction.DOWNGRADE: "downgrade",
    FirstAction.THROTTLE_AND_ALERT: "throttle and alert",
    FirstAction.ALERT_AND_TICKET: "alert and ticket",
}
_ENFORCED: dict[str, str] = {
    Enforcement.HARD_CAPS: "Every developer and key has a hard cap, in development too.",
    Enforcement.HARD_FOR_EXPERIMENTS: "Experiments are blocked at their caps; core spend is told"
    " of and slowed, with breakers behind.",
    Enforcement.ALLOCATION: "Nobody is throttled by hand: spend is allocated and charged back,"
    " and breakers stand on products.",
}
_STORE: dict[str, str] = {
    StoreFailure.CLOSED: "A router that cannot learn what is left refuses every call.",
    StoreFailure.CLOSED_FOR_EXPERIMENTS: "A router that cannot learn what is left refuses"
    " experiments and lets core calls pass.",
    StoreFailure.OPEN_WITH_BUCKET: "A router that cannot learn what is left lets calls pass, up"
    " to a bucket of 1% of the daily cap.",
}


class Wording(NamedTuple):
    """What a setting is called, what a value of it means, and what obeys it here."""

    label: str
    means: Callable[[Any], str]
    obeyed_by: str = ""


WORDING: dict[str, Wording] = {
    "enforcement": Wording("Enforcement", lambda v: _ENFORCED[v]),
    "developer_daily_cap_usd": Wording(
        "Daily cap of a developer",
        lambda v: "No cap." if v is None else f"A developer spends at most {usd(v)} a day.",
    ),
    "developer_alert_p99": Wording(
        "Alert on a developer",
        lambda v: (
            "No alert."
            if v is None
            else f"A day of {plain(v)} times the P99 of all developers is told of."
        ),
    ),
    "org_cap_of_cash": Wording(
        "Daily cap of the company",
        lambda v: (
            "No cap by cash."
            if v is None
            else f"Thirty days may cost {share(v)} of the cash: a thirtieth of that a day."
        ),
    ),
    "store_failure": Wording("When routers cannot ask", lambda v: _STORE[v]),
    "override_deciders": Wording(
        "Who lets calls pass a limit",
        lambda v: f"Let by {WORDS[v]}, for a while and by a number.",
        "the approval limits, until somebody sets others",
    ),
    "override_hours": Wording(
        "How long that lasts", lambda v: f"After {counted(v, 'hour')} the limit holds again."
    ),
    "pool_share": Wording(
        "Experimentation pool, at most",
        lambda v: (
            f"A budget that draws on the company's fund holds at most {share(v)} of its"
            " money for experiments."
        ),
        "requests for budgets and their approval",
    ),
    "pool_overbooking": Wording(
        "Overbooking of a pool",
        lambda v: (
            "A pool promises what it holds and no more."
            if v == 1
            else f"A pool promises up to {plain(v)} times what it holds: not every cap is used up."
        ),
        "requests for experiments and their approval",
    ),
    "experiment_days": Wording(
        "Length of an experiment, at most",
        lambda v: f"An experiment ends within {counted(v, 'day')}.",
        "requests for experiments",
    ),
    "extension_days": Wording(
        "More time for an experiment, at most",
        lambda v: f"Once, {counted(v, 'day')} may be added." if v else "No time may be added.",
        "requests for more time",
    ),
    "cv_limit": Wording(
        "Scatter of a stable baseline, at most",
        lambda v: f"Days, weekdays evened out, may scatter by {plain(v)} of their mean.",
    ),
    "data_lag_days": Wording(
        "A day is final after",
        lambda v: f"Figures of a day are final {counted(v, 'day')} later.",
        "gate 1 of experiments",
    ),
    "allocation_level": Wording(
        "Spend is allocated to", lambda v: f"Every call belongs to a {WORDS[v]}."
    ),
    "allocation_target": Wording(
        "Share of spend allocated, at least", lambda v: f"{share(v)} of spend has an owner."
    ),
    "runway_line": Wording(
        "Runway",
        lambda v: (
            "The overview says how long the cash lasts."
            if v == Shown.SHOWN
            else "The overview does not speak of cash."
        ),
    ),
    "gm_floor": Wording(
        "Margin floor",
        lambda v: f"A gross margin under {share(v)} is acted on.",
        "gate 1 of experiments",
    ),
    "margin_windows": Wording(
        "Windows of the margin", lambda v: f"It is under the floor over {WORDS[v]} both."
    ),
    "first_action": Wording("First action", lambda v: f"Then: {WORDS[v]}."),
    "roi_hurdle": Wording(
        "Return an internal experiment needs",
        lambda v: f"Benefit exceeds cost by {share(v)} or more." if v else "Benefit exceeds cost.",
        "gate 1 of experiments",
    ),
    "avoidable_limit": Wording(
        "Avoidable spend, at most",
        lambda v: f"{share(v)} of spend may go to needless models.",
        "gate 2 of experiments",
    ),
    "default_tier": Wording(
        "Tier of a task without label", lambda v: f"It runs on a model of {v.value}."
    ),
    "waiver_quarters": Wording(
        "Waiver of the floor, at most",
        lambda v: (
            f"The floor may be waived for {counted(v, 'quarter')}."
            if v
            else "The floor is never waived."
        ),
        "gate 2 of experiments",
    ),
}


def value_in_words(setting: Setting, value: Any) -> str:
    """Write a value as people say it."""
    if value is None:
        return NONE
    kind = setting.kind.kind if isinstance(setting.kind, OrNone) else setting.kind
    match kind:
        case Percent():
            return share(value)
        case Usd():
            return usd(value)
        case Whole():
            return counted(value, kind.noun.removesuffix("s"))
        case OneOf():
            return WORDS.get(value, str(value))
        case _:
            return plain(value)


def share(share: Decimal) -> str:
    """Write a share with the decimals it has: 7.5%, 16.875%."""
    return f"{plain(share * 100)}%"


def plain(value: Decimal) -> str:
    return f"{value.normalize():,f}"


def counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
