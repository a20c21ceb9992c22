"""The event table of gate 4, line by line, through the ledger and the operations of the product.

Each story plays on days counted from the first, on which gates 1 to 3 were passed: that day
never counts. Eight calls of $5.00 together come in on each day unless the story says otherwise.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from budgets.models import Initiative
from budgets.operations.baseline_notes import About, lift_freeze, note_holiday, note_outage
from budgets.operations.gate_changes import revoke_changed
from budgets.queries.baseline_standing import BaselineStanding, baseline_standing
from finops.periods import ONE_DAY
from ingestion.operations.prices import OwnPrices, set_prices
from policy.models import Cap, Scope
from policy.operations.breaker import block, unblock
from policy.operations.scopes import put_cap
from policy.operations.upkeep import keep_up
from policy.operations.usage import take_usage
from tests.factories.baselines import calls_of, gated, measured, push
from tests.factories.overrides import overridden
from tests.factories.profile import answered
from tests.factories.trip_tests import trip_tested
from tests.org_cast import Cast

DAYS = 8
GATE, PLAIN = "gate_not_passed", "plain"


@dataclass
class World:
    """An experiment and the days of its story."""

    cast: Cast
    initiative: Initiative
    first: datetime
    spent: dict[int, str | None] = field(default_factory=dict)
    calls: list[dict[str, Any]] = field(default_factory=list)

    def moment(self, place: int) -> datetime:
        return self.first + ONE_DAY * place

    def day(self, place: int) -> date:
        return self.moment(place).date()

    @property
    def scope(self) -> Scope:
        return Scope.objects.get(slug=f"initiative:{self.initiative.slug}")

    @property
    def about(self) -> About:
        return About(initiative=self.initiative)

    def capped(self, place: int, usd: str) -> None:
        put_cap(
            scope=self.scope,
            window=Cap.Window.DAY,
            limit_usd=Decimal(usd),
            mode=Cap.Mode.HARD,
            starts_on=self.initiative.starts_on,
            ends_on=None,
            by=self.cast.carl,
            at=self.moment(place),
        )

    def held(self, slug: str, since: int, until: int, code: str = "stopped") -> None:
        scope = Scope.objects.get(slug=slug)
        text, by = "Calls repeat themselves.", self.cast.carl
        block(scope=scope, code=code, text=text, by=by, at=self.moment(since))
        unblock(scope=scope, by=self.cast.carl, at=self.moment(until), reason="Mended.")

    def out(self, place: int, hours: str, about: About | None = None) -> None:
        note_outage(
            about=about or self.about,
            on=self.day(place),
            provider="openai",
            hours=Decimal(hours),
            reason="Elevated errors.",
            by=self.cast.ed,
            at=self.moment(place),
        )

    def off(self, place: int, *, told: int) -> None:
        note_holiday(
            about=self.about,
            starts_on=self.day(place),
            last_on=self.day(place),
            reason="Offices are closed.",
            by=self.cast.ed,
            at=self.moment(told),
        )


Story = Callable[[World], object]


def both(first: Story, then: Story) -> Story:
    """Play two stories, one after the other."""

    def play(world: World) -> None:
        first(world)
        then(world)

    return play


def told(world: World, *, days: int, silent_from: int | None = None) -> None:
    """Push what every day spent; the provider tells of the day after, unless it went silent."""
    calls = list(world.calls)
    for place in range(days):
        usd = world.spent.get(place, "5.00")
        if usd is not None and (silent_from is None or place < silent_from):
            calls += calls_of(world.day(place), usd=usd)
    if silent_from is None:
        calls += calls_of(world.day(days), usd="1.00", workflow="elsewhere")
    push(world.cast, calls, on=world.day(days))


def found(world: World, *, days: int, rests: bool = False) -> BaselineStanding:
    initiative = Initiative.objects.select_related("unit", "cost_object").get()
    return baseline_standing(initiative, on=world.day(days), rests=rests)


def spends(**amounts: str | None) -> Story:
    """Let days, `d3` the third after the first, spend other amounts, or nothing at all."""

    def play(world: World) -> None:
        world.spent |= {int(name[1:]): usd for name, usd in amounts.items()}

    return play


def unpriced(*places: int) -> Story:
    """Let half of the calls of some days be of a model that nobody has a price for."""

    def play(world: World) -> None:
        for place in places:
            for call in calls_of(world.day(place), usd="4.00"):
                more = {key: value for key, value in call.items() if key != "cost_usd"}
                world.calls.append(more | {"id": f"x{call['id']}", "model": "nobody-knows"})

    return play


def slowed_by_load(world: World) -> None:
    """Let the day's spend come near its cap, so that the breaker slows it until the next day."""
    world.spent[3] = None
    evening = world.moment(3) + ONE_DAY / 4
    take_usage(records=calls_of(world.day(3), usd="8.80"), by=world.cast.ed, at=evening)
    for hours in (0, 1):
        keep_up(at=world.moment(4) + timedelta(hours=hours))


