"""Trip tests: those of a scope, the newest that came to a result, and who takes part."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import QuerySet

from policy.document import STALE_AFTER_S
from policy.models import Cap, Scope, Sidecar, TripTest
from policy.queries.meters import caps_in_force, today_at
from policy.queries.revisions import current_revision


class Rates(NamedTuple):
    """The limits a minute that routers were given for a scope; None is no limit."""

    requests_per_minute: int | None
    usd_per_minute: Decimal | None


def trip_tests_of(scope: Scope) -> QuerySet[TripTest]:
    """Return the tests of a scope with who asked and which routers saw it, the newest first."""
    found = TripTest.objects.filter(scope=scope).order_by("-pk")
    return found.select_related("scope", "cap", "asked_by__person").prefetch_related("sightings")


def last_trip_test(slug: str) -> TripTest | None:
    """Return the newest test of a scope that came to a result."""
    done = TripTest.objects.filter(scope__slug=slug, state=TripTest.State.DONE)
    return done.prefetch_related("sightings").order_by("-finished_at", "-pk").first()


def daily_cap_of(scope: Scope, *, at: datetime) -> Cap | None:
    """Return the hard cap of a day that a test copies; None without one in force."""
    own = caps_in_force(on=today_at(at).on).filter(scope=scope)
    return own.filter(window=Cap.Window.DAY, mode=Cap.Mode.HARD).first()


def published_rates(slug: str) -> Rates:
    """Return the limits a minute that stand in the newest document for a scope."""
    revision = current_revision()
    scopes = json.loads(bytes(revision.body))["scopes"] if revision else []
    entry: dict[str, Any] = next((each for each in scopes if each["id"] == slug), {})
    rates = entry.get("rates") or {}
    usd = rates.get("usd_per_minute")
    return Rates(rates.get("requests_per_minute"), None if usd is None else Decimal(usd))


def connected_routers(*, at: datetime) -> Sequence[str]:
    """Return the routers that reported so lately that their policy is not stale."""
    since = at - timedelta(seconds=STALE_AFTER_S)
    return list(
        Sidecar.objects.filter(seen_at__gt=since).order_by("name").values_list("name", flat=True)
    )


def running_revision(names: Sequence[str], *, revision: int) -> QuerySet[Sidecar]:
    """Return those of the routers that reported the revision or a newer one."""
    return Sidecar.objects.filter(name__in=names, revision__gte=revision).order_by("name")
