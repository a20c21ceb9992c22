"""The parts of a breaker, each a page with an address of its own."""

from typing import Any

from django.template import Context, Library
from django.urls import reverse

from policy.models import Scope
from policy.permissions import can_stop_scope

register = Library()

# Name of the address → what the part is called; some are for those alone who could stop the scope.
PARTS = {
    "breaker": "State",
    "breaker-guard": "Guard",
    "breaker-override": "Override",
    "breaker-trip-test": "Trip test",
    "breaker-block": "Block",
    "breaker-protect": "Protection",
    "breaker-when-stale": "Without the server",
}
FOR_STOPPERS = frozenset({"breaker-override"})


@register.inclusion_tag("policy/_breaker_tabs.html", takes_context=True)
def breaker_tabs(context: Context, scope: Scope, tab: str) -> dict[str, Any]:
    """Show the parts of a scope's breaker, the one named `tab` as the current one."""
    if scope.pk is None:  # it can be stopped before anything is kept of it
        return {"parts": []}
    may_stop = can_stop_scope(context["request"].user, scope=scope)
    return {
        "name": scope.name,
        "parts": [
            (label, reverse(part, args=[scope.slug]), part == tab)
            for part, label in PARTS.items()
            if may_stop or part not in FOR_STOPPERS
        ],
    }
