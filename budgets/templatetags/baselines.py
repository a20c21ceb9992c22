"""Template filters that place the cells of a baseline's strip, and name its days."""

from collections.abc import Sequence

from django.template import Library

from budgets.baseline_sentences import EFFECTS, cell_sentence, past_sentence
from finops.stability.days import Effect, Kind
from finops.stability.streak import NEEDED_DAYS
from finops.stability.strip import Cell, Past

register = Library()

CELL_PX = 22  # a day of 20 and the gap after it
TONES = {
    Effect.COUNTS: "ok",
    Effect.COUNTS_ANNOTATED: "ok",
    Effect.PAUSES: "warn",
    Effect.RESTARTS: "danger",
}
EVENTS = {
    Kind.LIMITED: "Calls held back",
    Kind.TRIP_TEST: "Trip test",
    Kind.OUTAGE: "Outage",
    Kind.HOLIDAY: "Holiday",
    Kind.MATERIAL_CHANGE: "Material change",
    Kind.CAP_RAISED: "Cap raised",
    Kind.CAP_LOWERED: "Cap lowered",
    Kind.PRICE_CHANGE: "Price change",
}


@register.filter
def strip_width(cells: Sequence[Cell]) -> int:
    """Return how wide the box of so many days is drawn."""
    return max(len(cells), 1) * CELL_PX


@register.filter
def strip_place(place: int) -> int:
    """Return where the cell of a place begins."""
    return place * CELL_PX


@register.filter
def cell_words(cell: Cell) -> str:
    """Return which day a cell is and what it did."""
    return cell_sentence(cell)


@register.filter
def strip_words(cells: Sequence[Cell]) -> str:
    """Return what a strip comes to: `Baseline: 12 of 30 days`."""
    counted = sum(1 for cell in cells if cell.judged and cell.judged.counts)
    return f"Baseline: {min(counted, NEEDED_DAYS)} of {NEEDED_DAYS} days"


@register.filter
def past_words(past: Past) -> str:
    """Return what became of a run that is over."""
    return past_sentence(past)


@register.filter
def effect_word(effect: Effect) -> str:
    """Return what a day does to its run."""
    return EFFECTS[effect]


@register.filter
def effect_tone(effect: Effect) -> str:
    """Return the tone of what a day does to its run."""
    return TONES[effect]


@register.filter
def event_word(kind: Kind) -> str:
    """Return the plain word for something that happened on a day."""
    return EVENTS[kind]
