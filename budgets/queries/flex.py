"""Flex budgets by fiscal period: what the work allows, what was spent, and why it differs."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from budgets.flex_terms import mix_of, standard_of
from budgets.models import Budget, FlexRule, FlexStep
from budgets.queries.core_use import CoreUse, core_use
from budgets.queries.flex_checks import why_not_count
from finops import flex
from finops.flex import Actual, Funding, Movement, Variances, funding, movement, variances
from finops.money import ROUNDED, calculated_in
from finops.periods import FiscalPeriod, Period
from ingestion.models import OutcomeTerms
from ingestion.queries.definitions import terms_of
from ingestion.queries.margins import MarginDays, margin_days
from ingestion.queries.outcomes import OutcomeCounts, Told, told_of
from ingestion.queries.spend import data_days
from org.queries.calendar import periods_of_year
from org.queries.profile import profile_on
from policy.queries.hierarchy import hierarchy_on

ZERO = Decimal(0)
NO_TIER = "none"


class Known(StrEnum):
    """How far a period is known; only what is known has variances."""

    NO_RULE = "no rule"
    AHEAD = "not begun"
    RUNNING = "not over"
    NOT_FINAL = "not final"
    METERED = "counted by calls"
    UNCOUNTED = "work not counted"
    UNPRICED = "calls without a price"
    ALL = "known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The work that a rule counts in a year: what is told of it, and of the product it makes.

    `is_metered` where its definition was changed to count calls since: that funds nothing.
    """

    told: Told
    margins: MarginDays | None
    is_metered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FlexPeriod:
    """A fiscal period under a flex rule. `planned_usd` is the budget at the planned volume.

    `volume` counts the days whose outcomes are known, which are all only where `known` says
    so; then there are variances, and what of the budget is funded.
    """

    period: FiscalPeriod
    known: Known
    use: CoreUse
    rule: FlexRule | None = None
    standard: flex.FlexRule | None = None
    counts: OutcomeCounts | None = None
    variances: Variances | None = None
    funding: Funding | None = None
    step: FlexStep | None = None

    @property
    def planned_usd(self) -> Decimal | None:
        if self.standard is None:
            return None
        return self.standard.budget_usd(self.standard.planned_volume)

    @property
    def volume(self) -> int | None:
        return self.counts.succeeded if self.counts and self.counts.known_days else None

    @property
    def flex_usd(self) -> Decimal | None:
        """The budget for the work there was, None before all of it is counted."""
        if self.standard is None or self.variances is None or self.volume is None:
            return None
        return self.standard.budget_usd(Decimal(self.volume))

    @property
    def movement(self) -> Movement | None:
        """What the rule changes of the budget for this period."""
        if self.standard is None or self.funding is None:
            return None
        return movement(self.standard, self.funding)

    @property
    @calculated_in(ROUNDED)
    def tokens_per_unit(self) -> Decimal | None:
        return Decimal(self.use.tokens) / self.volume if self.volume else None

    @property
    @calculated_in(ROUNDED)
    def usd_per_mtok(self) -> Decimal | None:
        """What a million tokens cost beyond the fixed amount."""
        if self.standard is None or not self.use.tokens:
            return None
        variable = self.use.usd - self.standard.fixed_usd
        return variable * flex.PER_MILLION / self.use.tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class FlexStanding:
    """The flex rules of a budget and the periods of its year under them.

    `rule` holds on the day, or is the next to; `waiting` waits for a signature.
    """

    budget: Budget
    rule: FlexRule | None
    waiting: FlexRule | None
    terms: OutcomeTerms | None
    periods: list[FlexPeriod]

    @property
    def last_known(self) -> FlexPeriod | None:
        known = [row for row in self.periods if row.known == Known.ALL]
        return known[-1] if known else None

    @property
    def due(self) -> list[FlexPeriod]:
        """The periods that are known and of which the rule made nothing yet."""
        return [row for row in self.periods if row.known == Known.ALL and row.step is None]


def rules_of(budget: Budget) -> list[FlexRule]:
    """Return every rule there was, the newest first, with who asked and who decided."""
    people = ("requested_by__person", "approval__decided_by__person", "definition__unit")
    return list(FlexRule.objects.filter(budget=budget).select_related(*people).order_by("-number"))


def steps_of(budget: Budget) -> list[FlexStep]:
    found = FlexStep.objects.filter(budget=budget).select_related("rule", "approval")
    return list(found.order_by("starts_on"))


