"""A graduation as it would be signed: the run rate, the day, who gains and who gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal

from budgets.models import Budget, Initiative
from budgets.queries.hierarchy import active_budget, budgets_above
from budgets.queries.ledger import account_of_experiment, balance_usd, held_by, pool_left_usd
from finops.graduation import (
    Funding,
    Journal,
    Phased,
    core_addition,
    journal_of,
    next_year_baseline_usd,
    released_usd,
    split_by_share,
)
from finops.money import ROUNDED
from finops.periods import Period
from finops.rules import TAG_PREFIX
from ingestion.queries.object_cost import share_where
from ingestion.queries.periods import closed_days
from ingestion.queries.rules import RULE_ATTRIBUTES
from ingestion.queries.spend import spent
from org.models import Unit
from org.queries.calendar import (
    YearNotOpen,
    fiscal_year_containing,
    periods_of_year,
    timeline,
)
from org.templatetags.figures import day as written_day

ZERO, CENT, WHOLE = Decimal("0.00"), Decimal("0.01"), Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked for: who pays, from which day on, and whether two departments share it.

    `other` is the second department and `theirs` the attribute and value that tell its calls.
    """

    funding: Funding
    starts_on: date | None = None
    contingency: str = ""
    other: str = ""
    theirs: str = ""
    volume_index: Decimal = WHOLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """What the experiment gives back, and what that is made of; None where a call has no price.

    `pending_usd` is what it may still spend until the day: its daily cap for every day, as far
    as it has it. What calls under way hold is part of that.
    """

    allocation_usd: Decimal
    actual_usd: Decimal | None
    pending_usd: Decimal | None
    released_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class Share:
    """A department with its measured share; None where it cannot be told."""

    unit: Unit
    share: Decimal | None


def default_day(initiative: Initiative, *, today: date) -> date:
    """Return the first day of the next fiscal period, or the experiment's end if that is first."""
    year = fiscal_year_containing(today)
    try:
        starts = [each.start for each in periods_of_year(year) if each.start > today]
    except YearNotOpen:
        starts = []
    return min([*starts, initiative.ends_on])


def day_problem(initiative: Initiative, day: date, *, today: date) -> str:
    """Say why core cannot begin on the day; nothing where it can."""
    own = account_of_experiment(initiative)
    year = fiscal_year_containing(day)
    if day <= today:
        return f"Core begins after today, {written_day(today)}: what was spent stays as it is."
    if day > initiative.ends_on:
        ends = written_day(initiative.ends_on)
        return f"The experiment ends on {ends}, before that day: ask for more time, or begin then."
    if own is not None and own.fiscal_year != year:
        return (
            f"Its money is of FY{own.fiscal_year}, and the day lies in FY{year}: the budget of"
            " that year takes it up as its own."
        )
    if label := closed_days().label_of(day):
        return f"Period {label} is closed."
    return ""


def released(initiative: Initiative, *, until: date, starts_on: date) -> Released:
    """Return what the experiment gives back on the day, by what is known before `until`."""
    own = account_of_experiment(initiative)
    allocation = balance_usd(own) if own else ZERO
    used = spent(
        period=Period(date.min, until), cost_object=initiative.cost_object, experiment_only=True
    )
    if used.unpriced_calls:
        return Released(
            allocation_usd=allocation, actual_usd=None, pending_usd=None, released_usd=None
        )
    actual = used.usd.quantize(CENT, rounding=ROUND_CEILING, context=ROUNDED)
    worst = initiative.daily_cap_usd * max((starts_on - until).days, 0)
    pending = min(worst, max(allocation - actual, ZERO))
    left = released_usd(
        allocation_usd=allocation, actual_usd=actual, reserved_usd=ZERO, pending_usd=pending
    )
    return Released(
        allocation_usd=allocation, actual_usd=actual, pending_usd=pending, released_usd=left
    )


