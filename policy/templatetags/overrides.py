"""What stands on every page of a scope: overrides with their countdown, reasons that are owed."""

from datetime import datetime
from typing import Any

from django.template import Context, Library
from django.utils import timezone

from policy.models import Scope
from policy.permissions import scopes_visible_to
from policy.queries.forced import reasons_owed
from policy.queries.overrides import overrides_over

register = Library()

MINUTE_S, HOUR_S = 60, 3600


@register.inclusion_tag("policy/_override_banner.html")
def override_banner(slug: str, zone: str = "UTC") -> dict[str, Any]:
    """Show what is in force, waits or is owed on the scope of this name."""
    at = timezone.now()  # a tag is where the page reads the clock: every page of a scope has it
    named = Scope.objects.filter(slug=slug)
    overrides = list(overrides_over(named, at=at))
    return {"overrides": overrides, "owed": list(reasons_owed(named)), "zone": zone}


@register.inclusion_tag("policy/_override_banner.html", takes_context=True)
def override_banners(context: Context) -> dict[str, Any]:
    """Show the same of every scope in sight."""
    seen = scopes_visible_to(context["request"].user)
    return {
        "overrides": list(overrides_over(seen, at=timezone.now())),
        "owed": list(reasons_owed(seen)),
        "zone": context.get("zone", "UTC"),
    }


@register.filter
def time_left(until: datetime, at: datetime | None = None) -> str:
    """Write how long something still holds: 3 h 20 min left."""
    seconds = int((until - (at or timezone.now())).total_seconds())
    if seconds <= 0:
        return "just ending"
    hours, minutes = seconds // HOUR_S, seconds % HOUR_S // MINUTE_S
    if not hours:
        return f"{minutes} min left" if minutes else "less than a minute left"
    return f"{hours} h {minutes} min left"
