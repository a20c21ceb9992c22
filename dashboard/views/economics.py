"""Unit economics: what one result costs, and is it falling."""

from collections.abc import Iterator
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.economics import ladder_of, sentence_of
from dashboard.windows import Window, choices, window_asked
from ingestion.exports import csv_file
from ingestion.queries.economics import Economics, economics
from ingestion.queries.outcomes import conflicts_of
from ingestion.serializers import exact
from org.http import PageRequest
from org.permissions import can_manage_metrics
from org.queries.calendar import reporting_today
from org.refusals import NotThere

CRUMBS = [("Unit economics", "/economics/")]
COLUMNS = (
    "outcome", "unit", "from", "to", "cost_usd", "unpriced_calls", "started", "succeeded",
    "known_days", "per_task_usd", "per_outcome_usd", "loaded_per_outcome_usd", "spend_coverage",
)  # fmt: skip


@require_safe
def index(request: PageRequest) -> HttpResponseBase:
    """Show what each kind of work costs by task and by result."""
    today = reporting_today(timezone.now())
    window = window_asked(request.GET.get("period", ""), today=today)
    rows = economics(user=request.user, period=window.period, today=today)
    if request.GET.get("format") == "csv":
        return csv_file(f"unit-economics-{window.code}.csv", COLUMNS, _cells(rows))
    context = {
        "rows": rows,
        "window": window,
        "windows": choices(today=today),
        "may_manage": can_manage_metrics(request.user),
    }
    return render(request, "dashboard/economics.html", context)


@require_safe
def one(request: PageRequest, slug: str) -> HttpResponse:
    """Show how one kind of work came to its figures, period by period."""
    today = reporting_today(timezone.now())
    window = window_asked(request.GET.get("period", ""), today=today)
    found = economics(user=request.user, period=window.period, today=today, slug=slug)
    if not found:
        raise NotThere("There is no such outcome, or not for you.")
    (row,) = found
    context = {
        "row": row,
        "sentence": sentence_of(row, window),
        "ladder": ladder_of(row),
        "conflicts": conflicts_of(row.terms.definition),
        "spend_url": _spend_url(row, window),
        "window": window,
        "windows": choices(today=today),
        "may_manage": can_manage_metrics(request.user),
        "crumbs": CRUMBS,
    }
    return render(request, "dashboard/economics_one.html", context)


def _spend_url(row: Economics, window: Window) -> str:
    """Return the address of the calls behind the figures, in the explorer."""
    days = window.period
    asked = [("from", days.start.isoformat()), ("to", days.end.isoformat()), ("group_by", "model")]
    workflows = [("filter[workflow]", name) for name in row.terms.workflows]
    return f"/spend/?{urlencode([*asked, *workflows])}"


def _cells(rows: list[Economics]) -> Iterator[list[object]]:
    for row in rows:
        now = row.now
        yield [
            row.terms.definition.slug,
            row.terms.definition.unit.slug,
            now.period.start,
            now.period.end,
            exact(now.cost.usd),
            now.cost.unpriced_calls,
            now.counts.started,
            now.counts.succeeded,
            now.counts.known_days,
            *(
                None if usd is None else exact(usd)
                for usd in (row.per_task_usd, now.per_outcome_usd, now.loaded_per_outcome_usd)
            ),
            None if row.tasks.coverage is None else f"{row.tasks.coverage:.6f}",
        ]