def overridden_cap(world: World) -> None:
    cap = Cap.objects.get(scope=world.scope, window="day", retired_at=None)
    overridden(cap, by=world.cast.carl, at=world.moment(3), limit_usd=Decimal("12.00"))


def more_money(world: World) -> None:
    """Let the whole cap be raised, which gates 2 and 3 were not passed on; the night finds it."""
    Initiative.objects.update(cap_usd=Decimal("450.00"))
    assert revoke_changed(at=world.moment(4)) != []


def another_price(world: World) -> None:
    prices = OwnPrices("openai", "gpt-4o", {"in_text": Decimal(1)}, starts_at=world.moment(4))
    set_prices(draft=prices, by=world.cast.fiona, at=world.moment(4))


def lifted(world: World) -> None:
    told(world, days=6)
    world.spent |= dict.fromkeys(range(6), None)
    lift_freeze(
        initiative=Initiative.objects.select_related("unit", "cost_object").get(),
        reason="The retries are limited to two.",
        by=world.cast.ed,
        at=world.moment(6),
    )


# The story, which days are judged by another rule than plain, and how many count in a row.
LINES: Mapping[str, tuple[Story, Mapping[int, str], int]] = {
    "nothing happened": (spends(), {}, 7),
    "at the cap": (spends(d3="10.00"), {}, 7),
    "over the cap": (spends(d3="10.01"), {3: "over_cap"}, 4),
    "a second breach freezes": (
        spends(d2="10.01", d4="10.01"),
        {2: "over_cap", 4: "over_cap", 5: "frozen", 6: "frozen", 7: "frozen"},
        0,
    ),
    "the freeze is lifted": (
        both(spends(d2="10.01", d4="10.01"), lifted),
        {2: "over_cap", 4: "over_cap", 5: "frozen"},
        2,
    ),
    "slowed by load": (slowed_by_load, {3: "limited", 4: "limited"}, 3),
    "blocked for a loop": (
        lambda world: world.held("initiative:support-drafter", 2, 4, code="loop"),
        {2: "limited", 3: "limited", 4: "limited"},
        3,
    ),
    "blocked and let go on one day": (
        lambda world: world.held("initiative:support-drafter", 3, 3),
        {3: "limited"},
        4,
    ),
    "its unit was blocked": (
        lambda world: world.held("unit:support", 3, 3),
        {3: "limited"},
        4,
    ),
    "everything was blocked": (lambda world: world.held("org", 3, 3), {3: "limited"}, 4),
    "a trip test": (
        lambda world: trip_tested(world.scope, by=world.cast.ed, at=world.moment(3)),
        {3: "trip_test"},
        7,
    ),
    "an outage of less than four hours": (
        lambda world: world.out(3, "3.99"),
        {3: "short_outage"},
        7,
    ),
    "an outage of four hours": (lambda world: world.out(3, "4"), {3: "long_outage"}, 4),
    "an outage told for everybody": (
        lambda world: world.out(3, "5", About()),
        {3: "long_outage"},
        4,
    ),
    "a holiday noted in time": (
        both(spends(d3=None), lambda world: world.off(3, told=2)),
        {3: "holiday"},
        7,
    ),
    "no holiday was noted": (spends(d3=None), {3: "no_use"}, 6),
    "a material change": (
        more_money,
        {4: "material_change", 5: GATE, 6: GATE, 7: GATE},
        0,
    ),
    "the cap was raised": (lambda world: world.capped(3, "12.00"), {3: "cap_raised"}, 4),
    "an override let more through": (overridden_cap, {3: "cap_raised"}, 4),
    "the cap was lowered": (lambda world: world.capped(5, "6.00"), {5: "cap_lowered"}, 7),
    "every day keeps the lower cap": (
        both(spends(d2="6.40"), lambda world: world.capped(5, "6.00")),
        {2: "over_cap", 5: "cap_lowered"},
        5,
    ),
    "a day before the pass need not keep it": (
        both(spends(d0="6.40"), lambda world: world.capped(5, "6.00")),
        {0: "over_cap", 5: "cap_lowered"},
        7,
    ),
    "another price": (another_price, {4: "price_change"}, 7),
    "a day that is not known well enough": (unpriced(6), {6: "not_complete"}, 6),
    "two of them": (unpriced(5, 6), {5: "not_complete", 6: "not_complete"}, 5),
    "a third one": (
        unpriced(5, 6, 7),
        {5: "not_complete", 6: "not_complete", 7: "paused_too_often"},
        0,
    ),
    "a third pause of another kind": (
        both(unpriced(5), spends(d2=None, d6=None)),
        {2: "no_use", 5: "not_complete", 6: "paused_too_often"},
        1,
    ),
}


