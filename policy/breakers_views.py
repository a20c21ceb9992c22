"""Pages of breakers: the list of all in sight, and each one's own page."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from ingestion.exports import csv_file
from org.http import PageRequest
from org.permissions import can_see_policy
from org.queries.calendar import company
from policy.breaker_rows import COLUMNS, csv_rows
from policy.lifecycle import ScopeState
from policy.models import Scope
from policy.queries.breakers import DEFAULT_ORDER, breakers, chosen, units_of
from policy.queries.lanes import happenings_of, lanes
from policy.timeline import LANE_PX, Window, ticks

DAYS = (7, 30, 90)
MOST_LANES = 40


@require_safe
def listed(request: PageRequest) -> HttpResponseBase:
    """Show every breaker in sight: what it does now, and what it did over the last weeks."""
    check_sight(request)
    at = timezone.now()
    found = breakers(request.user, at=at)
    shown = chosen(found, **_asked(request))
    if request.GET.get("format") == "csv":
        return csv_file("breakers.csv", COLUMNS, csv_rows(shown))
    context = {
        "rows": shown,
        "all_count": len(found),
        "zone": company().time_zone,
        "here": f"{request.path}?{request.GET.urlencode()}",
        "at": at,
        **_asked(request),
    }
    if (
        request.htmx.target == "breaker-rows"
    ):  # they refresh alone, so that all else keeps its focus
        return render(request, "policy/_breaker_rows.html", context)
    context |= _choices(found) | timeline_of([each.scope for each in shown], request, at=at)
    template = "policy/_breakers.html" if request.htmx else "policy/breakers.html"
    return render(request, template, context)


def _asked(request: PageRequest) -> dict[str, str]:
    return {
        "state": request.GET.get("state", ""),
        "unit": request.GET.get("unit", ""),
        "order": request.GET.get("order", DEFAULT_ORDER),
    }


def _choices(found: list[Any]) -> dict[str, Any]:
    blocked = sum(each.state == ScopeState.OPEN for each in found)
    return {"states": ScopeState.choices, "units": units_of(found), "blocked": blocked}


def timeline_of(scopes: list[Scope], request: PageRequest, *, at: datetime) -> dict[str, Any]:
    """Return what the state timeline shows of the scopes, over the days that were asked for."""
    days, zone = days_asked(request), ZoneInfo(company().time_zone)
    window = Window(at - timedelta(days=days), at)
    drawn = lanes(scopes[:MOST_LANES], window=window)
    return {
        "lanes": drawn,
        "lanes_left_out": max(len(scopes) - MOST_LANES, 0),
        "happenings": happenings_of(drawn),
        "ticks": ticks(window, zone=zone),
        "days": days,
        "all_days": DAYS,
        "lane_px": LANE_PX,
        "state_shapes": ScopeState.choices,
    }


def days_asked(request: PageRequest) -> int:
    asked = request.GET.get("days", "")
    return int(asked) if asked in {str(days) for days in DAYS} else DAYS[1]


def check_sight(request: PageRequest) -> None:
    """Refuse whoever has no role here."""
    if not can_see_policy(request.user):
        raise PermissionDenied("Breakers are for people with a role here.")
