"""What happens when a sum runs out, read from the caps on its scope and its thresholds."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from decimal import Decimal
from enum import Enum

from finops.thresholds import Effect
from org.models import Unit
from policy.models import Cap
from policy.queries.meters import caps_in_force


class Consequence(Enum):
    """The hardest thing that caps on the whole sum, or thresholds, do once the sum is spent."""

    BLOCKS = "the breaker blocks new runs"
    ASKS = "new experiments wait for an answer and nothing blocks new runs"
    TELLS = "people are told and nothing blocks new runs"
    NOTHING = "nothing blocks new runs: no cap stands on its total"


def caps_of_units(units: Iterable[Unit], *, on: date) -> dict[int, list[Cap]]:
    """Return by unit the caps in total on its own scope."""
    found = caps_in_force(on=on).filter(window=Cap.Window.TOTAL, scope__unit__in=units)
    caps: dict[int, list[Cap]] = defaultdict(list)
    for cap in found.select_related("scope"):
        if cap.scope.unit_id is not None:
            caps[cap.scope.unit_id].append(cap)
    return caps


def caps_of_cost_objects(ids: Iterable[int], *, on: date) -> dict[int, list[Cap]]:
    """Return by cost object the caps in total on its scope."""
    found = caps_in_force(on=on).filter(window=Cap.Window.TOTAL, scope__cost_object__in=ids)
    caps: dict[int, list[Cap]] = defaultdict(list)
    for cap in found.select_related("scope"):
        if cap.scope.cost_object_id is not None:
            caps[cap.scope.cost_object_id].append(cap)
    return caps


def consequence(
    caps: Sequence[Cap],
    *,
    granted_usd: Decimal,
    since: date,
    effects: Collection[Effect] = (),
) -> Consequence:
    """Return what caps and thresholds do by the time that what was granted since a day is spent.

    A cap that is wider, or has counted for a shorter time, is not reached by then. `effects`
    are those of the thresholds that are.
    """
    reached = [cap for cap in caps if cap.limit_usd <= granted_usd and cap.starts_on <= since]
    if Effect.BLOCKS in effects or any(cap.mode == Cap.Mode.HARD for cap in reached):
        return Consequence.BLOCKS
    if Effect.ASKS in effects:
        return Consequence.ASKS
    return Consequence.TELLS if reached or effects else Consequence.NOTHING
