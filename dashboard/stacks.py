"""Spend over time as a stack: the biggest few series, the rest together, Unallocated apart."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

MOST_SERIES = 6
OTHER = "Other"
NAME_OF_UNALLOCATED = "Unallocated"

Amount = Decimal | int
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Series:
    """One layer of the stack, a value per step; 0 where the step has no row of it."""

    name: str
    values: Sequence[Amount]

    @property
    def total(self) -> Amount:
        return sum(self.values, Decimal(0))


@dataclass(frozen=True, slots=True)
class Stack:
    """Layers over the same steps; together they are everything there is."""

    steps: Sequence[str]
    series: Sequence[Series]

    @property
    def biggest(self) -> Series | None:
        return max(self.series, key=lambda series: series.total, default=None)

    def rows(self) -> list[tuple[str, list[Amount], Amount]]:
        """Return what a table shows: each step, its value of every series, their sum."""
        values = [[series.values[n] for series in self.series] for n in range(len(self.steps))]
        return [(step, row, sum(row)) for step, row in zip(self.steps, values, strict=True)]


def stacked(
    rows: Iterable[Row], *, name_of: Callable[[Row], str], step_of: Callable[[Row], str]
) -> Stack:
    """Return the stack of rows that have a `value`, its steps in the order of the rows.

    The biggest six names keep a layer of their own.
    """
    cells: dict[str, dict[str, Amount]] = defaultdict(lambda: defaultdict(int))
    steps: dict[str, None] = {}
    for row in rows:
        step = step_of(row)
        steps[step] = None
        cells[name_of(row)][step] += row["value"]
    unallocated = cells.pop(NAME_OF_UNALLOCATED, None)
    ranked = sorted(cells, key=lambda name: (-sum(cells[name].values()), name))
    layers = {name: cells[name] for name in ranked[:MOST_SERIES]}
    if rest := ranked[MOST_SERIES:]:
        layers[OTHER] = _together(cells[name] for name in rest)
    if unallocated is not None:
        layers[NAME_OF_UNALLOCATED] = unallocated
    series = [
        Series(name, [layer.get(step, 0) for step in steps]) for name, layer in layers.items()
    ]
    return Stack(list(steps), series)


def _together(layers: Iterable[Mapping[str, Amount]]) -> dict[str, Amount]:
    total: dict[str, Amount] = defaultdict(int)
    for layer in layers:
        for step, value in layer.items():
            total[step] += value
    return total
