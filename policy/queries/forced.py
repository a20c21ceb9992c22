"""Forced blocks: those for which somebody owes a reason."""

from django.db.models import QuerySet

from org.models import User
from policy.models import ForcedBlock, Scope
from policy.permissions import scopes_visible_to


def forced_blocks_of(scope: Scope) -> QuerySet[ForcedBlock]:
    """Return every forced block of a scope, the newest first."""
    return scope.forced_blocks.select_related("by__person", "reason_by__person").order_by("-pk")


def reasons_owed(user: User) -> QuerySet[ForcedBlock]:
    """Return the forced blocks in sight that nobody has explained yet, the oldest first."""
    return reasons_owed_over(scopes_visible_to(user))


def reasons_owed_over(scopes: QuerySet[Scope]) -> QuerySet[ForcedBlock]:
    """Return the same of these scopes."""
    owing = ForcedBlock.objects.owing().filter(scope__in=scopes)
    return owing.select_related("scope", "by__person").order_by("pk")