def shares_of(initiative: Initiative, asked: Asked, *, window: Period) -> list[Share]:
    """Return the departments with what each used of the window; the experiment's own first."""
    if not asked.other:
        return [Share(initiative.unit, WHOLE)]
    other = Unit.objects.get(slug=asked.other)
    when, theirs = condition_of(asked.theirs), None
    if when is not None and initiative.cost_object is not None:
        theirs = share_where(cost_object=initiative.cost_object, period=window, when=when)
    own = None if theirs is None else WHOLE - theirs
    return [Share(initiative.unit, own), Share(other, theirs)]


def condition_of(text: str) -> Mapping[str, str] | None:
    """Read `tag.team=claims`; None where it is no attribute and value."""
    name, _, value = (part.strip() for part in text.partition("="))
    known = name in RULE_ATTRIBUTES or (name.startswith(TAG_PREFIX) and name != TAG_PREFIX)
    return {name: value} if known and value else None


def split_problem(initiative: Initiative, asked: Asked, shares: Sequence[Share]) -> str:
    """Say why the two departments cannot be told apart; nothing where they can, or are one."""
    if not asked.other:
        return ""
    condition = condition_of(asked.theirs)
    if condition is None:
        return (
            "Say what tells the calls of the second department, such as tag.team=claims or"
            " project=claims."
        )
    if asked.other == initiative.unit.slug:
        return f"{initiative.unit} is the first department already."
    if any(name in match for match in initiative.match for name in condition):
        return f"“{asked.theirs}” is part of what tells the experiment's own calls."
    return _share_problem(asked, shares[-1].share)


def _share_problem(asked: Asked, share: Decimal | None) -> str:
    if share is None:
        return "Its calls cost nothing in the window, or some of them have no price."
    if not ZERO < share < WHOLE:
        return (
            f"By “{asked.theirs}” {share:.0%} of it is the second department's: nothing to split."
        )
    return ""


def phased_parts(run_rate_usd: Decimal, *, on: date, shares: Sequence[Share]) -> list[list[Phased]]:
    """Return each department's part of what core gains, by fiscal period."""
    periods = [each.period for each in periods_of_year(fiscal_year_containing(on))]
    phased = core_addition(run_rate_usd, on=on, periods=periods)
    return split_by_share(phased, [each.share or ZERO for each in shares])


def contingencies(initiative: Initiative, *, on: date) -> list[Budget]:
    """Return the budgets whose reserve may pay: the department's own, then those above it."""
    year = fiscal_year_containing(on)
    own = active_budget(unit=initiative.unit, fiscal_year=year)
    above = budgets_above(unit=initiative.unit, fiscal_year=year)
    return [*([own] if own else []), *above]


def contingency_of(asked: Asked, offered: Sequence[Budget], needed_usd: Decimal) -> Budget | None:
    """Return whose reserve pays: the one asked for, or the nearest that has it."""
    if asked.contingency:
        return next((each for each in offered if each.unit.slug == asked.contingency), None)
    enough = (each for each in offered if reserve_usd(each) >= needed_usd)
    return next(enough, offered[0] if offered else None)


def reserve_usd(budget: Budget) -> Decimal:
    return held_by(budget).reserve_usd


def free_pool_usd(initiative: Initiative) -> Decimal:
    own = account_of_experiment(initiative)
    return pool_left_usd(unit=initiative.unit, fiscal_year=own.fiscal_year) if own else ZERO


def proposed_journal(
    asked: Asked, *, core_usd: Decimal, released_usd: Decimal | None
) -> Journal | None:
    if released_usd is None:
        return None
    return journal_of(asked.funding, core_usd=core_usd, released_usd=released_usd)


def next_year_usd(run_rate_usd: Decimal, *, year: int, asked: Asked) -> Decimal:
    """Return what the year after costs at the planned volume, for as many days as it has."""
    days = sum(each.period.days for each in timeline().year(year + 1))
    return next_year_baseline_usd(run_rate_usd, days=days, volume_index=asked.volume_index)
