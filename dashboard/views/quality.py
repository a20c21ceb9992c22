"""Data quality: can the numbers be trusted, and what to mend first."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.queries.quality import quality
from org.http import PageRequest
from org.permissions import can_see_imports
from org.queries.calendar import company, reporting_today
from org.refusals import NotAllowed


@require_safe
def data_quality(request: PageRequest) -> HttpResponse:
    """Show the measures, the calendar of sources, what to mend, and the proofs of the night."""
    if not can_see_imports(request.user):
        raise NotAllowed("Data quality is for finance, engineers, auditors and the CFO.")
    at = timezone.now()
    found = quality(today=reporting_today(at), at=at)
    context = {"found": found, "zone": company().zone}
    return render(request, "dashboard/quality.html", context)