def flex_standing(budget: Budget, *, on: date) -> FlexStanding:
    """Return the flex rules of a budget and how its periods stand under them."""
    rules = rules_of(budget)
    signed = [rule for rule in rules if rule.state == FlexRule.State.SIGNED]
    rule = next((each for each in signed if each.starts_on <= on), None)
    rule = rule or (signed[-1] if signed else None)
    waiting = next((each for each in rules if each.state == FlexRule.State.REQUESTED), None)
    return FlexStanding(
        budget=budget,
        rule=rule,
        waiting=waiting,
        terms=terms_of(rule.definition) if rule else None,
        periods=_periods(budget, signed, on=on) if signed else [],
    )


def known_from(period: FiscalPeriod, *, on: date) -> bool:
    """Test whether the figures of a period are final by the company's profile."""
    return period.end + timedelta(days=profile_on(on).profile.data_lag_days) <= on


def _periods(budget: Budget, signed: Sequence[FlexRule], *, on: date) -> list[FlexPeriod]:
    periods = periods_of_year(budget.fiscal_year)
    year = Period(periods[0].start, periods[-1].end)
    steps = {step.starts_on: step for step in steps_of(budget)}
    works = _works(signed, year=year)
    reach = data_days()
    found = []
    for place, (period, use) in enumerate(zip(periods, core_use(budget, periods), strict=True)):
        rule = next((each for each in signed if each.starts_on <= period.start), None)
        if rule is None:
            found.append(FlexPeriod(period=period, known=Known.NO_RULE, use=use))
            continue
        first = next(at for at, each in enumerate(periods) if each.start == rule.starts_on)
        found.append(
            _under(
                rule,
                period,
                use,
                place=place - first,
                work=works[rule.definition_id],
                is_reached=reach is not None
                and reach.start <= period.start
                and reach.end >= period.end,
                step=steps.get(period.start),
                on=on,
            )
        )
    return found


def _works(rules: Sequence[FlexRule], *, year: Period) -> dict[int, Work]:
    """Return by definition what is known of the work that the rules count."""
    definitions = {rule.definition_id: rule.definition for rule in rules}
    told = told_of(definitions, period=year)
    terms = {pk: terms_of(definition) for pk, definition in definitions.items()}
    return {
        pk: Work(
            told=told[pk],
            margins=margin_days(each.product, period=year) if each.product else None,
            is_metered=why_not_count(each) is not None,
        )
        for pk, each in terms.items()
    }


def _under(
    rule: FlexRule,
    period: FiscalPeriod,
    use: CoreUse,
    *,
    place: int,
    work: Work,
    is_reached: bool,
    step: FlexStep | None,
    on: date,
) -> FlexPeriod:
    """Return a period under its rule, with variances where all of it is known."""
    standard, counts = standard_of(rule, place=place), work.told.within(period.period)
    known = _known(period, use, counts, is_reached=is_reached, on=on)
    if known == Known.ALL and work.is_metered:
        known = Known.METERED
    why = funded = None
    if known == Known.ALL:
        actual = Actual(volume=Decimal(counts.succeeded), usd=use.usd, tokens=use.tokens)
        mix = mix_of(rule)
        why = variances(
            standard,
            actual,
            standard_shares=mix,
            actual_shares=_shares(use, period) if mix else None,
        )
        margin = work.margins.within(period.period).margin if work.margins else None
        funded = funding(standard, actual, margin=margin, target_margin=rule.target_margin)
    return FlexPeriod(
        period=period,
        known=known,
        use=use,
        rule=rule,
        standard=standard,
        counts=counts,
        variances=why,
        funding=funded,
        step=step,
    )


def _known(
    period: FiscalPeriod, use: CoreUse, counts: OutcomeCounts, *, is_reached: bool, on: date
) -> Known:
    if on < period.start:
        return Known.AHEAD
    if on < period.end:
        return Known.RUNNING
    if not is_reached or not known_from(period, on=on):
        return Known.NOT_FINAL
    if counts.known_days < counts.days:
        return Known.UNCOUNTED
    return Known.UNPRICED if use.unpriced else Known.ALL


@calculated_in(ROUNDED)
def _shares(use: CoreUse, period: FiscalPeriod) -> dict[str, Decimal]:
    """Return each tier's share of the tokens; models that stand in no tier are one of their own."""
    hierarchy = hierarchy_on(period.last_day)
    tokens: dict[str, int] = defaultdict(int)
    for name, used in use.by_model.items():
        tokens[hierarchy.tier(name) or NO_TIER] += used
    return {tier: Decimal(used) / use.tokens for tier, used in tokens.items() if use.tokens}
