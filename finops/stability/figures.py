"""What the days of a run say: the level, and whether it is steady enough to plan by.

The week's level is taken out first: weekends are the lowest days, and trimming or spreading
the raw days would measure the week instead of the demand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal
from itertools import combinations

from finops.money import ROUNDED, calculated_in
from finops.run_rate import TRIMMED_SHARE, mean, trimmed_mean, without_weekdays

# How far the trimmed mean may lie from the plain mean before the larger one is taken.
MOST_APART = Decimal("0.05")
MOST_PEAK = Decimal("1.5")
MOST_GROWTH, LEAST_GROWTH = Decimal("0.15"), Decimal("-0.30")
MOST_OF_CAP = Decimal("0.90")
MOST_CUSUM = Decimal(5)
HIGHEST_CV = Decimal("0.70")
SLACK = Decimal("0.5")  # of a standard deviation, which a drift has to pass to add up
GROWTH_DAYS = 30

Daily = Sequence[tuple[date, Decimal]]


@dataclass(frozen=True, slots=True)
class Figures:
    """The statistics of a run's days, in dollars a day or as shares; None cannot be said.

    `growth` is the change over thirty days as a share of the median, `peak` is P95 of the days
    over the median without weekdays, `cusum_sigma` the largest drift in standard deviations.
    """

    days: int
    mean_usd: Decimal
    level_usd: Decimal
    trimmed_usd: Decimal
    run_rate_usd: Decimal
    p95_usd: Decimal
    peak: Decimal | None
    cv: Decimal | None
    growth: Decimal | None
    cusum_sigma: Decimal

    @property
    def is_mean_taken(self) -> bool:
        """Test whether outliers made the plain mean the run rate."""
        return self.run_rate_usd != self.trimmed_usd


@calculated_in(ROUNDED)
def figures_of(daily: Daily) -> Figures | None:
    """Return the statistics of the days, given in order; None without any.

    Credits and one-off back-fills do not belong into `daily`.
    """
    if not daily:
        return None
    raw = [usd for _, usd in daily]
    level = without_weekdays(daily)
    trimmed = max(trimmed_mean(level, TRIMMED_SHARE), Decimal(0))
    plain = mean(level)
    median_usd = median(level)
    return Figures(
        days=len(daily),
        mean_usd=mean(raw),
        level_usd=plain,
        trimmed_usd=trimmed,
        run_rate_usd=_run_rate(trimmed, plain),
        p95_usd=nearest_rank(raw, Decimal("0.95")),
        peak=_over(nearest_rank(raw, Decimal("0.95")), median_usd),
        cv=_over(spread(level), plain),
        growth=_over(theil_sen(level) * GROWTH_DAYS, median_usd),
        cusum_sigma=cusum(level),
    )


def _run_rate(trimmed_usd: Decimal, plain_usd: Decimal) -> Decimal:
    """Return the trimmed mean, or the larger of both where they lie too far apart."""
    if trimmed_usd > 0 and abs(plain_usd - trimmed_usd) / trimmed_usd <= MOST_APART:
        return trimmed_usd
    return max(trimmed_usd, plain_usd)


def median(values: Sequence[Decimal]) -> Decimal:
    """Return the middle of one value or more; of an even number the mean of both in the middle."""
    ranked, half = sorted(values), len(values) // 2
    return ranked[half] if len(ranked) % 2 else (ranked[half - 1] + ranked[half]) / 2


def nearest_rank(values: Sequence[Decimal], share: Decimal) -> Decimal:
    """Return the smallest value that at least `share` of the values do not exceed."""
    rank = (len(values) * share).to_integral_value(ROUND_CEILING)
    return sorted(values)[int(rank) - 1]


@calculated_in(ROUNDED)
def spread(values: Sequence[Decimal]) -> Decimal:
    """Return the standard deviation of a sample; 0 of one value."""
    if len(values) < 2:  # noqa: PLR2004 -- one value does not vary
        return Decimal(0)
    centre = mean(values)
    squares = sum(((value - centre) ** 2 for value in values), Decimal(0))
    return (squares / (len(values) - 1)).sqrt()


@calculated_in(ROUNDED)
def theil_sen(values: Sequence[Decimal]) -> Decimal:
    """Return the median of the slopes between every two values, in value per step.

    One wild day moves it hardly at all. Source: Sen, JASA 63 (1968).
    """
    slopes = [
        (later - earlier) / (place - first)
        for (first, earlier), (place, later) in combinations(enumerate(values), 2)
    ]
    return median(slopes) if slopes else Decimal(0)


@calculated_in(ROUNDED)
def cusum(values: Sequence[Decimal]) -> Decimal:
    """Return the largest cumulative drift to either side, in standard deviations.

    Each value adds its distance from the mean less half a deviation; sums below nothing begin
    anew. Source: Page, Biometrika 41 (1954).
    """
    sigma = spread(values)
    if not sigma:
        return Decimal(0)
    centre, up, down, most = mean(values), Decimal(0), Decimal(0), Decimal(0)
    for value in values:
        away = (value - centre) / sigma
        up, down = max(up + away - SLACK, Decimal(0)), max(down - away - SLACK, Decimal(0))
        most = max(most, up, down)
    return most


def _over(part: Decimal, whole: Decimal) -> Decimal | None:
    return part / whole if whole > 0 else None
