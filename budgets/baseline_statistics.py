"""The statistics of a baseline as rows: what was measured, against which limit, and how."""

from typing import NamedTuple

from budgets.queries.baseline_standing import BaselineStanding
from finops.gates.criteria import Criterion, Unit
from finops.stability.figures import MOST_APART, Figures
from org.templatetags.figures import percent, usd

HOW = {
    "level": (
        "The mean of the seven weekdays' means: thirty days hold some weekdays four times and"
        " others five."
    ),
    "trimmed": (
        "Each day is divided by the share of its weekday in the level; the three highest and the"
        " three lowest of thirty are left out, and the rest is averaged."
    ),
    "run_rate": (
        "The trimmed mean; where the level lies more than 5 % away from it, the larger of both."
    ),
    "days": "Days in a row of which none broke the run; paused days are passed over.",
    "final": "Days of the run that are as old as data may be late, by the company's profile.",
    "frozen": "Whether a limit was broken twice since a freeze was last lifted.",
    "use": "Days of the window with calls, and the distinct tasks that its calls name.",
    "cv": (
        "The standard deviation of the days, weekdays taken out, over their mean; the limit is"
        " that of the company's profile."
    ),
    "peak": "The day that 95 % of the days do not exceed, over the median without weekdays.",
    "growth": (
        "Thirty times the median slope between every two days (Theil–Sen), weekdays taken out,"
        " over their median."
    ),
    "headroom": "The day that 95 % of the days do not exceed, against nine tenths of the cap.",
    "drift": (
        "The largest cumulative sum of distances from the mean, less half a standard deviation"
        " for each day (CUSUM), in standard deviations."
    ),
}


class StatisticRow(NamedTuple):
    """One statistic; without a verdict it has no limit, and measured is None where unknown."""

    code: str
    label: str
    measured: str | None
    limit: str | None
    unit: str
    verdict: str
    says: str
    how: str


def statistic_rows(standing: BaselineStanding) -> list[StatisticRow]:
    """Return what the days say, then what gate 4 asks of them."""
    criteria = standing.judgement.criteria
    return [*_rates(standing.figures), *(_row(criterion) for criterion in criteria)]


def _row(criterion: Criterion) -> StatisticRow:
    written = criterion.as_written()
    return StatisticRow(
        code=criterion.code,
        label=criterion.label,
        measured=written["measured"],
        limit=written["limit"],
        unit=criterion.unit.value,
        verdict=criterion.verdict.value,
        says=criterion.says,
        how=HOW[criterion.code],
    )


def _rates(found: Figures | None) -> list[StatisticRow]:
    usd_of = {
        "run_rate": ("Run rate a day", found and found.run_rate_usd),
        "level": ("Level a day, weekdays balanced", found and found.level_usd),
        "trimmed": ("Trimmed mean a day", found and found.trimmed_usd),
    }
    return [
        StatisticRow(
            code=code,
            label=label,
            measured=None if value is None else f"{value:f}",
            limit=None,
            unit=Unit.USD.value,
            verdict="",
            says=_taken(found) if code == "run_rate" else "",
            how=HOW[code],
        )
        for code, (label, value) in usd_of.items()
    ]


def _taken(found: Figures | None) -> str:
    """Say which of the two means is the run rate, and why."""
    if found is None:
        return "No day counts yet."
    limit = percent(MOST_APART)
    if not found.is_mean_taken:
        return f"The trimmed mean is taken: the level lies within {limit} of it."
    if not found.trimmed_usd:
        return "The level is taken: without its highest and lowest days nothing is left."
    apart = percent((found.level_usd - found.trimmed_usd) / found.trimmed_usd)
    return (
        f"The level of {usd(found.level_usd)} is taken: it lies {apart} above the trimmed mean,"
        f" more than {limit}, and the larger one counts."
    )
