"""The thresholds in force for budgets and experiments, what they reached, and what waits."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Q, QuerySet

from budgets.lifecycle import SPENDING, BudgetState
from budgets.models import Budget, Initiative, Threshold, ThresholdCrossing, ThresholdTable
from budgets.queries.hierarchy import ids_above
from finops.thresholds import Effect
from ingestion.queries.rules import rules_in_force
from org.models import Unit

Of = ThresholdTable.Of
Told = Threshold.Told
EVERYTHING_PCT = 100


class Level(NamedTuple):
    """One line of a table: at which share of what is granted who is told, and what happens."""

    level_pct: int
    effect: Effect
    told: tuple[str, ...]


# What holds where nobody has set anything: it only tells. The hard cap of an experiment blocks
# by itself once it is spent, whatever is answered.
PRESET: dict[str, tuple[Level, ...]] = {
    Of.BUDGET: (
        Level(50, Effect.NOTIFIES, (Told.GM,)),
        Level(75, Effect.NOTIFIES, (Told.GM, Told.FINANCE)),
        Level(90, Effect.NOTIFIES, (Told.GM, Told.FINANCE, Told.CFO)),
        Level(100, Effect.NOTIFIES, (Told.GM, Told.FINANCE, Told.CFO)),
    ),
    Of.EXPERIMENT: (
        Level(50, Effect.NOTIFIES, (Told.OWNER,)),
        Level(75, Effect.NOTIFIES, (Told.OWNER,)),
        Level(90, Effect.NOTIFIES, (Told.OWNER, Told.GM)),
        Level(100, Effect.NOTIFIES, (Told.OWNER, Told.GM)),
    ),
}


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The levels in force, and the table that says so; None where they are the preset."""

    of: str
    table: ThresholdTable | None
    levels: tuple[Level, ...]

    @property
    def is_own(self) -> bool:
        """Test whether they were set for this budget or experiment, and not for all."""
        table = self.table
        return table is not None and (table.budget_id or table.initiative_id) is not None

    def effects_until(self, level_pct: int) -> set[Effect]:
        """Return what has happened by the time that a level is reached."""
        return {level.effect for level in self.levels if level.level_pct <= level_pct}


@dataclass(frozen=True, slots=True)
class Line:
    """A level as its page shows it: in words, with when it was reached last."""

    level: Level
    told: str
    last: ThresholdCrossing | None

    @property
    def effect(self) -> str:
        return str(Threshold.Does(self.level.effect.value).label)


def of_what(subject: Budget | Initiative) -> str:
    """Return whose thresholds those of the subject are."""
    return Of.BUDGET if isinstance(subject, Budget) else Of.EXPERIMENT


def subject_key(subject: Budget | Initiative) -> dict[str, Budget | Initiative]:
    """Return by which field tables and crossings name the subject."""
    return {"budget" if isinstance(subject, Budget) else "initiative": subject}


def thresholds_of(
    subjects: Iterable[Budget | Initiative], *, of: str = Of.BUDGET
) -> dict[int, Thresholds]:
    """Return the thresholds in force of several budgets, or of several experiments."""
    ids = [subject.pk for subject in subjects]
    name = "budget_id" if of == Of.BUDGET else "initiative_id"
    own = Q(**{f"{name}__in": ids}) | Q(budget__isnull=True, initiative__isnull=True)
    found: dict[int | None, ThresholdTable] = {}
    tables = ThresholdTable.objects.filter(own, of=of).prefetch_related("rows")
    for table in tables.select_related("by__person").order_by("number"):
        found[getattr(table, name)] = table  # of several the last holds
    return {pk: _in_force(of, found.get(pk) or found.get(None)) for pk in ids}


def thresholds_in_force(subject: Budget | Initiative) -> Thresholds:
    """Return the thresholds in force of one budget or experiment."""
    return thresholds_of([subject], of=of_what(subject))[subject.pk]


def common_thresholds(of: str) -> Thresholds:
    """Return the thresholds of all budgets, or experiments, that have none of their own."""
    return _in_force(of, tables_of(None, of=of).last())


def tables_of(subject: Budget | Initiative | None, *, of: str) -> QuerySet[ThresholdTable]:
    """Return every table there was for the subject itself, or for all, the oldest first."""
    named = subject_key(subject) if subject else {"budget": None, "initiative": None}
    found = ThresholdTable.objects.filter(of=of, **named).prefetch_related("rows")
    return found.select_related("by__person").order_by("number")


