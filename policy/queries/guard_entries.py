"""What the document says of a scope's guard, and of how its breaker has calls pass."""

from typing import Any

from policy.document import LoopEntry, ProbeEntry, RatesEntry, TaskLimitsEntry
from policy.lifecycle import ScopeState
from policy.models import Guard, Scope, Tier
from policy.models.guards import KEEP_FRACTION

SLOWED = (ScopeState.THROTTLED, ScopeState.DOWNGRADED)


def guard_entries(row: Scope) -> dict[str, Any]:
    """Return the members of a scope's entry that its guard and its state decide.

    `row` brings its live guard and the probe of its present epoch with it.
    """
    guard = next(iter(row.guards.all()), None)
    entries: dict[str, Any] = {"max_tier": max_tier_of(row)}
    if row.state in SLOWED:
        entries["keep_fraction"] = guard.keep_fraction if guard else KEEP_FRACTION
    if row.state == ScopeState.HALF_OPEN:
        entries["probe"] = _probe(row)
    if guard is None:
        return entries
    return entries | {
        "rates": _rates(guard),
        "task_limits": _task_limits(guard),
        "loop": _loop(guard),
    }


def max_tier_of(row: Scope) -> str:
    """Return the dearest tier a scope may call: one below its own while it is downgraded."""
    if row.state != ScopeState.DOWNGRADED:
        return row.max_tier
    tiers = [tier.value for tier in Tier]
    place = tiers.index(row.max_tier) if row.max_tier in tiers else len(tiers) - 1
    return tiers[max(place - 1, 0)]


def _probe(row: Scope) -> ProbeEntry | None:
    probe = next(iter(row.probes.all()), None)
    return ProbeEntry(probe.public_id, probe.calls, probe.until) if probe else None


def _rates(guard: Guard) -> RatesEntry | None:
    entry = RatesEntry(
        requests_per_minute=guard.requests_per_minute,
        tokens_per_minute=guard.tokens_per_minute,
        usd_per_minute=guard.usd_per_minute,
        concurrency=guard.concurrency,
    )
    return None if entry == RatesEntry() else entry


def _task_limits(guard: Guard) -> TaskLimitsEntry | None:
    entry = TaskLimitsEntry(steps=guard.task_steps, usd=guard.task_usd)
    return None if entry == TaskLimitsEntry() else entry


def _loop(guard: Guard) -> LoopEntry | None:
    if guard.loop_calls is None or guard.loop_window_s is None:
        return None
    return LoopEntry(calls=guard.loop_calls, window_s=guard.loop_window_s)
