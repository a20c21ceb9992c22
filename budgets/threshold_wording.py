"""What thresholds, and what they do, are called in sentences."""

from collections.abc import Sequence

from budgets.models import Budget, Initiative, ThresholdCrossing, ThresholdTable
from budgets.queries.thresholds import EVERYTHING_PCT, Level, Thresholds
from finops.thresholds import Effect
from org.templatetags.figures import usd

ANSWERS = "until a CFO says that it may go on"


def name_of(subject: Budget | Initiative | None, *, of: str) -> str:
    """Return what notices and the audit log call the subject."""
    if subject is None:
        return f"thresholds:{of}"
    if isinstance(subject, Budget):
        return f"budget:{subject.pk}"
    return f"initiative:{subject.slug}"


def url_of(subject: Budget | Initiative) -> str:
    if isinstance(subject, Budget):
        return f"/budgets/{subject.pk}/"
    return f"/initiatives/{subject.slug}/"


def sum_of(subject: Budget | Initiative) -> str:
    """Return what the levels are shares of."""
    if isinstance(subject, Budget):
        return f"the core budget of {subject}"
    return f"the cap of {subject.name}"


def reached_in_words(crossing: ThresholdCrossing, subject: Budget | Initiative) -> str:
    """Say what was reached, and with what."""
    return (
        f"{crossing.level_pct}% of {sum_of(subject)} is spent:"
        f" {usd(crossing.spent_usd)} of {usd(crossing.granted_usd)}."
    )


def held_in_words(crossing: ThresholdCrossing) -> str:
    """Say what holds a new experiment, and who lets it go on."""
    where = f"{crossing.level_pct}% of the core budget of {crossing.budget} is spent"
    return f"{where}: new experiments beneath it wait {ANSWERS} on its page."


def happens_in_words(subject: Budget | Initiative, effects: set[Effect]) -> str:
    """Say what follows from levels with these effects, beyond that people are told."""
    said = []
    if Effect.ASKS in effects:
        is_budget = isinstance(subject, Budget)
        what = "New experiments beneath it wait" if is_budget else "More time for it waits"
        said.append(f"{what} {ANSWERS}.")
    if Effect.BLOCKS in effects:
        said.append(f"Its calls are blocked {ANSWERS}.")
    return " ".join(said)


def at_everything(
    thresholds: Thresholds, subject: Budget | Initiative, *, is_reachable: bool
) -> str:
    """Say what has happened by the time that all of it is spent.

    `is_reachable` says whether routers know any call that a block would stop.
    """
    if isinstance(subject, Initiative):
        return f"At {EVERYTHING_PCT}% its hard cap blocks new runs, and no answer lifts that."
    effects = thresholds.effects_until(EVERYTHING_PCT)
    if Effect.BLOCKS in effects and not is_reachable:
        return (
            f"At {EVERYTHING_PCT}% a block would stop nothing: no allocation rule leads calls to"
            f" {subject.unit} or beneath it, so routers know no key of it."
        )
    if Effect.BLOCKS in effects:
        return (
            f"At {EVERYTHING_PCT}% new runs of {subject.unit.name} and everything beneath it are"
            f" blocked {ANSWERS}, the year is over or more is granted."
        )
    if Effect.ASKS in effects:
        asks = happens_in_words(subject, {Effect.ASKS})
        return f"At {EVERYTHING_PCT}% nothing that runs is blocked. {asks}"
    if effects:
        return f"At {EVERYTHING_PCT}% people are told, and nothing is blocked."
    return f"At {EVERYTHING_PCT}% nothing happens: every level lies above it."


def source_in_words(thresholds: Thresholds, *, is_common: bool = False) -> str:
    """Say who set the thresholds, and for what."""
    table = thresholds.table
    if table is None:
        return "The preset: nobody has set others."
    whose = "" if is_common or thresholds.is_own else f" for all {_plural(thresholds.of)}"
    return f"Set{whose} by {table.by}: {table.reason}"


def levels_in_words(levels: Sequence[Level]) -> str:
    return ", ".join(f"{level.level_pct}%" for level in levels)


def _plural(of: str) -> str:
    return "budgets" if of == ThresholdTable.Of.BUDGET else "experiments"
