"""What lies over a breaker's state: that it is overridden for a while, or that nothing is heard.

A breaker's state is what routers were told. Whether any of them still listens is another
question: where neither a router nor a call was heard of, "Running" would claim too much.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Max

from finops.periods import ONE_DAY
from ingestion.models import UnitDay
from policy.document import STALE_AFTER_S
from policy.models import Override, Scope, Sidecar

# A sidecar reports every minute, give or take a fifth. Four reports that did not come are no
# accident, and by then a router that lost the server has long called its policy stale.
SILENT_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Signals:
    """When any router was last heard of, and who had calls since yesterday."""

    router_at: datetime | None
    objects: frozenset[int]
    paths: tuple[str, ...]
    any_calls: bool

    def is_silent(self, scope: Scope, *, at: datetime) -> bool:
        """Test whether nothing was heard: no router lately, no call since yesterday."""
        if self.router_at is not None and at - self.router_at <= SILENT_AFTER:
            return False
        return not self._had_calls(scope)

    def _had_calls(self, scope: Scope) -> bool:
        if scope.cost_object_id is not None:
            return scope.cost_object_id in self.objects
        if scope.unit is not None:
            return any(path.startswith(scope.unit.path) for path in self.paths)
        return self.any_calls


def signals(*, today: date) -> Signals:
    """Read the signs of life, in two queries.

    Calls are known by the day, so that yesterday's stand until midnight has passed again.
    """
    since = UnitDay.objects.filter(metered=True, reporting_day__gte=today - ONE_DAY)
    rows = list(since.values_list("unit__path", "cost_object").distinct())
    return Signals(
        router_at=Sidecar.objects.aggregate(at=Max("seen_at"))["at"],
        objects=frozenset(pk for _, pk in rows if pk is not None),
        paths=tuple({path for path, _ in rows if path is not None}),
        any_calls=bool(rows),
    )


def silence_sentence(scope: Scope) -> str:
    """Say what routers do with the scope's calls while they do not hear of the policy."""
    then = {
        "closed": "refuses its calls",
        "open": "goes on as it was last told",
        "bucket": "lets it spend a small allowance, then refuses",
    }
    what = then.get(scope.when_stale, scope.when_stale)
    return (
        f"No router has reported for {SILENT_AFTER // timedelta(minutes=1)} minutes, and no call"
        f" was counted since yesterday. A router that cannot ask for {STALE_AFTER_S} s {what}."
    )


def overridden_until(scopes: Sequence[Scope], *, at: datetime) -> dict[int, datetime]:
    """Return until when a person lets each scope pass one of its limits, by the scope's key."""
    live = Override.objects.in_force(at=at).filter(scope__in=scopes)
    return dict(live.order_by("expires_at").values_list("scope", "expires_at"))
