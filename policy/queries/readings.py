"""What the breaker of a scope is judged by: how it stands, what is measured, what was decided."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property

from finops.breaker import Cooling, Readings, Standing, State, Terms, Watch, watched
from finops.breaker_readings import WINDOWS, Probe, Reached
from finops.cap import clock_window
from finops.money import ROUNDED, calculated_in
from finops.periods import ONE_DAY, Period
from finops.profiles import Profile
from finops.rolling_margin import Accrued, accrued, gross_margin, is_test_fine, per_call
from org.queries.profile import profile_on
from policy.models import Cap, Guard, Scope
from policy.models import Probe as ProbeRow
from policy.queries.margins import Margins, read_margins, spans_of
from policy.queries.meters import (
    Reading,
    binding,
    cap_code,
    read_meters,
    spent_between,
    today_at,
    used_between,
    used_on_days,
)

ONE_MINUTE = timedelta(minutes=1)
USUAL_DAYS = 7
RUNNING = (State.CLOSED, State.THROTTLED, State.DOWNGRADED)


@dataclass(frozen=True, slots=True)
class Assessment:
    """All that the next move of a scope is decided by, and what its sentences name."""

    standing: Standing
    readings: Readings
    terms: Terms
    guard: Guard | None
    reached: Reading | None
    day: Reading | None


class Assessor:
    """Reads scopes as of one instant; guards and the profile are read once for all of them."""

    def __init__(self, scopes: Iterable[Scope], *, at: datetime) -> None:
        self.at = at
        self.today = today_at(at)
        live = Guard.objects.filter(scope__in=list(scopes), retired_at__isnull=True)
        self._guards = {guard.scope_id: guard for guard in live}

    @cached_property
    def _profile(self) -> Profile:
        return profile_on(self.today.on).profile

    def assess(self, scope: Scope, *, is_loop: bool = False) -> Assessment:
        """Return how the scope stands, its watch included, and what it is judged by."""
        guard = self._guards.get(scope.pk)
        meters = read_meters(scope, today=self.today)
        terms = self._terms(scope, guard)
        reached, day = binding(meters), _day(meters)
        readings = Readings(
            reached=_reached(reached),
            day_share=_share(day),
            is_loop=is_loop,
        )
        if guard is not None:
            readings = self._guarded(scope, guard, readings)
        standing = standing_of(scope)
        watch = watched(standing.watch, readings, terms, code=standing.code, at=self.at)
        standing = replace(standing, watch=watch)
        return Assessment(standing, readings, terms, guard, reached, day)

    def _terms(self, scope: Scope, guard: Guard | None) -> Terms:
        if guard is None:
            return Terms(protected=scope.protected)
        terms = Terms(
            slow_at=guard.slow_at,
            downgrade_at=guard.downgrade_at,
            usd_per_minute=guard.usd_per_minute,
            protected=scope.protected,
        )
        if guard.margin_floor is None:
            return terms
        return replace(
            terms,
            margin_floor=guard.margin_floor,
            first_action=self._profile.first_action,
            longer_window=WINDOWS[self._profile.margin_windows][1],
        )

    def _guarded(self, scope: Scope, guard: Guard, readings: Readings) -> Readings:
        margins = Margins()
        if guard.margin_floor is not None:
            windows = self._profile.margin_windows
            margins = read_margins(scope, windows=windows, today=self.today)
        return replace(
            readings,
            usd_per_minute=self._rate(scope) if guard.usd_per_minute is not None else None,
            short_margin=margins.short,
            long_margin=margins.long,
            probe=self._probe(scope, guard) if scope.state == State.HALF_OPEN else None,
        )

    def _rate(self, scope: Scope) -> Decimal:
        """Return the dearer of the minute that runs and the one before it."""
        now, _ = clock_window("minute", self.at)
        before = spent_between(scope, now - ONE_MINUTE, now)
        return max(before, spent_between(scope, now, now + ONE_MINUTE))

    def _probe(self, scope: Scope, guard: Guard) -> Probe | None:
        """Judge the calls that were seen since the test began: nothing else passes meanwhile."""
        row = ProbeRow.objects.filter(scope=scope, epoch=scope.epoch).first()
        if row is None:
            return None
        seen = used_between(scope, clock_window("minute", row.opened_at)[0], self.at + ONE_DAY)
        if seen.calls == 0:
            return Probe(calls=0, allowed=row.calls, is_fine=None)
        call_usd = _each(seen.usd, seen.calls)
        stopped_at = self._stopped_at(scope)
        usual = self._usual_call_usd(scope, before=stopped_at)
        margin = self._margin_of_call(scope, call_usd, before=stopped_at)
        is_fine = is_test_fine(
            call_usd=call_usd, usual_call_usd=usual, margin=margin, floor=guard.margin_floor
        )
        return Probe(calls=seen.calls, allowed=row.calls, is_fine=is_fine)

    def _stopped_at(self, scope: Scope) -> datetime:
        """Return since when no call but of tests has passed."""
        stops = scope.steps.filter(from_state__in=RUNNING, to_state=State.OPEN)
        last = stops.order_by("-pk").values_list("at", flat=True).first()
        return last or self.at

    def _usual_call_usd(self, scope: Scope, *, before: datetime) -> Decimal | None:
        on = today_at(before).on
        used = used_on_days(scope, Period(on - ONE_DAY * USUAL_DAYS, on))
        return _each(used.usd, used.calls) if used.calls else None

    def _margin_of_call(
        self, scope: Scope, call_usd: Decimal, *, before: datetime
    ) -> Decimal | None:
        """Return what a call of the test leaves of what a call brought in before the block."""
        length = WINDOWS[self._profile.margin_windows][1]
        start, end = (clock_window("minute", at)[0] for at in (before - length, before))
        brought_in = accrued(spans_of(scope, start=start, end=end), start, end)
        one: Accrued | None = per_call(brought_in, calls=used_between(scope, start, end).calls)
        return gross_margin(ai_usd=call_usd, accrued=one)


def standing_of(scope: Scope) -> Standing:
    """Return how a scope stands, as its row says."""
    cooling = None
    if scope.cool_down_s is not None:
        cooling = Cooling(scope.cooling_code, timedelta(seconds=scope.cool_down_s))
    return Standing(
        state=State(scope.state),
        epoch=scope.epoch,
        code=scope.reason_code,
        by_person=scope.held_by_id is not None,
        since=scope.since,
        until=scope.until,
        cap=f"cap:{scope.reached_cap_id}" if scope.reached_cap_id else None,
        cooling=cooling,
        watch=Watch(scope.calm_since, scope.below_since, scope.loss_since),
    )


def _reached(reading: Reading | None) -> Reached | None:
    if reading is None:
        return None
    return Reached(cap_code(reading.cap), reading.cap.public_id, reading.resets_at)


def _day(meters: Iterable[Reading]) -> Reading | None:
    """Return the meter of the hard day cap."""
    hard = Cap.Window.DAY, Cap.Mode.HARD
    return next((each for each in meters if (each.cap.window, each.cap.mode) == hard), None)


@calculated_in(ROUNDED)
def _share(reading: Reading | None) -> Decimal | None:
    if reading is None or reading.verdict.limit_usd == 0:
        return None
    return reading.verdict.spent_usd / reading.verdict.limit_usd


@calculated_in(ROUNDED)
def _each(usd: Decimal, calls: int) -> Decimal:
    return usd / calls