def crossings_of(subject: Budget | Initiative) -> list[ThresholdCrossing]:
    """Return every level the subject reached, oldest first, lifted ones too."""
    found = ThresholdCrossing.objects.filter(**subject_key(subject))
    return list(found.select_related("answered_by__person").order_by("at", "level_pct"))


def standing_crossings(subjects: Sequence[Budget | Initiative]) -> dict[int, set[int]]:
    """Return by subject the levels it reached that were not lifted since; all are of one kind."""
    reached: dict[int, set[int]] = defaultdict(set)
    if subjects:
        name = next(iter(subject_key(subjects[0])))
        found = ThresholdCrossing.objects.filter(
            lifted_at__isnull=True, **{f"{name}__in": [subject.pk for subject in subjects]}
        )
        for pk, level in found.values_list(name, "level_pct"):
            reached[pk].add(level)
    return reached


def waiting_above(unit: Unit, *, fiscal_year: int) -> list[ThresholdCrossing]:
    """Return what budgets of the unit and above it reached that holds new experiments."""
    found = ThresholdCrossing.objects.filter(
        budget__unit__in=[*ids_above(unit), unit.pk],
        budget__fiscal_year=fiscal_year,
        budget__state=BudgetState.ACTIVE,
        effect=Effect.ASKS,
        lifted_at__isnull=True,
        answered_at__isnull=True,
    )
    return list(found.select_related("budget__unit").order_by("budget__unit__path", "level_pct"))


def unanswered_blocks() -> list[int]:
    """Return the levels that block what is in force and that nobody has answered."""
    running = Q(budget__state=BudgetState.ACTIVE) | Q(initiative__state__in=SPENDING)
    found = ThresholdCrossing.objects.filter(
        running, effect=Effect.BLOCKS, lifted_at__isnull=True, answered_at__isnull=True
    )
    return list(found.order_by("pk").values_list("pk", flat=True))


def waiting_on(initiative: Initiative) -> list[ThresholdCrossing]:
    """Return what the experiment reached that holds more time for it."""
    return [each for each in crossings_of(initiative) if each.holds and each.effect == Effect.ASKS]


def lines_of(thresholds: Thresholds, crossings: Sequence[ThresholdCrossing] = ()) -> list[Line]:
    """Return the levels with who is told, in words, and when each was reached last."""
    last = {crossing.level_pct: crossing for crossing in crossings}
    return [
        Line(
            level=level,
            told=_listed([str(Told(each).label) for each in level.told]),
            last=last.get(level.level_pct),
        )
        for level in thresholds.levels
    ]


def units_with_calls(units: Iterable[Unit]) -> set[int]:
    """Return the units to which, or beneath which, an allocation rule leads calls.

    Routers know the calls of a scope by these rules alone: without one a block stops nothing.
    """
    paths = {rule.unit.path for rule in rules_in_force()}
    return {unit.pk for unit in units if any(path.startswith(unit.path) for path in paths)}


def effects_when_spent(budgets: Sequence[Budget]) -> dict[int, set[Effect]]:
    """Return by budget what its thresholds have done once all of it is spent.

    A block that no router would know what to do with only tells.
    """
    found = {
        pk: thresholds.effects_until(EVERYTHING_PCT)
        for pk, thresholds in thresholds_of(budgets).items()
    }
    blocking = [budget.unit for budget in budgets if Effect.BLOCKS in found[budget.pk]]
    reachable = units_with_calls(blocking) if blocking else set()
    for budget in budgets:
        if Effect.BLOCKS in found[budget.pk] and budget.unit_id not in reachable:
            found[budget.pk] = found[budget.pk] - {Effect.BLOCKS} | {Effect.NOTIFIES}
    return found


def _in_force(of: str, table: ThresholdTable | None) -> Thresholds:
    if table is None:
        return Thresholds(of, None, PRESET[of])
    rows = sorted(table.rows.all(), key=lambda row: row.level_pct)
    return Thresholds(
        of,
        table,
        tuple(Level(row.level_pct, Effect(row.effect), tuple(row.told)) for row in rows),
    )


def _listed(words: Sequence[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
