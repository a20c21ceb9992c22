"""What a life is played on: its days, its company, and how an act or a tick is written down."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cached_property
from zoneinfo import ZoneInfo

from budgets.models import Initiative
from dashboard.demo.cast import Cast
from dashboard.demo.history import REFERENCE_CALLS, History
from dashboard.simulation.life import PLAN, Life
from finops.periods import ONE_DAY
from org.models import Unit, User

CARRY_OUT = "budgets.tasks.carry_out"


@dataclass(frozen=True, slots=True)
class Act:
    """Something that people or machines do, through an operation, at an instant.

    `do` says in words what was done, None where there was nothing to do. `rings` is the task
    that finishes it: a decision is held, as on a page, and carried out seconds later.
    """

    at: datetime
    do: Callable[[datetime], str | None]
    rings: str = ""


@dataclass(frozen=True, slots=True)
class Tick:
    """A task that beat rings for, at an instant."""

    at: datetime
    task: str


Scene = Act | Tick


@dataclass(frozen=True)
class Stage:
    """A life, the seed of its chance, and the day on which it begins."""

    life: Life
    seed: str
    first_day: date
    zone: ZoneInfo

    @cached_property
    def cast(self) -> Cast:
        """The people and units, read once they are there."""
        users = User.objects.select_related("person")
        return Cast(
            {user.username: user for user in users},
            {unit.slug: unit for unit in Unit.objects.all()},
        )

    def date_of(self, day: int) -> date:
        return self.first_day + ONE_DAY * (day - 1)

    def number_of(self, day: date) -> int:
        return (day - self.first_day).days + 1

    def at(self, day: int, clock: str) -> datetime:
        """Return the instant at which the company's clocks show `clock` on a day."""
        local = datetime.combine(self.date_of(day), time.fromisoformat(clock), tzinfo=self.zone)
        return local.astimezone(UTC)

    def history(self, day: int) -> History:
        """Return the days so far, as the demo's generators want them."""
        return History(self.first_day, self.at(day, "23:59"), self.zone, REFERENCE_CALLS)

    def initiative(self) -> Initiative | None:
        found = Initiative.objects.select_related("unit", "owner", "on_call", "cost_object")
        return found.filter(name=PLAN.name).first()
