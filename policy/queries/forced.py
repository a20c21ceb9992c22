"""Forced blocks: those for which somebody owes a reason."""

from django.db.models import QuerySet

from policy.models import ForcedBlock, Scope


def forced_blocks_of(scope: Scope) -> QuerySet[ForcedBlock]:
    """Return every forced block of a scope, the newest first."""
    return scope.forced_blocks.select_related("by__person", "reason_by__person").order_by("-pk")


def reasons_owed(scopes: QuerySet[Scope]) -> QuerySet[ForcedBlock]:
    """Return the forced blocks of scopes that nobody has explained yet, the oldest first."""
    owing = ForcedBlock.objects.owing().filter(scope__in=scopes)
    return owing.select_related("scope", "by__person").order_by("pk")
