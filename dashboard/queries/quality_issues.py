"""What is to be mended before the numbers can be trusted, dearest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.urls import reverse

from finops.periods import Period
from ingestion.queries.connectors import connectors, rows_of
from ingestion.queries.quality import Counts, SourceDays, troubled_deliveries
from ingestion.queries.spend import ZERO_USD, unpriced_models

MOST_ISSUES = 12


@dataclass(frozen=True, kw_only=True)
class Issue:
    """Something to mend, with the money it concerns; None where that is unknown."""

    tone: str
    title: str
    text: str
    usd: Decimal | None
    button: str
    url: str


def issues_of(
    shown: Period, to_now: Period, counts: Counts, sources: Sequence[SourceDays], *, at: datetime
) -> list[Issue]:
    """Return what to mend, the dearest first; what is of unknown size stands before all."""
    found = [
        *_stuck_connectors(at),
        *_missing(sources),
        *_unowned(counts),
        *_unpriced(shown, counts),
        *_troubled(to_now),
    ]
    return sorted(found, key=lambda issue: (issue.usd is not None, -(issue.usd or 0)))[:MOST_ISSUES]


def _stuck_connectors(at: datetime) -> list[Issue]:
    return [
        Issue(
            tone=row.standing.tone,
            title=f"{row.connector.name} is {row.standing.state.lower()}",
            text=row.standing.sentence,
            usd=None,
            button="Open the connector",
            url=reverse("connector", args=[row.connector.pk]),
        )
        for row in rows_of(connectors(), at=at)
        if row.standing.state in {"Failed", "Late"}
    ]


def _missing(sources: Sequence[SourceDays]) -> list[Issue]:
    return [
        Issue(
            tone="warn",
            title=f"{row.source} · {row.account} lacks {_some_days(sorted(row.missing))}",
            text="Load those days, or see whether the source stopped.",
            usd=len(row.missing) * row.usd_a_day,
            button="Load usage",
            url=reverse("import-new"),
        )
        for row in sources
        if row.missing
    ]


def _some_days(days: Sequence[date]) -> str:
    named = ", ".join(f"{day.day} {day:%b}" for day in days[:3])
    return named if len(days) <= 3 else f"{named} and {len(days) - 3} more days"  # noqa: PLR2004 -- three are read at a glance


def _unowned(counts: Counts) -> list[Issue]:
    if not counts.unallocated_usd:
        return []
    return [
        Issue(
            tone="warn",
            title="Spend that belongs to no unit",
            text="Rules are suggested for the biggest groups.",
            usd=counts.unallocated_usd,
            button="Write rules",
            url=reverse("rules-unallocated"),
        )
    ]


def _unpriced(shown: Period, counts: Counts) -> list[Issue]:
    if not counts.unpriced_calls:
        return []
    models = unpriced_models(period=shown)
    return [
        Issue(
            tone="danger",
            title=f"{models} model{'s' if models != 1 else ''} without a price",
            text=f"{counts.unpriced_calls:,} calls of unknown cost are in no sum.",
            usd=counts.unpriced_guess_usd,
            button="See the prices",
            url=reverse("prices"),
        )
    ]


def _troubled(to_now: Period) -> list[Issue]:
    return [
        Issue(
            tone="danger" if delivery.reason and not delivery.loaded else "warn",
            title=delivery.filename or f"Push to {delivery.account}",
            text=delivery.reason
            or f"{delivery.rejected:,} rows rejected, {delivery.conflict:,} at odds.",
            usd=None if delivery.rejected or not delivery.conflict else ZERO_USD,
            button="Open the import",
            url=reverse("import", args=[delivery.pk]),
        )
        for delivery in troubled_deliveries(to_now, most=MOST_ISSUES)
    ]
