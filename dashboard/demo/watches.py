"""What the clock does beside people: it looks every month how far budgets and caps are used."""

from collections.abc import Iterator
from datetime import datetime

from budgets.operations.watch import watch_thresholds
from dashboard.demo.history import History, Scene
from dashboard.demo.outcomes import months


def scenes(history: History) -> Iterator[Scene]:
    for month in months(history):
        at = history.at(month.end, "06:00") if month.end <= history.today else history.now
        yield Scene(at, _watch)


def _watch(at: datetime) -> None:
    watch_thresholds(at=at)
