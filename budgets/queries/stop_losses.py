"""The stop-loss of an experiment: where it stands, and whether it is reached."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from budgets.models import Initiative
from finops.periods import ONE_DAY, Period
from finops.stop_loss import StopLoss, has_fired, stop_loss
from ingestion.models import OutcomeDefinition
from ingestion.queries.outcomes import outcomes_in
from ingestion.queries.spend import spent
from org.templatetags.figures import usd


@dataclass(frozen=True, slots=True)
class StopLossStanding:
    """A stop-loss and what it looks at; `outcomes` is None where nobody counts them."""

    stop: StopLoss
    spent_usd: Decimal
    outcomes: int | None

    @property
    def has_fired(self) -> bool:
        return has_fired(self.stop, spent_usd=self.spent_usd, outcomes=self.outcomes)

    @property
    def in_words(self) -> str:
        """Say what was spent, against what, and what is there to show for it."""
        spent_of = (
            f"{usd(self.spent_usd)} is spent, and the stop-loss is at {usd(self.stop.at_usd)}"
        )
        if self.stop.least_outcomes is None or self.outcomes is None:
            return f"{spent_of}; no outcomes are counted that would speak for going on."
        known = f"{self.outcomes:,} {'is' if self.outcomes == 1 else 'are'} known"
        return f"{spent_of} with fewer than {self.stop.least_outcomes:,} outcomes: {known}."


def stop_loss_standing(initiative: Initiative, *, on: date) -> StopLossStanding | None:
    """Return where a running experiment's stop-loss stands, None where it has none."""
    if initiative.stop_loss_pct is None or initiative.cost_object is None:
        return None
    days = Period(initiative.starts_on, max(on, initiative.starts_on) + ONE_DAY)
    return StopLossStanding(
        stop=stop_loss(
            cap_usd=initiative.cap_usd,
            share_pct=initiative.stop_loss_pct,
            planned_outcomes=initiative.expected_volume,
        ),
        spent_usd=spent(period=days, cost_object=initiative.cost_object).usd,
        outcomes=_succeeded(initiative, days),
    )


def _succeeded(initiative: Initiative, days: Period) -> int | None:
    """Return how many outcomes are known, None where its source is no definition or silent."""
    definition = OutcomeDefinition.objects.filter(slug=initiative.outcome_source).first()
    if definition is None:
        return None
    counts = outcomes_in(definition, period=days)
    return counts.succeeded if counts.known else None
