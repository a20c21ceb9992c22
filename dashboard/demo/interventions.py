"""What people do beside the breaker: overrides of caps, a protected unit, a trip test."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from dashboard.demo.amounts import scaled
from dashboard.demo.cast import Cast
from dashboard.demo.fleet import report, report_all
from dashboard.demo.history import History, Scene
from policy.models import Cap, Override, Scope, Sidecar
from policy.operations.overrides import ask_override, decide_override, end_overrides
from policy.operations.protection import set_protected
from policy.operations.trip_runs import run_trip_test
from policy.operations.trip_tests import ask_trip_test
from policy.override_terms import OverrideTerms
from policy.queries.revisions import current_number

PROTECTED_AGO, OVERRIDDEN_AGO = 48, 12  # days
WHY_PROTECTED = "Claims that are agreed have to be paid out by law within fourteen days."
TESTED = "initiative:photo-damage-triage"
# When today, as shares of its time until now; gate 3 is gathered after the routers' report.
TESTED_TODAY, REPORTED_TODAY = 0.84, 0.865
REQUESTED_TODAY, SIGNED_TODAY, WAITS_TODAY = 0.87, (0.91, 0.92), 0.94
ANSWERS = timedelta(milliseconds=3)  # what the server takes for a step of the test


@dataclass(frozen=True, slots=True, kw_only=True)
class Raise:
    """A daily cap that is overridden; dollars are those of the reference story."""

    slug: str
    by: str
    limit_usd: Decimal
    reason: str
    ticket: str
    lasts: timedelta


STORM = Raise(
    slug="initiative:reply-autopilot",
    by="gm",
    limit_usd=Decimal(40),
    reason="The storm of last night brings twice the tickets until this evening.",
    ticket="SUP-4410",
    lasts=timedelta(hours=4),
)
BROKER = Raise(
    slug="initiative:submission-copilot",
    by="engineer",
    limit_usd=Decimal(70),
    reason="A broker moves 300 risks to us, and the offers are due tomorrow morning.",
    ticket="UW-2291",
    lasts=timedelta(hours=20),
)
BACKLOG = Raise(
    slug=TESTED,
    by="gm2",
    limit_usd=Decimal(50),
    reason="Forty claims of the hailstorm still wait for their photos to be read today.",
    ticket="CLM-1874",
    lasts=timedelta(hours=20),
)


def scenes(history: History, cast: Cast) -> Iterator[Scene]:
    yield Scene(history.ago(PROTECTED_AGO, "11:15"), partial(_protect, cast))
    asked = history.ago(OVERRIDDEN_AGO, "12:10")
    yield Scene(asked, partial(_ask, history, cast, STORM))
    yield Scene(asked + timedelta(minutes=9), partial(_sign, cast, STORM, "cfo"))
    yield Scene(asked + timedelta(minutes=22), partial(_sign, cast, STORM, "finance"))
    yield Scene(asked + STORM.lasts, _end_overrides)
    yield Scene(history.moment_today(TESTED_TODAY), partial(trip_test, cast, TESTED))
    yield Scene(history.moment_today(REPORTED_TODAY), report_all)
    yield Scene(history.moment_today(REQUESTED_TODAY), partial(_ask, history, cast, BROKER))
    for by, moment in zip(("cfo", "finance"), SIGNED_TODAY, strict=True):
        yield Scene(history.moment_today(moment), partial(_sign, cast, BROKER, by))
    yield Scene(history.moment_today(WAITS_TODAY), partial(_ask, history, cast, BACKLOG))


def _protect(cast: Cast, at: datetime) -> None:
    scope = Scope.objects.get(slug="unit:payments")
    by = cast.users["cfo"]
    set_protected(scope=scope, protected=True, reason=WHY_PROTECTED, by=by, at=at)


def _ask(history: History, cast: Cast, wanted: Raise, at: datetime) -> None:
    scope = Scope.objects.get(slug=wanted.slug)
    terms = OverrideTerms(
        scope=scope,
        cap=scope.caps.get(window=Cap.Window.DAY, retired_at=None),
        limit_usd=scaled(wanted.limit_usd, history),
        reason=wanted.reason,
        ticket=wanted.ticket,
        expires_at=at + wanted.lasts,
    )
    ask_override(terms=terms, by=cast.users[wanted.by], at=at)


def _sign(cast: Cast, wanted: Raise, by: str, at: datetime) -> None:
    waiting = Override.objects.get(scope__slug=wanted.slug, state=Override.State.WAITING)
    decide_override(override_id=waiting.pk, approve=True, by=cast.users[by], reason="", at=at)


def _end_overrides(at: datetime) -> None:
    end_overrides(at=at)


def trip_test(cast: Cast, slug: str, at: datetime) -> None:
    """Let a loop run against a copy of a scope's cap, with all routers listening."""
    report_all(at)
    scope = Scope.objects.get(slug=slug)
    test = ask_trip_test(scope=scope, by=cast.users["engineer"], at=at)
    clock = TestClock(at)
    run_trip_test(test_id=test.pk, clock=clock.now, wait=clock.wait)


class TestClock:
    """The time of a trip test: it moves with every look, and routers report while it waits."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        self._at += ANSWERS
        return self._at

    def wait(self, seconds: float) -> None:
        self._at += timedelta(seconds=seconds)
        # The near ones have it by now; the others with the next look.
        behind = Sidecar.objects.exclude(revision=current_number() or 0).order_by("name")
        report([sidecar.name for sidecar in behind][:2], self._at)
