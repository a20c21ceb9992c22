"""The right-sizing page: what runs on dearer models than it needs, on whose evidence."""

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from finops.periods import ONE_DAY, Period
from ingestion.exports import csv_file
from org.http import PageRequest
from org.queries.calendar import reporting_today
from policy.audit_rows import COLUMNS, csv_rows
from policy.model_views import check_sight
from policy.queries.right_sizing import Audit, audit

WINDOWS = (7, 30, 90)


@require_safe
def right_sizing(request: PageRequest) -> HttpResponseBase:
    """Show what is avoidable, what might be, and what nobody can say yet; as CSV too."""
    check_sight(request)
    today = reporting_today(timezone.now())
    days = _days(request)
    found = audit(period=Period(today - ONE_DAY * days, today), on=today)
    if request.GET.get("format") == "csv":
        return csv_file(f"right-sizing-{found.period.start}.csv", COLUMNS, csv_rows(found))
    return _show(request, found, days)


def _show(request: PageRequest, found: Audit, days: int) -> HttpResponse:
    context = {
        "audit": found,
        "days": days,
        "windows": WINDOWS,
        "last_day": found.period.end - ONE_DAY,
    }
    return render(request, "policy/right_sizing.html", context)


def _days(request: PageRequest) -> int:
    asked = request.GET.get("days", "")
    return int(asked) if asked in {str(days) for days in WINDOWS} else WINDOWS[1]
