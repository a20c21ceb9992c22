"""The sentences that say what is left, until when, and what happens then."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from budgets.lifecycle import InitiativeState
from budgets.models import Budget, Initiative
from budgets.queries.consequences import Consequence
from budgets.queries.core_spend import CoreSpend
from budgets.queries.experiments import InitiativeStanding
from budgets.queries.standing import CoreStanding, PoolStanding, ReserveStanding, Standing
from budgets.sentences import (
    alert_sentence,
    budget_outlook,
    budget_sentence,
    exhaustion_phrase,
    initiative_sentence,
)
from finops.backtest import Method
from finops.burn import BurnAlert
from finops.calendars import Months
from finops.forecast import Exhaustion, Forecast, Outlook, Range
from finops.periods import Period
from finops.phasing import Schedule, even_plan

ZERO = Decimal(0)
LASTS = Exhaustion(None, None, None)
MARCH = Exhaustion(date(2027, 3, 2), date(2027, 3, 14), date(2027, 4, 9))
NO_CAP = "nothing blocks new runs: no cap stands on its total"


def outlook(
    exhausts: Exhaustion | None = MARCH, *, total: int = 1_300_000, known: int = 70
) -> Outlook:
    expected_usd = Decimal(total)
    return Outlook(
        forecast=Forecast(
            first_day=date(2026, 11, 20),
            known_days=known,
            horizon=28,
            method=Method.RUN_RATE,
            errors={},
            week=(ZERO,) * 7,
            spreads=(),
        ),
        ahead=[],
        total=Range(expected_usd, expected_usd, expected_usd),
        exhausts=exhausts,
    )


NOTHING_KNOWN = Outlook(forecast=None, ahead=[], total=None, exhausts=None)


def standing(
    *,
    on: date = date(2026, 11, 20),
    granted: int = 1_200_000,
    spent: str = "787700",
    unpriced: int = 0,
    seen: Outlook | None = None,
    then: Consequence = Consequence.NOTHING,
) -> Standing:
    periods = Months(7).year(2027)
    return Standing(
        budget=Budget(),
        year=Period(date(2026, 7, 1), date(2027, 7, 1)),
        periods=periods,
        plan=Schedule(even_plan([each.period for each in periods]), Decimal(granted)),
        on=on,
        core=CoreStanding(
            granted_usd=Decimal(granted),
            passed_on_usd=ZERO,
            exceeded_usd=ZERO,
            spend=CoreSpend(Decimal(spent), Decimal(spent), unpriced, []),
            pace_usd=ZERO,
            burn_multiple=None,
            alert=None,
            outlook=seen or outlook(),
            then=then,
        ),
        pool=PoolStanding(
            granted_usd=ZERO,
            passed_on_usd=ZERO,
            exceeded_usd=ZERO,
            committed_usd=ZERO,
            free_usd=ZERO,
        ),
        reserve=ReserveStanding(granted_usd=ZERO, passed_on_usd=ZERO, left_usd=ZERO),
    )


@pytest.mark.parametrize(
    ("then", "words"),
    [
        (Consequence.BLOCKS, "then the breaker blocks new runs."),
        (Consequence.TELLS, "then people are told and nothing blocks new runs."),
        (Consequence.NOTHING, f"then {NO_CAP}."),
    ],
)
def test_a_budget_that_runs_out_names_the_day_its_range_and_what_happens_then(
    then: Consequence, words: str
) -> None:
    assert budget_sentence(standing(then=then)) == (
        "$412,300 left of $1,200,000; at this pace it runs out on 14 March 2027"
        f" (between 2 March and 9 April); {words}"
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"spent": "0", "seen": NOTHING_KNOWN},
            (
                "$1,200,000 left of $1,200,000; no day of spending is known yet,"
                " so nobody can say when it runs out."
            ),
        ),
        (
            {"spent": "900", "seen": outlook(None, known=5)},
            ("$1,199,100 left of $1,200,000; too little history to say when it runs out: 5 days."),
        ),
        (
            {"seen": outlook(known=9)},
            (
                "$412,300 left of $1,200,000; at the rough pace of 9 days it runs out on"
                f" 14 March 2027 (between 2 March and 9 April); then {NO_CAP}."
            ),
        ),
        (
            {"spent": "1212000.40", "then": Consequence.BLOCKS},
            "$12,000 over the $1,200,000 granted; it is used up, and the breaker blocks new runs.",
        ),
        (
            {"seen": outlook(LASTS, total=970_000)},
            "$412,300 left of $1,200,000; at this pace it lasts the year with $230,000 to spare.",
        ),
        (
            {"seen": outlook(Exhaustion(date(2027, 6, 30), None, None), total=970_000)},
            (
                "$412,300 left of $1,200,000; at this pace it lasts the year with $230,000 to"
                " spare, though at the fastest it runs out on 30 June 2027."
            ),
        ),
        (
            {"seen": outlook(Exhaustion(date(2026, 12, 30), date(2027, 1, 14), None))},
            (
                "$412,300 left of $1,200,000; at this pace it runs out on 14 January 2027"
                f" (30 December 2026 at the earliest; it may also last); then {NO_CAP}."
            ),
        ),
        (
            {"on": date(2027, 3, 20)},
            (
                "$412,300 left of $1,200,000; at this pace it ran out on 14 March 2027"
                f" (between 2 March and 9 April); then {NO_CAP}."
            ),
        ),
        ({"on": date(2027, 7, 1)}, "$412,300 left of $1,200,000."),
        ({"granted": 0}, "No core money is granted."),
        (
            {"on": date(2027, 7, 1), "unpriced": 1},
            "$412,300 left of $1,200,000. 1 call has no price yet and is not counted.",
        ),
        (
            {"on": date(2027, 7, 1), "unpriced": 1234},
            "$412,300 left of $1,200,000. 1,234 calls have no price yet and are not counted.",
        ),
    ],
)
def test_a_budget_says_where_it_stands(changes: dict[str, Any], sentence: str) -> None:
    assert budget_sentence(standing(**changes)) == sentence


def test_a_table_that_shows_what_is_left_need_not_say_it() -> None:
    assert budget_outlook(standing(seen=outlook(LASTS, total=1_187_655))) == (
        "At this pace it lasts the year with $12,345 to spare."
    )
    assert budget_outlook(standing(granted=0)) == ""
    assert budget_outlook(standing(on=date(2027, 7, 1))) == ""


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (outlook(), "runs out on 14 March 2027 (between 2 March and 9 April)"),
        (outlook(LASTS), "lasts the year"),
        (
            outlook(Exhaustion(date(2027, 6, 30), None, None)),
            "lasts the year, though at the fastest it runs out on 30 June 2027",
        ),
        (outlook(None, known=1), "too little history to say when it runs out: 1 day"),
    ],
)
def test_a_tile_has_room_for_when_it_runs_out(seen: Outlook, words: str) -> None:
    assert exhaustion_phrase(seen, on=date(2026, 11, 20)) == words


def test_an_alert_says_how_many_times_the_plan_was_spent() -> None:
    assert alert_sentence(BurnAlert(Decimal("8.69"), Decimal("2.04"))) == (
        "The last seven known days cost 8.7 times what was planned for them,"
        " the last of them 2.0 times."
    )


DECEMBER = Exhaustion(date(2026, 12, 12), date(2026, 12, 15), date(2026, 12, 20))


def said_of_experiment(state: InitiativeState = InitiativeState.SANDBOX, **changes: Any) -> str:
    initiative = Initiative(
        state=state,
        cap_usd=Decimal("6000.00"),
        daily_cap_usd=Decimal("200.00"),
        starts_on=date(2026, 11, 1),
        ends_on=date(2026, 12, 31),
    )
    plain = InitiativeStanding(
        initiative=initiative,
        on=date(2026, 11, 20),
        spent_usd=Decimal("1500.50"),
        spent_today_usd=ZERO,
        unpriced_calls=0,
        scope=None,
        daily=[],
        outlook=outlook(DECEMBER),
        extension=None,
        then=Consequence.BLOCKS,
    )
    return initiative_sentence(replace(plain, **changes))


END = "it ends on 31 December 2026, when its calls are blocked and the rest returns to the pool."


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {},
            (
                "$4,499.50 left of $6,000.00; at this pace it runs out on 15 December 2026"
                " (between 12 December and 20 December); then the breaker blocks new runs."
            ),
        ),
        (
            {"then": Consequence.NOTHING},
            (
                "$4,499.50 left of $6,000.00; at this pace it runs out on 15 December 2026"
                f" (between 12 December and 20 December); then {NO_CAP}."
            ),
        ),
        (
            {"outlook": outlook(LASTS)},
            f"$4,499.50 left of $6,000.00; at this pace the money lasts until {END}",
        ),
        (
            {"spent_usd": ZERO, "outlook": NOTHING_KNOWN},
            (
                "$6,000.00 left of $6,000.00; no day of spending is known yet,"
                f" so nobody can say when it runs out; {END}"
            ),
        ),
        (
            {"spent_usd": Decimal("6.40"), "outlook": outlook(None, known=1)},
            (
                "$5,993.60 left of $6,000.00;"
                f" too little history to say when it runs out: 1 day; {END}"
            ),
        ),
        (
            {"spent_usd": Decimal("6000.01")},
            "$0.01 over the $6,000.00 granted; it is used up, and the breaker blocks new runs.",
        ),
        (
            {"state": InitiativeState.REQUESTED},
            "Waits for a decision on $6,000.00 until 31 December 2026.",
        ),
        (
            {"state": InitiativeState.STOPPED},
            "Stopped. It used $1,500.50 of $6,000.00; its calls are blocked.",
        ),
    ],
)
def test_an_experiment_says_where_it_stands(changes: dict[str, Any], sentence: str) -> None:
    assert said_of_experiment(**changes) == sentence
