"""What a budget or an experiment comes to, said in a sentence."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from budgets.lifecycle import SPENDING, InitiativeState
from budgets.queries.experiments import InitiativeStanding
from budgets.queries.standing import Standing
from finops.burn import BurnAlert
from finops.forecast import Exhaustion, Forecast, Outlook
from org.templatetags.figures import usd

WHOLE_FROM_USD = 10_000


def budget_sentence(standing: Standing) -> str:
    """Say what is left of a core budget, when it runs out, and what happens then."""
    core = standing.core
    if core.granted_usd == 0:
        return _joined("No core money is granted.", _unpriced(core.unpriced_calls))
    left = _left(core.available_usd, core.granted_usd)
    return _joined(
        _clauses(left, _budget_outlook(standing)),
        _unpriced(core.unpriced_calls),
    )


def budget_outlook(standing: Standing) -> str:
    """Say what `budget_sentence` says, for a table that has what is left beside it."""
    if standing.core.granted_usd == 0:
        return ""
    return _clauses(_budget_outlook(standing))


def exhaustion_phrase(outlook: Outlook, *, on: date) -> str:
    """Say in a few words when a year's money runs out, and between which days."""
    if outlook.exhausts is None:
        return _too_little(outlook.forecast)
    if outlook.exhausts.expected is None:
        return "lasts the year" + _early_risk(outlook.exhausts)
    return f"{_runs_out(outlook.exhausts.expected, on=on)} {_range(outlook.exhausts)}"


def exceeded_sentence(standing: Standing) -> str:
    """Say by how much budgets beneath come to more than this one; nothing where they fit."""
    over = [
        f"{label} by {usd(part.exceeded_usd)}"
        for label, part in (("core", standing.core), ("pool", standing.pool))
        if part.exceeded_usd
    ]
    return f"Budgets beneath exceed this one: {' and '.join(over)}." if over else ""


def binding_sentence(line: Sequence[Standing]) -> str:
    """Say which core budget of a line, the unit's own first, runs out before the others."""
    if len(line) < 2:  # noqa: PLR2004 -- one budget alone binds by itself
        return ""
    first = min(line, key=lambda standing: standing.core.available_usd)
    rest = [
        f"{standing.budget.unit.name} has {amount(standing.core.available_usd)}"
        for standing in line
        if standing is not first
    ]
    return (
        f"Binds first: {first.budget.unit.name} core,"
        f" {amount(first.core.available_usd)} left; {', '.join(rest)}."
    )


def alert_sentence(alert: BurnAlert) -> str:
    """Say how much faster than planned a budget burns."""
    return (
        f"The last seven known days cost {alert.week_multiple:.1f} times what was planned for"
        f" them, the last of them {alert.day_multiple:.1f} times."
    )


def initiative_sentence(standing: InitiativeStanding) -> str:
    """Say where an experiment stands: its state, what is left, and until when."""
    initiative = standing.initiative
    state = InitiativeState(initiative.state)
    if state in SPENDING:
        return _joined(
            initiative_outlook(standing),
            _blocked(standing),
            _unpriced(standing.unpriced_calls),
        )
    asked = f"{amount(initiative.cap_usd)} until {long_day(initiative.ends_on)}"
    used = f"It used {amount(standing.spent_usd)} of {amount(initiative.cap_usd)}"
    return {
        InitiativeState.DRAFT: f"A draft for {asked}: nobody is asked to approve it yet.",
        InitiativeState.REQUESTED: f"Waits for a decision on {asked}.",
        InitiativeState.CORE: f"Runs in core{_since(standing)}.",
        InitiativeState.PROBATION: f"On probation. It runs in core{_since(standing)}.",
        InitiativeState.STOPPED: f"Stopped. {used}; its calls are blocked.",
        InitiativeState.EXPIRED: f"Ended as agreed. {used}; its calls are blocked.",
        InitiativeState.REJECTED: f"Rejected: {asked} was asked.",
        InitiativeState.WITHDRAWN: f"Withdrawn before a decision: {asked} was asked.",
    }[state]


def _since(standing: InitiativeStanding) -> str:
    """Say since when it runs in core, and what it used before."""
    since = f" since {long_day(standing.core_from)}" if standing.core_from else ""
    return f"{since}; as an experiment it used {amount(standing.spent_usd)}"


def initiative_outlook(standing: InitiativeStanding) -> str:
    """Say what is left of a running experiment's cap, until when, and what happens then."""
    left = _left(standing.left_usd, standing.initiative.cap_usd)
    return _clauses(left, _experiment_outlook(standing))


