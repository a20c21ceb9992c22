"""What happened to a scope: every move of its breaker."""

from django.db.models import QuerySet

from policy.models import Scope, ScopeStep


def steps_of(scope: Scope) -> QuerySet[ScopeStep]:
    """Return the moves of a scope's breaker with whoever caused them, the first one first."""
    return scope.steps.select_related("by__person").order_by("at", "pk")
