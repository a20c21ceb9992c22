"""What a flex rule has to satisfy before anybody signs it, and what a count must not be."""

import re
from collections.abc import Sequence
from decimal import Decimal

from budgets.flex_terms import FlexTerms
from budgets.lifecycle import BudgetState
from budgets.models import Budget, FlexStep
from finops.money import ROUNDED, calculated_in, to_cents
from finops.periods import FiscalPeriod
from ingestion.models import OutcomeTerms
from ingestion.queries.definitions import terms_in_force, terms_of
from ingestion.readers.registry import SOURCES
from org.models import User
from org.refusals import FieldError
from org.templatetags.figures import day as written_day
from org.templatetags.figures import usd
from policy.models import Tier

LARGEST = Decimal(10) ** 12
# What routers and providers count: a budget that grows by these grows by its own spending.
METERED = {
    "call", "calls", "token", "tokens", "request", "requests", "prompt", "prompts",
    "completion", "completions", "inference", "inferences", "generation", "generations",
}  # fmt: skip
_WORD = re.compile(r"[a-z0-9]+")
_METERS = {row.name for row in SOURCES} - {"csv", "json"}


def offered_counts(user: User, *, budget: Budget) -> list[OutcomeTerms]:
    """Return the definitions of the budget's unit and beneath whose count may fund it."""
    within = terms_in_force(user).filter(definition__unit__path__startswith=budget.unit.path)
    return [terms for terms in within if why_not_count(terms) is None]


def why_not_count(terms: OutcomeTerms) -> str | None:
    """Say why a count cannot fund a budget: calls and tokens would let loops fund themselves."""
    words = {*_WORD.findall(terms.unit_of_work.lower()), *_WORD.findall(terms.source.lower())}
    if counted := sorted(words & METERED):
        return (
            f"“{terms.name}” counts by {counted[0]!r}: a budget that grows with calls or tokens"
            " funds its own loops. Choose work that the business counts, such as tickets closed."
        )
    source = terms.source.strip().lower()
    if source in _METERS or re.sub(r"[^a-z0-9]+", "_", source) in _METERS:
        return (
            f"“{terms.name}” is told by {terms.source}, which meters calls: choose work that a"
            " system of the business counts."
        )
    if not source:
        return f"“{terms.name}” does not say who counts it: name its source first."
    return None


def rule_problems(
    budget: Budget, terms: FlexTerms, periods: Sequence[FiscalPeriod], *, last_day_over: bool
) -> list[FieldError]:
    """Say what of a proposed rule does not hold."""
    found = [*_of_budget(budget, terms, periods, last_day_over=last_day_over), *_of_amounts(terms)]
    if (why_not := why_not_count(terms_of(terms.definition))) is not None:
        found.append(FieldError("/definition", why_not))
    if not terms.definition.unit.path.startswith(budget.unit.path):
        detail = f"Choose work of {budget.unit} or of a unit beneath it."
        found.append(FieldError("/definition", detail))
    if not found:
        found += [*_of_volumes(terms, periods), *_of_mix(terms)]
    return found


def _of_budget(
    budget: Budget, terms: FlexTerms, periods: Sequence[FiscalPeriod], *, last_day_over: bool
) -> list[FieldError]:
    if budget.state != BudgetState.ACTIVE:
        return [FieldError("/", f"The budget of {budget} is not in force: nothing flexes it.")]
    if not budget.core_usd:
        return [FieldError("/", f"The budget of {budget} has no core money to flex.")]
    if all(period.start != terms.starts_on for period in periods):
        detail = f"A rule begins with a period of FY{budget.fiscal_year}."
        return [FieldError("/starts_on", detail)]
    if last_day_over:
        detail = f"The period from {written_day(terms.starts_on)} is over: begin with a later one."
        return [FieldError("/starts_on", detail)]
    if FlexStep.objects.filter(budget=budget, starts_on__gte=terms.starts_on).exists():
        detail = "A rule has moved money for that period already: begin with a later one."
        return [FieldError("/starts_on", detail)]
    return []


def _of_amounts(terms: FlexTerms) -> list[FieldError]:
    found = []
    fixed = terms.fixed_usd
    if not (_is_amount(fixed) and to_cents(fixed) == fixed):
        found.append(FieldError("/fixed_usd", "The fixed amount is whole cents, or zero."))
    for name, label, places in (
        ("tokens_per_unit", "Standard tokens", 3),
        ("usd_per_mtok", "The standard price", 6),
    ):
        value = getattr(terms, name)
        if not (_is_amount(value) and value > 0 and round(value, places) == value):
            detail = f"{label} must be above zero, with at most {places} decimals."
            found.append(FieldError(f"/{name}", detail))
    for name in ("unit_cost_room", "volume_room"):
        value = getattr(terms, name)
        if not (value.is_finite() and 1 <= value <= 100 and round(value, 3) == value):  # noqa: PLR2004 -- a hundredfold is no limit any more
            detail = "A room is a factor from 1 to 100, such as 1.10 for a tenth more."
            found.append(FieldError(f"/{name}", detail))
    return found


def _of_volumes(terms: FlexTerms, periods: Sequence[FiscalPeriod]) -> list[FieldError]:
    count = sum(period.start >= terms.starts_on for period in periods)
    given = terms.planned_volumes
    if len(given) != count:
        detail = (
            f"From {written_day(terms.starts_on)} on there are {count} periods, so it needs"
            f" {count} volumes; there are {len(given)}."
        )
        return [FieldError("/planned_volumes", detail)]
    if not all(_is_amount(each) and round(each, 3) == each for each in given) or not any(given):
        detail = "A planned volume is zero or more, and one at least is above zero."
        return [FieldError("/planned_volumes", detail)]
    return []


@calculated_in(ROUNDED)
def _of_mix(terms: FlexTerms) -> list[FieldError]:
    if not terms.standard_mix:
        return []
    if unknown := sorted(set(terms.standard_mix) - set(Tier.values)):
        tiers = ", ".join(Tier.values)
        return [FieldError("/standard_mix", f"There is no tier {unknown[0]!r}. There are {tiers}.")]
    if any(share < 0 or price < 0 for share, price in terms.standard_mix.values()):
        return [FieldError("/standard_mix", "Shares and prices are zero or more.")]
    if sum(share for share, _ in terms.standard_mix.values()) != 1:
        return [FieldError("/standard_mix", "The shares of the tiers come to 1 together.")]
    average = sum((share * price for share, price in terms.standard_mix.values()), Decimal(0))
    if to_cents(average) != to_cents(terms.usd_per_mtok):
        detail = (
            f"The mix costs {usd(average)} a million tokens on average, the standard price is"
            f" {usd(terms.usd_per_mtok)}: they must be the same to the cent."
        )
        return [FieldError("/standard_mix", detail)]
    return []


def _is_amount(value: Decimal) -> bool:
    return value.is_finite() and 0 <= value < LARGEST
