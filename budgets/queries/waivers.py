"""Waivers of the margin floor: what each has used, what ended it, and the floor of a day."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from budgets.models import Waiver
from finops import waiver as arithmetic
from finops.periods import ONE_DAY, Period
from finops.waiver import GRACE_DAYS, Earned, End, Ended, cost_usd, ended, used_up_on
from ingestion.models import OutcomeDefinition, Result
from ingestion.queries.definitions import terms_of
from ingestion.queries.economics import unit_cost
from ingestion.queries.margins import MarginDays, margin_days
from ingestion.queries.outcomes import Told, told_of
from ingestion.queries.spend import data_days
from ingestion.queries.work import days_of, work_of
from org.models import FiscalPeriod, User
from org.queries.profile import profile_on

ZERO = Decimal(0)
CAUSES = {
    End.TARGET: Waiver.Cause.TARGET,
    End.EXPIRY: Waiver.Cause.EXPIRY,
    End.SPENT: Waiver.Cause.SPENT,
}
ENDS = {cause.value: end for end, cause in CAUSES.items()}
UNIT_COST_DAYS = 30


class Phase(StrEnum):
    """Where a waiver stands on a day."""

    ASKED = "waits for a signature"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    AHEAD = "not begun"
    RUNNING = "running"
    GRACE = "on its way back"
    OVER = "over"


class Floor(NamedTuple):
    """The margin floor of a product on a day; `waiver` is there where it lowers the full one."""

    share: Decimal
    full: Decimal
    waiver: Waiver | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverStanding:
    """A waiver on a day. `used_usd` leaves out the `unknown_days`: nobody knows their margin.

    `best` is the most results of one fiscal period so far, None before any are told.
    """

    waiver: Waiver
    on: date
    phase: Phase
    end: Ended | None
    used_usd: Decimal
    unknown_days: int
    lacking: tuple[str, ...]
    best: int | None
    floor: Decimal

    @property
    def days(self) -> int:
        return (self.waiver.expires_on - self.waiver.starts_on).days

    @property
    def days_passed(self) -> int:
        until = min(self.end.on if self.end else self.on, self.waiver.expires_on)
        return max((until - self.waiver.starts_on).days, 0)

    @property
    def floor_back_on(self) -> date | None:
        """The day from which the full floor holds again, None while the waiver holds."""
        return self.end.on + timedelta(days=GRACE_DAYS) if self.end else None


def waivers_in_sight(user: User) -> list[Waiver]:
    """Return the waivers that the user may see, the newest first."""
    people = ("unit", "definition", "requested_by__person", "approval__decided_by__person")
    found = Waiver.objects.visible_to(user).select_related(*people)
    return list(found.order_by("-starts_on", "-pk"))


def standing_of_waiver(waiver: Waiver, *, on: date, in_full: bool = True) -> WaiverStanding:
    """Return how a waiver stands on a day, by what was recorded or, before that, the ledger.

    Not `in_full` the ledger is not asked about a waiver whose end is recorded.
    """
    signed, begun = waiver.state == Waiver.State.SIGNED, waiver.starts_on <= on
    asks = in_full or waiver.ended_on is None or on < waiver.ended_on
    figures = _Figures(waiver, on=on) if signed and begun and asks else None
    end = end_of(waiver, on=on, figures=figures) if signed and begun else None
    used, unknown, lacking = figures.used(until=end.on if end else on) if figures else (ZERO, 0, ())
    if waiver.ended_used_usd is not None:
        used = waiver.ended_used_usd
    return WaiverStanding(
        waiver=waiver,
        on=on,
        phase=_phase(waiver, end, on=on),
        end=end,
        used_usd=used,
        unknown_days=unknown,
        lacking=lacking,
        best=figures.best() if figures else None,
        floor=arithmetic.floor_on(as_arithmetic(waiver), end=end, day=on)
        if signed
        else waiver.floor,
    )


def end_of(waiver: Waiver, *, on: date, figures: "_Figures | None" = None) -> Ended | None:
    """Return what ended a signed waiver by a day: as recorded, or as the ledger says now."""
    if waiver.ended_on is not None:
        recorded = Ended(waiver.ended_on, ENDS[waiver.ended_by])
        return recorded if recorded.on <= on else None
    figures = figures or _Figures(waiver, on=on)
    return ended(
        as_arithmetic(waiver),
        spent_on=used_up_on(as_arithmetic(waiver), running=figures.running()),
        reached_on=figures.reached_on(),
        on=on,
    )


def floor_on(product: str, *, day: date) -> Floor:
    """Return the margin floor of a product on a day, and the waiver that lowers it."""
    full = profile_on(day).profile.gm_floor
    signed = Waiver.objects.filter(
        product=product, state=Waiver.State.SIGNED, starts_on__lte=day
    ).select_related("definition")
    waiver = signed.order_by("-starts_on").first()
    if waiver is None:
        return Floor(full, full, None)
    end = end_of(waiver, on=day)
    share = arithmetic.floor_on(as_arithmetic(waiver), end=end, day=day)
    return Floor(share, full, waiver) if share < full else Floor(full, full, None)


def unit_cost_in(definition: OutcomeDefinition, *, period: Period) -> Decimal | None:
    """Return what one result cost in some days; None where results or prices are missing."""
    terms = terms_of(definition)
    found = unit_cost(
        terms,
        days_of({0: work_of(terms)}, period=period)[0],
        told_of([definition.pk], period=period)[definition.pk],
        period=period,
    )
    return None if found.known_cost.unpriced_calls else found.per_outcome_usd


def unit_costs_of(waiver: Waiver, *, on: date) -> tuple[Decimal | None, Decimal | None]:
    """Return what one result cost in the waiver's first thirty days, and in the last final ones."""
    length = timedelta(days=UNIT_COST_DAYS)
    until = on - timedelta(days=profile_on(on).profile.data_lag_days)
    then = Period(waiver.starts_on, waiver.starts_on + length)
    now = Period(until - length, until)
    return (
        unit_cost_in(waiver.definition, period=then),
        unit_cost_in(waiver.definition, period=now),
    )


