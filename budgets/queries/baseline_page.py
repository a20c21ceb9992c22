"""A baseline as a person reads it: its strip, one day of it, what was noted, what may be done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from budgets.models import BaselineNote, Initiative
from budgets.queries.baseline import Asked, histories_of
from budgets.queries.baseline_notes import notes_about
from budgets.queries.baseline_standing import (
    BaselineStanding,
    baseline_standing,
    is_resting,
)
from finops.periods import reporting_day
from finops.stability.days import Judged
from finops.stability.strip import Cell, Past, cells_of, earlier_runs, strip_of
from ingestion.queries.arrivals import Arrivals, arrivals_of
from ingestion.queries.repriced_days import Repriced
from org.queries.calendar import company
from org.queries.profile import profile_on


@dataclass(frozen=True, kw_only=True)
class BaselinePage:
    """A baseline with its strip, the runs before, and every note there ever was on its days."""

    standing: BaselineStanding
    cells: Sequence[Cell]
    earlier: Sequence[tuple[Past, Sequence[Cell]]]
    all_cells: Sequence[Cell]
    notes: Sequence[BaselineNote]

    @property
    def holding(self) -> set[int]:
        """The keys of the notes that hold for it."""
        return {note.pk for note in self.standing.history.notes}

    def cell_of(self, day: date) -> Cell | None:
        return next((cell for cell in (*self.all_cells, *self.cells) if cell.on == day), None)


@dataclass(frozen=True, kw_only=True)
class DayOfBaseline:
    """One day opened: `filled_in_days` is how long after it its last calls came, if late."""

    cell: Cell
    notes: Sequence[BaselineNote]
    arrivals: Arrivals | None
    filled_in_days: int | None
    repriced: Repriced | None

    @property
    def judged(self) -> Judged | None:
        return self.cell.judged


def standing_today(initiative: Initiative, *, on: date) -> BaselineStanding:
    """Return how a baseline stands, by the schedule that its evidence tells."""
    return baseline_standing(initiative, on=on, rests=bool(is_resting([initiative])))


def strips_of(initiatives: Sequence[Initiative], *, on: date) -> dict[int, list[Cell]]:
    """Return the strip of each, in a fixed number of questions for all of them; none for none."""
    if not initiatives:
        return {}
    resting, lag_days = is_resting(initiatives), profile_on(on).profile.data_lag_days
    histories = histories_of([Asked(each, on, each.pk in resting) for each in initiatives])
    return {
        pk: strip_of(history.streak(on=on, lag_days=lag_days), today=on, lag_days=lag_days)
        for pk, history in histories.items()
    }


def baseline_page(initiative: Initiative, *, on: date) -> BaselinePage:
    """Return all that the page of a baseline shows."""
    standing = standing_today(initiative, on=on)
    notes = notes_about([initiative]).filter(withdraws__isnull=True)
    people = ("unit", "initiative", "by__person", "withdrawn_by__by__person")
    return BaselinePage(
        standing=standing,
        cells=strip_at(standing),
        earlier=[
            (past, _cells([*past.days, *past.broken_by[:1]], standing))
            for past in earlier_runs(standing.streak)
        ],
        all_cells=_cells(standing.streak.judged, standing),
        notes=list(notes.select_related(*people).order_by("-starts_on", "-pk")),
    )


def day_of_baseline(page: BaselinePage, day: date) -> DayOfBaseline | None:
    """Return a day of the strip or of an earlier run; None where it is none of its days."""
    cell, initiative = page.cell_of(day), page.standing.initiative
    if cell is None:
        return None
    arrivals = None
    if initiative.cost_object_id is not None:
        arrivals = arrivals_of(cost_object_id=initiative.cost_object_id, day=day)
    return DayOfBaseline(
        cell=cell,
        notes=[
            note for note in page.standing.history.notes if note.starts_on <= day < note.ends_on
        ],
        arrivals=arrivals,
        filled_in_days=_filled_in(arrivals, day),
        repriced=page.standing.repriced.get(day),
    )


def _filled_in(arrivals: Arrivals | None, day: date) -> int | None:
    """Return how many days after the day its last calls came; None where they came by the next."""
    if arrivals is None:
        return None
    late = (reporting_day(arrivals.last_at, company().zone) - day).days
    return late if late > 1 else None


def strip_at(standing: BaselineStanding) -> list[Cell]:
    """Return the strip of a baseline that was read already."""
    return strip_of(standing.streak, today=standing.on, lag_days=standing.lag_days)


def _cells(days: Sequence[Judged], standing: BaselineStanding) -> list[Cell]:
    return cells_of(days, today=standing.on, lag_days=standing.lag_days)
