"""The lives that can be lived: what an experiment spends on each day, and what happens to it.

A life is data. Its days are numbered from the day on which the company is founded, 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum

from dashboard.demo.experiments import Ending, Experiment
from dashboard.demo.workflows import Shape

ASKED_ON, BEGINS_ON, GUARDED_ON = 2, 3, 4
GRADED_ON = 12
GATES_ON = 17
DAYS = 75


class Kind(Enum):
    """What can happen on a day beside its ordinary use."""

    OVER_CAP = "spends more than its daily cap"
    SILENT = "its router reports nothing; what it did comes later as a file, or never"
    LATE = "a part of its calls comes later as a file"
    DAY_OFF = "nobody uses it"
    PRICE = "its model's price changes"
    BLOCKED = "an engineer stops it by hand for an hour"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Something that happens on one day.

    `until` is the day on which what was missing comes in. `share` is what the kind asks for:
    of the daily cap that is spent, of the calls that are late, of the price that falls.
    """

    day: int
    kind: Kind
    until: int = 0
    share: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """The life of an initiative from the first request on.

    A working day of its pilot costs `pilot_usd`; once gates 1 to 3 are passed it costs
    `level_usd`, which grows by `growth` a day. After its graduation the cost of a result is
    multiplied by what `later` says of the month, counted from 1.
    """

    name: str
    says: str
    pilot_usd: Decimal = Decimal(32)
    level_usd: Decimal = Decimal(32)
    growth: Decimal = Decimal(0)
    daily_cap_usd: Decimal = Decimal(60)
    cap_usd: Decimal = Decimal(3600)
    days: int = DAYS
    incidents: tuple[Incident, ...] = ()
    later: Mapping[int, Decimal] = field(default_factory=dict)

    def ordinary_usd(self, day: int) -> Decimal:
        """Return what a working day costs before weekdays and chance."""
        if day < BEGINS_ON:
            return Decimal(0)
        if day <= GATES_ON:
            return self.pilot_usd
        return self.level_usd * (1 + self.growth) ** (day - GATES_ON - 1)

    def on(self, day: int, *kinds: Kind) -> Incident | None:
        """Return what of these kinds happens on a day."""
        return next(
            (each for each in self.incidents if (each.day, each.kind in kinds) == (day, True)), None
        )

    def arriving_on(self, day: int) -> list[Incident]:
        """Return the incidents whose missing calls come in on a day."""
        return [each for each in self.incidents if each.until == day]


PLAN = Experiment(
    workflow="complaint-reader",
    name="Complaint reader",
    unit="support",
    hypothesis="Reading the whole file of a complaint before it is answered saves a clerk a"
    " quarter of an hour and lets nine of ten be settled with the first letter.",
    ending=Ending.RUNNING,
    asked=0,
    days=85,
    daily_cap_usd=Decimal(60),
    model="claude-sonnet-5",
    shape=Shape(context=110_000, out=2_600, reasoning=1_500),
    unit_of_work="complaint settled",
)  # fmt: skip

_OVER = Decimal("1.15")
GRADUATES = Life(
    name="graduates",
    says="passes gates 1 to 3, breaks its run once, pauses once, and stays steady for 30 days",
    incidents=(
        Incident(day=26, kind=Kind.OVER_CAP, share=_OVER),
        Incident(day=34, kind=Kind.SILENT, until=36),
        Incident(day=41, kind=Kind.SILENT),
        Incident(day=46, kind=Kind.LATE, until=48, share=Decimal("0.2")),
    ),
)
UNSTABLE = Life(
    name="unstable",
    says="grows by 3.5 percent a day: never over its cap, and no level to plan by",
    level_usd=Decimal(13),
    growth=Decimal("0.035"),
)
OVERSPENDS = Life(
    name="overspends",
    says="passes its daily cap twice, so that somebody has to look before days count again",
    incidents=(
        Incident(day=24, kind=Kind.OVER_CAP, share=_OVER),
        Incident(day=32, kind=Kind.OVER_CAP, share=_OVER),
    ),
)
DECAYS = Life(
    name="decays",
    says="graduates, costs more for each result from its first whole month on, is demoted",
    days=200,
    later={month: Decimal("1.4") for month in range(2, 6)},
)
STORIES = {life.name: life for life in (GRADUATES, UNSTABLE, OVERSPENDS, DECAYS)}
