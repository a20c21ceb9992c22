"""The page of one's own account, and of what the company is set to."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from org.http import PageRequest
from org.models import Company
from org.permissions import (
    can_manage_calendar,
    can_manage_people,
    can_manage_webhooks,
    can_see_profile,
)
from org.queries.calendar import timeline
from org.wording import timeline_in_words


@require_safe
def settings(request: PageRequest) -> HttpResponse:
    company = Company.objects.first()
    context = {
        "memberships": request.user.memberships.select_related("unit").order_by("role", "unit"),
        "company": company,
        "calendars": timeline_in_words(timeline()) if company else [],
        "may_change_calendar": can_manage_calendar(request.user),
        "may_manage_people": can_manage_people(request.user),
        "may_manage_webhooks": can_manage_webhooks(request.user),
        "may_see_profile": can_see_profile(request.user),
    }
    return render(request, "org/settings.html", context)
