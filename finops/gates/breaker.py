"""Gate 3: whether limits that routers obey keep a runaway experiment small."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from finops.gates.criteria import (
    Criterion,
    Judgement,
    Unit,
    Verdict,
    at_least,
    at_most,
    holds,
    judgement,
)
from finops.money import ROUNDED, calculated_in, to_cents
from finops.stability.figures import nearest_rank

DAYS_OF_P95 = Decimal(2)  # a daily cap is at most so many P95 days
SHARES_LEFT = Decimal(5)  # and at most one part of what is left in so many
MOST_OVERSHOOT = Decimal("0.05")
TRIP_TEST_DAYS = 30
FEWEST_DAYS = 14
RATES = ("requests", "tokens", "dollars")


@dataclass(frozen=True, slots=True, kw_only=True)
class TripTest:
    """A synthetic loop let run against the cap, and where the breaker stopped it.

    `routers` were connected, of which `seen` had the block after `seconds` at most; without
    any the seconds are those until the server had published it.
    """

    cap_usd: Decimal
    stopped_usd: Decimal
    days_ago: int
    kill_switch: bool = True
    routers: int = 0
    seen: int = 0
    seconds: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """What is known of an experiment's limits, as routers have them.

    `daily_cap_usd` is that of the hard cap in the published policy, None where there is
    none. `expected_usd` is the P95 day, `rates` are the limits per minute that are set.
    Of the routers `acknowledging` run the revision or a newer one.
    """

    revision: int | None
    daily_cap_usd: Decimal | None
    expected_usd: Decimal | None
    left_usd: Decimal | None
    rates: Sequence[str]
    blocks_when_stale: bool | None
    routers: int
    acknowledging: int
    owner: str | None
    on_call: str | None
    trip_test: TripTest | None


def judge_breaker(known: Protection) -> Judgement:
    """Return the judgement: any control that is missing or only intended defers."""
    return judgement(
        [
            _published(known),
            _fits_a_day(known),
            _fits_what_is_left(known),
            _rates(known),
            _action(known),
            _acknowledged(known),
            _people(known),
            _tripped(known.trip_test),
        ]
    )


@calculated_in(ROUNDED)
def p95_day(days_usd: Sequence[Decimal]) -> Decimal | None:
    """Return the day that 95 % of the days do not exceed, by nearest rank; None below 14 days."""
    if len(days_usd) < FEWEST_DAYS:
        return None
    return nearest_rank(days_usd, Decimal("0.95"))


@calculated_in(ROUNDED)
def overshoot(test: TripTest) -> Decimal:
    """Return by which share of the cap the spend had gone beyond it when it was stopped."""
    return (test.stopped_usd - test.cap_usd) / test.cap_usd


def _published(known: Protection) -> Criterion:
    if known.revision is None:
        says = "Nothing is published yet: routers know of no cap."
    elif known.daily_cap_usd is None:
        says = f"Revision {known.revision} of the policy has no hard daily cap for it: set one."
    else:
        says = f"Revision {known.revision} of the policy blocks it at {_usd(known.daily_cap_usd)}."
    return Criterion(
        code="daily_cap",
        label="A hard daily cap stands in the published policy",
        measured=known.daily_cap_usd,
        limit=None,
        unit=Unit.USD,
        verdict=holds(fact=known.daily_cap_usd is not None),
        says=says,
    )


def _fits_a_day(known: Protection) -> Criterion:
    limit = None if known.expected_usd is None else known.expected_usd * DAYS_OF_P95
    verdict = at_most(known.daily_cap_usd, limit)
    if limit is None:
        says = (
            f"Fewer than {FEWEST_DAYS} full days of spend are known:"
            " say what a busy day is expected to cost."
        )
    else:
        says = f"Lower the daily cap to {_usd(limit)}, twice the busy day, or below."
    return Criterion(
        code="cap_to_day",
        label="The daily cap is at most twice the expected P95 day",
        measured=known.daily_cap_usd,
        limit=limit,
        unit=Unit.USD,
        verdict=verdict,
        says=_or_fine(verdict, says),
    )


@calculated_in(ROUNDED)
def _fits_what_is_left(known: Protection) -> Criterion:
    limit = None if known.left_usd is None else max(known.left_usd, Decimal(0)) / SHARES_LEFT
    verdict = at_most(known.daily_cap_usd, limit)
    says = (
        "What is left is not known while calls have no price."
        if limit is None
        else f"Lower the daily cap to {_usd(limit)}, a fifth of what is left, or below."
    )
    return Criterion(
        code="cap_to_rest",
        label="The daily cap is at most a fifth of what is left of the allocation",
        measured=known.daily_cap_usd,
        limit=limit,
        unit=Unit.USD,
        verdict=verdict,
        says=_or_fine(verdict, says),
    )


def _rates(known: Protection) -> Criterion:
    missing = [rate for rate in RATES if rate not in known.rates]
    verdict = at_least(len(known.rates), len(RATES)) if known.revision else Verdict.UNKNOWN
    return Criterion(
        code="rates",
        label="Requests, tokens and dollars a minute are limited",
        measured=len(known.rates) if known.revision else None,
        limit=len(RATES),
        unit=Unit.COUNT,
        verdict=verdict,
        says=_or_fine(
            verdict, f"The published policy sets no limit a minute of {' and '.join(missing)}."
        ),
    )


def _action(known: Protection) -> Criterion:
    verdict = holds(fact=known.blocks_when_stale)
    return Criterion(
        code="action",
        label="The breaker has an action also where a router has lost the policy",
        measured=None if known.blocks_when_stale is None else _yes(known.blocks_when_stale),
        limit="yes",
        unit=Unit.WORD,
        verdict=verdict,
        says=_or_fine(
            verdict, "A router that has lost the policy goes on without a limit: let it block."
        ),
    )


def _acknowledged(known: Protection) -> Criterion:
    measured = known.acknowledging if known.routers else None
    verdict = at_least(measured, known.routers)
    late = known.routers - known.acknowledging
    says = (
        f"{late} of {known.routers} routers do not run revision {known.revision}:"
        " see the fleet on the page of the policy."
        if known.routers
        else "No router has reported yet, so nobody obeys the cap."
    )
    return Criterion(
        code="acknowledged",
        label="Every router runs the revision",
        measured=measured,
        limit=known.routers or None,
        unit=Unit.COUNT,
        verdict=verdict,
        says=_or_fine(verdict, says),
    )


def _people(known: Protection) -> Criterion:
    named = [name for name in (known.owner, known.on_call) if name]
    missing = [
        part
        for part, name in (("an owner", known.owner), ("somebody on call", known.on_call))
        if not name
    ]
    verdict = holds(fact=not missing)
    return Criterion(
        code="people",
        label="An owner and somebody on call can sign in",
        measured=" and ".join(named) or "nobody",
        limit="both",
        unit=Unit.WORD,
        verdict=verdict,
        says=_or_fine(verdict, f"Name {' and '.join(missing)} with an active account."),
    )


def _tripped(test: TripTest | None) -> Criterion:
    recent = test if test is not None and test.days_ago <= TRIP_TEST_DAYS else None
    usable = recent if recent is not None and recent.kill_switch else None
    measured = overshoot(usable) if usable else None
    if usable is not None:
        says = _stopped(usable)
    elif recent is not None:
        says = "The last trip test did not use the kill switch: run another one."
    else:
        says = (
            f"No live trip test of the last {TRIP_TEST_DAYS} days is on record: what is only"
            " documented does not pass. Let a synthetic loop run against the cap."
        )
    return Criterion(
        code="trip_test",
        label=f"A live trip test within {TRIP_TEST_DAYS} days overshot by at most 5 %",
        measured=measured,
        limit=MOST_OVERSHOOT,
        unit=Unit.SHARE,
        verdict=at_most(measured, MOST_OVERSHOOT),
        says=says,
    )


def _stopped(test: TripTest) -> str:
    """Say where the loop was stopped, and how far that was measured."""
    says = (
        f"The loop was stopped at {_usd(test.stopped_usd)}, {overshoot(test):.1%} beyond"
        f" the cap of {_usd(test.cap_usd)}, where {MOST_OVERSHOOT:.0%} is the most."
    )
    after = "" if test.seconds is None else f" after {test.seconds} s"
    if not test.routers:
        return f"{says} Measured at the server only: no router was connected."
    return f"{says} {test.seen} of {test.routers} routers had the block{after}."


def _or_fine(verdict: Verdict, says: str) -> str:
    return "It holds." if verdict == Verdict.MET else says


def _usd(value: Decimal) -> str:
    return f"${to_cents(value):,}"


def _yes(fact: bool) -> str:  # noqa: FBT001 -- a word for a fact
    return "yes" if fact else "no"
