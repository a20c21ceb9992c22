"""How connectors stand: their state, for how long, and what they did."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from ingestion.connectors.registry import kind_named
from ingestion.models import Connector, Pull

# A pull may begin this much after its time before anybody is told.
GRACE = timedelta(hours=1)
# How often people let a connector be pulled, in minutes.
INTERVALS = {
    15: "every 15 minutes",
    60: "every hour",
    6 * 60: "every 6 hours",
    24 * 60: "every day",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """A connector's state in a word, its tone, and a sentence that says for how long."""

    state: str
    tone: str
    sentence: str


def connectors() -> QuerySet[Connector]:
    """Return the connectors by name, with how far the pull that is open for each is.

    `is_waited_for`: a pull is open; `is_pulling`: a worker fetches or loads it right now.
    """
    pulls = Pull.objects.filter(connector=OuterRef("pk"))
    opened = pulls.filter(state__in=[Pull.State.WAITING, Pull.State.LOADING])
    busy = opened.filter(Q(state=Pull.State.LOADING) | Q(claimed_at__isnull=False))
    found = Connector.objects.annotate(is_waited_for=Exists(opened), is_pulling=Exists(busy))
    return found.order_by("name")


def pulls_of(connector: Connector) -> QuerySet[Pull]:
    """Return a connector's pulls, the newest first, with their deliveries."""
    found = connector.pulls.select_related("asked_by__person").prefetch_related("deliveries")
    return found.order_by("-pk")


def standing_of(connector: Connector, *, at: datetime) -> Standing:
    """Say how a connector stands: Paused, Failed, New, Late or OK, the first that applies."""
    if connector.paused_at is not None:
        return Standing("Paused", "neutral", f"Paused for {span(at - connector.paused_at)}.")
    if connector.failures:
        return _failed(connector, at=at)
    if connector.last_good_at is None:
        return _new(connector, at=at)
    overdue = at - connector.last_good_at - connector.interval
    ago = span(at - connector.last_good_at)
    if overdue > GRACE:
        return Standing("Late", "warn", f"Last good {ago} ago; it was due {span(overdue)} ago.")
    return Standing("OK", "ok", f"Pulled {ago} ago.")


@dataclass(frozen=True, slots=True)
class Row:
    """A connector as the list shows it: what it is, how it stands, when it is asked next."""

    connector: Connector
    title: str
    standing: Standing
    next_pull: str


def rows_of(found: Iterable[Connector], *, at: datetime) -> list[Row]:
    return [
        Row(
            connector,
            kind_named(connector.kind).title,
            standing_of(connector, at=at),
            next_pull_of(connector, at=at),
        )
        for connector in found
    ]


def next_pull_of(connector: Connector, *, at: datetime) -> str:
    """Say when a connector of `connectors()` is asked next."""
    if getattr(connector, "is_pulling", False):
        return "now"
    if connector.paused_at is not None:
        return "when resumed"
    wait = connector.next_run_at - at
    return "in " + span(wait) if wait > timedelta() else "shortly"


def settings_of(connector: Connector) -> list[tuple[str, str]]:
    """Return a connector's own settings as (label, value), those that say something."""
    kind = kind_named(connector.kind)
    pairs = ((field, connector.config.get(field.name, "")) for field in kind.fields)
    return [(field.label, dict(field.choices).get(value, value)) for field, value in pairs if value]


def interval_in_words(minutes: int) -> str:
    return INTERVALS.get(minutes, f"every {minutes:,} minutes")


def span(length: timedelta) -> str:
    """Say a length of time by its largest unit: 3 days, 1 hour, less than a minute."""
    for unit, size in (
        ("day", timedelta(days=1)),
        ("hour", timedelta(hours=1)),
        ("minute", timedelta(minutes=1)),
    ):
        if count := max(length, timedelta()) // size:
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return "less than a minute"


def _failed(connector: Connector, *, at: datetime) -> Standing:
    times = "Failed once" if connector.failures == 1 else f"Failed {connector.failures} times"
    since = connector.failing_since or at
    return Standing("Failed", "danger", f"{times}, for {span(at - since)} now.")


def _new(connector: Connector, *, at: datetime) -> Standing:
    waiting = at - connector.created_at
    if waiting > GRACE:
        return Standing("Late", "warn", f"Never pulled, though due for {span(waiting)}.")
    return Standing("New", "info", "Not pulled yet.")
