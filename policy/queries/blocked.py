"""How many scopes are blocked, told along with the memberships of who asks."""

from collections.abc import Iterable

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Value
from django.db.models.functions import Coalesce

from org.models import Membership
from policy.lifecycle import ScopeState
from policy.models import Scope


def blocked_column() -> dict[str, ArraySubquery]:
    """Return `blocked`, the ids of the blocked scopes in sight of a membership, to carry along."""
    # What belongs to no unit is the company's: only a company-wide role covers it.
    stopped = Scope.objects.filter(state=ScopeState.OPEN, retired_at__isnull=True).annotate(
        covers=Coalesce(OuterRef("unit__path"), Value("")),
        path=Coalesce("unit__path", "cost_object__unit__path", Value("")),
    )
    return {"blocked": ArraySubquery(stopped.filter(path__startswith=F("covers")).values("pk"))}


def blocked_count(memberships: Iterable[Membership]) -> int:
    """Count the blocked scopes that memberships with the column see together."""
    return len({pk for membership in memberships for pk in getattr(membership, "blocked", ())})