def as_arithmetic(waiver: Waiver) -> arithmetic.Waiver:
    return arithmetic.Waiver(
        floor=waiver.floor,
        waived_floor=waiver.waived_floor,
        target=Decimal(waiver.target),
        starts_on=waiver.starts_on,
        expires_on=waiver.expires_on,
        most_usd=waiver.most_usd,
    )


class _Figures:
    """What is known of a waiver's days until a day: margins, and results by fiscal period."""

    def __init__(self, waiver: Waiver, *, on: date) -> None:
        self.waiver = waiver
        reach = data_days()
        until = min(on, waiver.expires_on, reach.end if reach else on)
        self.until = max(until, waiver.starts_on)
        self.spans = self._spans()
        whole = Period(waiver.starts_on, waiver.expires_on)
        self._margins: MarginDays = margin_days(waiver.product, period=whole)
        self._told: Told = told_of([waiver.definition_id], period=whole)[waiver.definition_id]

    def used(self, *, until: date) -> tuple[Decimal, int, tuple[str, ...]]:
        """Return what was used until a day, the days of which nobody knows, and what lacks."""
        total, unknown, lacking = ZERO, 0, set[str]()
        for span in self.spans:
            if span.start >= until:
                break
            days = Period(span.start, min(span.end, until))
            found = self._margins.within(days)
            if found.margin is None:
                unknown += days.days
                lacking |= set(found.unknown)
            total += self._cost(days)
        return total, unknown, tuple(sorted(lacking))

    def running(self) -> Iterator[tuple[date, Decimal]]:
        """Yield each day after one that is known, with what was used until then."""
        before = ZERO
        for span in self.spans:
            for number in range(1, span.days + 1):
                after = span.start + ONE_DAY * number
                yield after, before + self._cost(Period(span.start, after))
            before += self._cost(span)

    def reached_on(self) -> date | None:
        """Return the first day after the one on which a period's results came to the target."""
        target = self.waiver.target
        for span in self.spans:
            if self._told.within(span).succeeded >= target:
                return self._day_reached(span, target)
        return None

    def best(self) -> int | None:
        counts = [self._told.within(span) for span in self.spans]
        return max((each.succeeded for each in counts if each.known_days), default=None)

    def _day_reached(self, span: Period, target: int) -> date:
        if any(row.starts_on < span.end and row.ends_on > span.start for row in self._told.typed):
            return span.end  # a typed count is of the whole period
        count = 0
        for row in sorted(self._told.results):
            if row.day in span and row.result == Result.SUCCESS:
                count += row.tasks
                if count >= target:
                    return row.day + ONE_DAY
        return span.end

    def _cost(self, days: Period) -> Decimal:
        found = self._margins.within(days)
        if found.margin is None:
            return ZERO
        earned = Earned(days, found.revenue_usd, found.margin)
        return cost_usd(floor=self.waiver.floor, earned=[earned])

    def _spans(self) -> Sequence[Period]:
        """Return the fiscal periods of the waiver's days until now, cut to these."""
        waiver, until = self.waiver, self.until
        if until <= waiver.starts_on:
            return []
        rows = FiscalPeriod.objects.filter(starts_on__lt=until, ends_on__gt=waiver.starts_on)
        return [
            Period(max(row.starts_on, waiver.starts_on), min(row.ends_on, until))
            for row in rows.order_by("starts_on")
        ]


def _phase(waiver: Waiver, end: Ended | None, *, on: date) -> Phase:
    match waiver.state:
        case Waiver.State.REQUESTED:
            return Phase.ASKED
        case Waiver.State.REJECTED:
            return Phase.REJECTED
        case Waiver.State.WITHDRAWN:
            return Phase.WITHDRAWN
    if on < waiver.starts_on:
        return Phase.AHEAD
    if end is None:
        return Phase.RUNNING
    return Phase.GRACE if on < end.on + timedelta(days=GRACE_DAYS) else Phase.OVER
