"""Data quality as one page: seven measures with their limits, and what to mend, dearest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.urls import reverse

from dashboard.queries.quality_issues import Issue, issues_of
from finops.money import ROUNDED, calculated_in
from finops.periods import Period
from ingestion.queries.quality import (
    Comparison,
    Counts,
    Received,
    SourceDays,
    compared_in,
    counts_of,
    last_days,
    received_in,
    source_days,
)
from ingestion.queries.spend import ZERO_USD, data_days
from org.models import ProofRun
from org.queries.proofs import latest_proofs


@dataclass(frozen=True, slots=True)
class Limits:
    """The share from which a measure is good, and below which it is bad."""

    good: Decimal
    bad: Decimal

    def tone(self, share: Decimal | None) -> str:
        if share is None:
            return "neutral"
        return "ok" if share >= self.good else "warn" if share >= self.bad else "danger"


# The FinOps steps run, walk and crawl: reached, on the way, not there.
COMPARED = Limits(Decimal("0.98"), Decimal("0.80"))
COMPLETE = Limits(Decimal("0.98"), Decimal("0.95"))
ALLOCATED = Limits(Decimal("0.98"), Decimal("0.90"))
PRICED = Limits(Decimal("0.995"), Decimal("0.98"))
SOUND = Limits(Decimal("0.999"), Decimal("0.99"))
TIMELY = Limits(Decimal("0.99"), Decimal("0.95"))
FRESH, LATE = timedelta(days=1), timedelta(days=3)


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One measure: its share or words, the month before, what is at risk, who mends it where.

    `share` and `before` are None where nothing was there to be measured; `at_risk_usd` is
    None where the money is unknown.
    """

    name: str
    meaning: str
    share: Decimal | None
    before: Decimal | None
    words: str
    limit: str
    tone: str
    at_risk_usd: Decimal | None
    owner: str
    fix: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Quality:
    """Everything the page shows; `days` are the columns of the calendar."""

    days: Sequence[date]
    measures: Sequence[Measure]
    sources: Sequence[SourceDays]
    issues: Sequence[Issue]
    proofs: Sequence[ProofRun]

    @property
    def proofs_at(self) -> datetime | None:
        return max((run.checked_at for run in self.proofs), default=None)


def quality(*, today: date, at: datetime) -> Quality:
    """Return how far the numbers of the last thirty days can be trusted."""
    shown = last_days(today)
    before = Period(shown.start - (shown.end - shown.start), shown.start)
    to_now = Period(shown.start, today + timedelta(days=1))
    counts, sources = counts_of(shown), source_days(shown=shown)
    received, received_before = received_in(to_now), received_in(before)
    return Quality(
        days=[shown.start + timedelta(days=n) for n in range((shown.end - shown.start).days)],
        measures=[
            _freshness(today),
            _completeness(sources),
            _allocation(counts, counts_of(before)),
            _pricing(counts, counts_of(before)),
            _comparison(compared_in(shown), compared_in(before)),
            _soundness(received, received_before),
            _timeliness(received, received_before),
        ],
        sources=sources,
        issues=issues_of(shown, to_now, counts, sources, at=at),
        proofs=latest_proofs(),
    )


def _freshness(today: date) -> Measure:
    reach = data_days()
    behind = today - (reach.end - timedelta(days=1)) if reach else None
    tone = "neutral" if behind is None else "ok" if behind <= FRESH else "warn"
    return Measure(
        name="Freshness",
        meaning="How far the newest usage lies behind today.",
        share=None,
        before=None,
        words="no data yet" if behind is None else _days_behind(behind),
        limit="at most 1 day behind",
        tone="danger" if behind is not None and behind > LATE else tone,
        at_risk_usd=None,
        owner="Engineer",
        fix="Load usage",
        url=reverse("import-new"),
    )


def _days_behind(behind: timedelta) -> str:
    days = max(behind.days, 0)
    return "up to today" if not days else f"{days} day{'s' if days > 1 else ''} behind"


@calculated_in(ROUNDED)
def _completeness(sources: Sequence[SourceDays]) -> Measure:
    expected = sum(row.expected for row in sources)
    missing = sum(len(row.missing) for row in sources)
    share = 1 - Decimal(missing) / expected if expected else None
    return Measure(
        name="Completeness",
        meaning="Days with data among those on which a source usually has some.",
        share=share,
        before=None,
        words=f"{missing} of {expected} source days are missing" if expected else "no data yet",
        limit="at least 98%",
        tone=COMPLETE.tone(share),
        at_risk_usd=sum((len(row.missing) * row.usd_a_day for row in sources), ZERO_USD),
        owner="Engineer",
        fix="See the days",
        url="#calendar",
    )


def _allocation(counts: Counts, before: Counts) -> Measure:
    return Measure(
        name="Allocated",
        meaning="Money that belongs to a unit.",
        share=counts.allocated_share,
        before=before.allocated_share,
        words="",
        limit="at least 98%",
        tone=ALLOCATED.tone(counts.allocated_share),
        at_risk_usd=counts.unallocated_usd,
        owner="FinOps analyst",
        fix="Write rules",
        url=reverse("rules-unallocated"),
    )


def _pricing(counts: Counts, before: Counts) -> Measure:
    return Measure(
        name="Priced",
        meaning="Calls whose cost is known. The money at risk is a guess at the average price.",
        share=counts.priced_share,
        before=before.priced_share,
        words=f"{counts.unpriced_calls:,} calls without a price" if counts.unpriced_calls else "",
        limit="at least 99.5%",
        tone=PRICED.tone(counts.priced_share),
        at_risk_usd=counts.unpriced_guess_usd,
        owner="FinOps analyst",
        fix="See the prices",
        url=reverse("prices"),
    )


def _comparison(now: Comparison, before: Comparison) -> Measure:
    return Measure(
        name="Compared",
        meaning="Metered money that another source, such as a cost report, tells too.",
        share=now.share,
        before=before.share,
        words="" if now.compared_usd else "no day is told by two sources",
        limit="at least 98%",
        tone=COMPARED.tone(now.share),
        at_risk_usd=now.difference_usd if now.compared_usd else None,
        owner="FinOps analyst",
        fix="See the sources",
        url=reverse("sources"),
    )


def _soundness(received: Received, before: Received) -> Measure:
    words = (
        f"{received.duplicate:,} duplicates left out, {received.conflict:,} conflicts,"
        f" {received.rejected:,} rejected of {received.rows:,} rows"
    )
    return Measure(
        name="Sound rows",
        meaning="Rows that came in and could be used: neither rejected nor at odds.",
        share=received.sound_share,
        before=before.sound_share,
        words=words if received.rows else "nothing came in",
        limit="at least 99.9%",
        tone=SOUND.tone(received.sound_share),
        at_risk_usd=received.conflict_usd,
        owner="Engineer",
        fix="See the imports",
        url=reverse("imports"),
    )


def _timeliness(received: Received, before: Received) -> Measure:
    words = f"{received.late:,} of {received.loaded:,} loaded rows came late"
    return Measure(
        name="On time",
        meaning="Loaded rows that came within 3 days of their own, or are older than 35: history.",
        share=received.timely_share,
        before=before.timely_share,
        words=words if received.loaded else "nothing was loaded",
        limit="at least 99%",
        tone=TIMELY.tone(received.timely_share),
        at_risk_usd=received.late_usd,
        owner="Engineer",
        fix="See the imports",
        url=reverse("imports"),
    )