@pytest.fixture
def world(cast: Cast, at: datetime) -> World:
    return World(cast, gated(cast, at=at), at)


@pytest.mark.parametrize("name", LINES)
def test_a_line_of_the_table_has_its_effect(world: World, name: str) -> None:
    story, otherwise, length = LINES[name]

    story(world)
    told(world, days=DAYS)

    standing = found(world, days=DAYS)
    rules = {place: each.rule.value for place, each in enumerate(standing.streak.judged)}
    assert rules == dict.fromkeys(range(DAYS), PLAIN) | {0: GATE} | dict(otherwise)
    assert standing.streak.length == length


def test_more_than_was_allotted_breaks_every_day_from_then_on(cast: Cast, at: datetime) -> None:
    world = World(cast, gated(cast, at=at, cap_usd=Decimal("20.00")), at)
    told(world, days=6)

    standing = found(world, days=6)

    # $20 are spent after four days; the fifth is a breach, and so is the sixth: frozen.
    rules = [each.rule.value for each in standing.streak.judged]
    assert rules == [GATE, PLAIN, PLAIN, PLAIN, "over_allocation", "over_allocation"]
    assert standing.streak.is_frozen


@pytest.mark.parametrize(
    ("days", "rests", "rules"),
    [
        # The 20th of November 2026 is a Friday: the days after it are a weekend.
        (4, False, [GATE, "no_use", "no_use", PLAIN]),
        (4, True, [GATE, "off_day", "off_day", PLAIN]),
    ],
)
def test_a_day_without_use_counts_only_where_the_schedule_says_off(
    world: World, days: int, *, rests: bool, rules: Sequence[str]
) -> None:
    spends(d1=None, d2=None)(world)
    told(world, days=days)

    judged = found(world, days=days, rests=rests).streak.judged

    assert [each.rule.value for each in judged] == rules


@pytest.mark.parametrize(
    ("today", "rule"),
    [
        (4, "not_complete"),
        (10, "not_complete"),  # seven days later it may still come
        (11, "not_filled_in"),
    ],
)
def test_a_provider_that_stays_silent_breaks_the_run_after_seven_days(
    world: World, today: int, rule: str
) -> None:
    told(world, days=3, silent_from=3)

    judged = found(world, days=today).streak.judged

    assert judged[3].rule == rule


def test_a_day_that_is_filled_in_within_seven_days_counts_as_any_other(world: World) -> None:
    told(world, days=3, silent_from=3)
    before = found(world, days=5)
    assert (before.streak.length, before.paused_days) == (2, 2)

    for place in (3, 4):
        push(world.cast, calls_of(world.day(place)), on=world.day(6))
    push(world.cast, calls_of(world.day(5), workflow="elsewhere"), on=world.day(6))

    after = found(world, days=5)
    assert (after.streak.length, after.paused_days) == (4, 0)


