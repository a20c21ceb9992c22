"""A baseline in words: where the run stands, and by which line of the event table a day counts."""

from datetime import date

from budgets.queries.baseline_standing import BaselineStanding
from finops.stability.days import Effect, Rule
from finops.stability.streak import MOST_PAUSED, NEEDED_DAYS
from finops.stability.strip import Cell, Past

COUNTS, NOTED = "counts", "counts, with a note"
PAUSED, ANEW = "paused: neither counts nor breaks", "the run begins anew"
FREEZES = "the run begins anew; the second time it is frozen"
EFFECTS = {
    Effect.COUNTS: "Counts",
    Effect.COUNTS_ANNOTATED: "Counts, with a note",
    Effect.PAUSES: "Paused",
    Effect.RESTARTS: "Begins anew",
}
# The lines of the event table, word for word as docs/gates.md has them.
LINES: dict[Rule, tuple[str, str]] = {
    Rule.OVER_CAP: (
        "spend over the daily cap, or over a lower one that was set later in the run",
        FREEZES,
    ),
    Rule.OVER_ALLOCATION: ("more spent in all than was allotted", FREEZES),
    Rule.FROZEN: ("any day after a second breach, until somebody lifts the freeze", ANEW),
    Rule.LIMITED: (
        "a breaker of it or above slowed, downgraded or blocked it, with the day it closed",
        ANEW,
    ),
    Rule.MATERIAL_CHANGE: ("a gate was revoked for a material change", ANEW),
    Rule.CAP_RAISED: ("the cap was raised, or an override let more through", ANEW),
    Rule.LONG_OUTAGE: ("a provider was out for four hours or more", ANEW),
    Rule.GATE_NOT_PASSED: ("gates 1 to 3 were not all passed on the whole of it", ANEW),
    Rule.NOT_COMPLETE: (
        "spend unknown, under 98 % of calls priced, or a provider it uses told of nothing since",
        PAUSED,
    ),
    Rule.NO_USE: ("no call, where the schedule does not say that the day is off", PAUSED),
    Rule.PAUSED_TOO_OFTEN: ("a third paused day among the last thirty", ANEW),
    Rule.NOT_FILLED_IN: ("data that did not come within seven days", ANEW),
    Rule.CAP_LOWERED: ("the cap was lowered; every day of the run has to keep it", NOTED),
    Rule.TRIP_TEST: ("a trip test", NOTED),
    Rule.SHORT_OUTAGE: ("a provider was out for less than four hours", NOTED),
    Rule.HOLIDAY: ("a holiday that was noted before it began", NOTED),
    Rule.PRICE_CHANGE: (
        "another price of a model it uses; the whole run is priced by the newest one",
        NOTED,
    ),
    Rule.OFF_DAY: ("no call on a day that is off by the schedule", NOTED),
    Rule.PLAIN: ("none of these", COUNTS),
}


def line_of(rule: Rule) -> str:
    """Return the line of the event table with its effect, as a sentence."""
    if rule == Rule.PLAIN:
        return "None of its other lines: it counts."
    line, effect = LINES[rule]
    return f"{line[0].upper()}{line[1:]}: {effect}."


def baseline_sentence(standing: BaselineStanding) -> str:
    """Say how long the run is, when it can pass, and how many pauses it used."""
    if standing.initiative.cost_object_id is None:
        return "Days are counted once the experiment runs."
    return " ".join(part for part in (_run(standing), _final(standing), _frozen(standing)) if part)


def _run(standing: BaselineStanding) -> str:
    length = standing.streak.length
    parts = [f"{length} valid {_days(length)} in a row"]
    if length < NEEDED_DAYS:
        parts[0] += f", {NEEDED_DAYS - length} to go"
        lag = f" + {standing.lag_days} for late data" if standing.lag_days else ""
        parts.append(f"earliest pass {_day(standing.streak.earliest_pass)} (day 30{lag})")
    parts.append(f"{standing.paused_days} of {MOST_PAUSED} allowed paused days used")
    return f"{'; '.join(parts)}."


def _final(standing: BaselineStanding) -> str:
    final = min(len(standing.final.counted), NEEDED_DAYS)
    if standing.streak.length < NEEDED_DAYS:
        return ""
    if final < NEEDED_DAYS:
        return (
            f"{final} of {NEEDED_DAYS} days have had their late data; the last of them has on"
            f" {_day(standing.streak.earliest_pass)}."
        )
    return f"The last {NEEDED_DAYS} that are final are what gate 4 rests on."


def _frozen(standing: BaselineStanding) -> str:
    if not standing.streak.is_frozen:
        return ""
    return "It is frozen by a second breach: no day counts until somebody says what is done."


def cell_sentence(cell: Cell) -> str:
    """Say of a cell of the strip which day it is and what it did."""
    if cell.judged is None:
        return f"{_day(cell.on)}: to come"
    so_far = ", so far" if cell.shape.startswith("half") else ""
    return f"{_day(cell.on)}: {EFFECTS[cell.judged.effect].lower()}{so_far}"


def past_sentence(past: Past) -> str:
    """Say how long a run was that is over, and what ended it."""
    first = past.broken_by[0]
    said = f"{past.counted} valid {_days(past.counted)} from {_day(past.started_on)}; "
    if not past.days:
        said = ""
    broke = f"{_day(first.day.on)} began anew: {first.says}"
    more = len(past.broken_by) - 1
    if not more:
        return said + broke
    last = past.broken_by[-1]
    return (
        f"{said}{broke} {more} more {_days(more)} did, the last on {_day(last.day.on)}: {last.says}"
    )


def _days(count: int) -> str:
    return "day" if count == 1 else "days"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
