"""The front page: on plan or not, what moved, what needs a decision."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.queries.attention import needs_of
from dashboard.queries.comparison import compared
from dashboard.queries.onboarding import first_steps
from dashboard.queries.overview import overview
from dashboard.queries.runway import cash_lasts
from dashboard.spend_over_time import granularity_of, stack_by_unit
from dashboard.windows import choices, window_asked
from org.http import PageRequest
from org.models import Company
from org.queries.calendar import reporting_today


@require_safe
def front(request: PageRequest) -> HttpResponse:
    """Show the front page of a period; the first steps where nothing is set up."""
    if not Company.objects.exists():
        return render(request, "dashboard/welcome.html", {"steps": first_steps()})
    at = timezone.now()
    today = reporting_today(at)
    window = window_asked(request.GET.get("period", ""), today=today)
    found = overview(user=request.user, window=window, today=today)
    has_data = bool(found.in_year.calls or found.in_window.calls)
    # With usage and a budget the first steps are behind this company.
    steps = [] if has_data and found.plan else first_steps()
    context = {
        "found": found,
        "cash": cash_lasts(found, on=today),
        "comparison": compared(window=window, today=today, units=found.seen),
        "window": window,
        "windows": choices(today=today),
        "today": today,
        "stack": stack_by_unit(user=request.user, window=window),
        "granularity": granularity_of(window),
        "needs": needs_of(request.user, at=at),
        "steps": steps if not all(step.is_done for step in steps) else [],
        "has_data": has_data,
    }
    return render(request, "dashboard/overview.html", context)