def test_a_missing_day_in_the_middle_pauses_and_the_run_goes_on_when_it_comes(
    world: World,
) -> None:
    """The calls of a day come without prices; a price that is set later fills it in."""
    unpriced(4)(world)
    told(world, days=6)
    paused = found(world, days=6)
    assert [each.rule.value for each in paused.streak.judged][4] == "not_complete"
    assert (paused.streak.length, paused.paused_days) == (4, 1)
    assert paused.streak.judged[4].says.startswith("Only 50.0% of what is metered had come in")


@pytest.mark.parametrize(("people", "lag_days"), [(60, 1), (400, 3), (3000, 5)])
def test_a_day_is_final_by_the_profile_of_the_company(
    world: World, people: int, lag_days: int
) -> None:
    if people != 3000:  # the cast's company is an enterprise already
        answered(world.cast.carl, at=world.moment(0), people=people)
    told(world, days=DAYS)

    standing = found(world, days=DAYS)

    assert standing.lag_days == lag_days
    assert len(standing.final.counted) == DAYS - lag_days
    # Day 30 is the 23rd from today on, today among them, and then the late data.
    expected = world.day(DAYS) + timedelta(days=22 + lag_days)
    assert standing.streak.earliest_pass == expected


def test_a_cap_that_is_raised_on_day_29_begins_the_run_anew(world: World) -> None:
    world.capped(29, "12.00")
    told(world, days=32)

    standing = found(world, days=32)

    assert standing.streak.judged[29].rule == "cap_raised"
    assert [len(run.counted) for run in standing.streak.runs] == [0, 28, 2]
    # Today is the third day of the new run, so the thirtieth comes in 27; five for late data.
    assert standing.streak.earliest_pass == world.day(32) + timedelta(days=27 + 5)


PRICED = {"in_text": Decimal("2.50"), "out_text": Decimal("10.00")}


def unstated(world: World, days: int) -> None:
    """Push a million tokens in and half a million out on each day, priced by the book."""
    calls = []
    for place in range(days):
        for call in calls_of(world.day(place)):
            plain = {key: value for key, value in call.items() if key != "cost_usd"}
            calls.append(plain | {"tokens": {"in_text": 125_000, "out_text": 62_500}})
    push(world.cast, calls, on=world.day(days))
    told(world, days=0)


def test_a_price_that_falls_does_not_look_like_decay(world: World) -> None:
    """$7.50 a day, and from day 18 on $3.75: at the newest price every day costs $3.75."""
    at, by = world.moment(0), world.cast.fiona
    set_prices(draft=OwnPrices("openai", "gpt-4o", PRICED), by=by, at=at)
    half = {meter: usd / 2 for meter, usd in PRICED.items()}
    since = world.moment(18).replace(hour=0)
    set_prices(draft=OwnPrices("openai", "gpt-4o", half, starts_at=since), by=by, at=at)
    world.spent |= dict.fromkeys(range(36), None)
    unstated(world, days=36)
    push(world.cast, calls_of(world.day(36), usd="1.00", workflow="elsewhere"), on=world.day(36))

    evidence = measured(world.initiative, by=world.cast.ed, at=world.moment(36))

    assert evidence["days"][17]["usd"] == "7.500000000000"
    assert (evidence["days"][18]["rule"], evidence["days"][18]["usd"]) == (
        "price_change",
        "3.750000000000",
    )
    assert evidence["length"] == 35
    # Final are days 1 to 31, so the window is 2 to 31; those before the change are priced anew.
    assert [each["on"] for each in evidence["repriced"]] == [
        world.day(place).isoformat() for place in range(2, 18)
    ]
    assert evidence["repriced"][0] == {
        "on": world.day(2).isoformat(),
        "from_usd": "7.500000000000",
        "to_usd": "3.750000000000",
        "models": ["gpt-4o"],
    }
    assert Decimal(evidence["figures"]["run_rate_usd"]).quantize(Decimal("0.01")) == Decimal("3.75")
    assert Decimal(evidence["figures"]["growth"]) == 0
    assert evidence["outcome"] == "passed"


def test_statistics_of_no_days_are_unknown_and_not_zero(world: World) -> None:
    told(world, days=1)

    standing = found(world, days=1)

    verdicts = {each.code: each.verdict.value for each in standing.judgement.criteria}
    assert [verdicts[code] for code in ("cv", "peak", "growth", "headroom", "drift")] == [
        "unknown"
    ] * 5