def amount(value_usd: Decimal) -> str:
    """Write an amount as sentences do: cents are noise from ten thousand on."""
    return usd(value_usd, 0 if abs(value_usd) >= WHOLE_FROM_USD else 2)


def long_day(day: date, *, beside: date | None = None) -> str:
    """Write a date as 14 March 2027, without the year where it is that of `beside`."""
    text = f"{day.day} {day:%B}"
    return text if beside is not None and beside.year == day.year else f"{text} {day.year}"


def _budget_outlook(standing: Standing) -> str:
    core, outlook = standing.core, standing.core.outlook
    if core.available_usd <= 0:
        return f"it is used up, and {core.then.value}"
    if standing.on >= standing.year.end:
        return ""
    if outlook.exhausts is None:
        return _too_little(outlook.forecast)
    if outlook.exhausts.expected is None and outlook.total is not None:
        spare_usd = core.granted_usd - outlook.total.expected_usd
        lasts = f"{_pace(outlook.forecast)} it lasts the year with {amount(spare_usd)} to spare"
        return lasts + _early_risk(outlook.exhausts)
    return _gone(outlook, on=standing.on, then=core.then.value)


def _experiment_outlook(standing: InitiativeStanding) -> str:
    outlook = standing.outlook
    end = _experiment_end(standing)
    if standing.left_usd <= 0:
        return f"it is used up, and {standing.then.value}"
    if outlook.exhausts is None:
        return f"{_too_little(outlook.forecast)}; {end}"
    if outlook.exhausts.expected is None:
        lasts = f"{_pace(outlook.forecast)} the money lasts until {end}"
        return lasts + _early_risk(outlook.exhausts)
    return _gone(outlook, on=standing.on, then=standing.then.value)


def _experiment_end(standing: InitiativeStanding) -> str:
    if standing.core_from is not None:
        return f"it enters core on {long_day(standing.core_from)}, and the rest returns to the pool"
    return (
        f"it ends on {long_day(standing.initiative.ends_on)},"
        " when its calls are blocked and the rest returns to the pool"
    )


def _gone(outlook: Outlook, *, on: date, then: str) -> str:
    """Say on which day the money is gone, between which days, and what happens then."""
    exhausts = outlook.exhausts
    if exhausts is None or exhausts.expected is None:
        return ""
    verb = _runs_out(exhausts.expected, on=on)
    return f"{_pace(outlook.forecast)} it {verb} {_range(exhausts)}; then {then}"


def _runs_out(day: date, *, on: date) -> str:
    # Where spend arrives late, the day may be over before it is known.
    return "runs out on" if day >= on else "ran out on"


def _pace(forecast: Forecast | None) -> str:
    if forecast is None or not forecast.is_rough:
        return "at this pace"
    return f"at the rough pace of {forecast.known_days} days"


def _too_little(forecast: Forecast | None) -> str:
    if forecast is None:
        return "no day of spending is known yet, so nobody can say when it runs out"
    days = "day" if forecast.known_days == 1 else "days"
    return f"too little history to say when it runs out: {forecast.known_days} {days}"


def _left(left_usd: Decimal, granted_usd: Decimal) -> str:
    if left_usd < 0:
        return f"{amount(-left_usd)} over the {amount(granted_usd)} granted"
    return f"{amount(left_usd)} left of {amount(granted_usd)}"


def _range(exhausts: Exhaustion) -> str:
    expected = exhausts.expected
    if expected is None:
        return ""
    named = long_day(expected)
    if exhausts.earliest is None or exhausts.earliest == exhausts.latest == expected:
        return named
    early = long_day(exhausts.earliest, beside=expected)
    if exhausts.latest is None:
        return f"{named} ({early} at the earliest; it may also last)"
    return f"{named} (between {early} and {long_day(exhausts.latest, beside=expected)})"


def _early_risk(exhausts: Exhaustion) -> str:
    if exhausts.earliest is None:
        return ""
    return f", though at the fastest it runs out on {long_day(exhausts.earliest)}"


def _blocked(standing: InitiativeStanding) -> str:
    return f"Blocked now: {standing.blocked_reason}" if standing.blocked_reason else ""


def _unpriced(calls: int) -> str:
    match calls:
        case 0:
            return ""
        case 1:
            return "1 call has no price yet and is not counted."
    return f"{calls:,} calls have no price yet and are not counted."


def _clauses(*parts: str) -> str:
    """Join what is said with semicolons, and begin and end it as a sentence."""
    text = "; ".join(part for part in parts if part)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)
