"""Two hundred sidecars on one cap of $100, by naive schemes and by leases, on a real PostgreSQL.

Four processes play fifty sidecars each and call the operations themselves: over HTTP two cores
would measure the web server. Demand is five times the cap and more. What calls really cost is
counted by the fleet, what is recorded by the ledger. `LEASE_SECONDS` is the length of each run.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

CAP_USD = Decimal(100)
PROCESSES, SIDECARS, CALLERS, CALLS_PER_S = 4, 50, 8, 2.0
SECONDS = float(os.environ.get("LEASE_SECONDS", "120"))


class Scheme(NamedTuple):
    """How calls are admitted, and how the world misbehaves meanwhile."""

    name: str
    says: str
    most_pct: int = 100  # of what was reserved, a call costs at most so much
    crash_share: float = 0.0


SCHEMES = (
    Scheme("published", "A: checks published spend, reports afterwards"),
    Scheme("undebited", "B: leases while reported spend is below the cap, not debited"),
    Scheme("leased", "C: leases debited at the grant, for the worst case"),
    Scheme("underrated", "C, calls cost up to 25 % more than was leased for them", most_pct=125),
    Scheme("crashing", "C, sidecars die at 0.2 % of their calls", crash_share=0.002),
)


def run(_: Path) -> dict[str, Any]:
    rows = {scheme.name: row for scheme, row in _rows()}
    exact = rows["leased"]
    kept = Decimal(exact["overspent_usd"]) == 0 == Decimal(exact["phantom_usd"])
    # Where nobody was refused the cap was never in reach, and nothing was shown.
    kept = kept and exact["refused"] > 0
    survives = Decimal(rows["crashing"]["overspent_usd"]) == 0
    bounded = Decimal(rows["underrated"]["overspent_usd"]) <= CAP_USD / 4
    return {
        "name": "leases",
        "cap_usd": f"{CAP_USD}",
        "sidecars": PROCESSES * SIDECARS,
        "callers": PROCESSES * CALLERS,
        "seconds": SECONDS,
        "schemes": rows,
        "passed": kept and survives and bounded,
    }


def _rows() -> Iterator[tuple[Scheme, dict[str, Any]]]:
    from tests.org_cast import gather  # noqa: PLC0415 -- Django is set up by the caller

    cast = gather()
    for scheme in SCHEMES:
        yield scheme, _row(scheme, cast)


def _row(scheme: Scheme, cast: Any) -> dict[str, Any]:
    from tests.factories.leases import room  # noqa: PLC0415 -- as above

    cap = _capped(scheme, cast)
    parts = list(_played(scheme, cap=cap, user=cast.ed.pk))
    now = room(cap, at=datetime.now(UTC))
    true_usd = sum((Decimal(part["true_usd"]) for part in parts), Decimal(0))
    over_usd = max(Decimal(0), true_usd - CAP_USD)
    taken = sorted(ms for part in parts for ms in part["grant_ms"])
    lost = scheme.crash_share > 0
    # Enforced is what is spent and held; without deaths it must come to what was recorded.
    phantom = Decimal(0) if lost else now.spent_usd + now.held_usd - true_usd
    return {
        "scheme": scheme.says,
        "true_usd": f"{true_usd:.2f}",
        "overspent_usd": f"{over_usd.normalize():f}",
        "overspent_pct": f"{over_usd / CAP_USD * 100:.1f}",
        "recorded_usd": f"{now.spent_usd:.2f}",
        "held_usd": f"{now.held_usd:.2f}",
        "phantom_usd": f"{phantom.normalize():f}",
        "admitted": sum(part["admitted"] for part in parts),
        "refused": sum(part["refused"] for part in parts),
        "grants": len(taken),
        "grant_p50_ms": round(taken[len(taken) // 2]) if taken else None,
        "grant_p99_ms": round(taken[int(len(taken) * 0.99) - 1]) if taken else None,
    }


def _capped(scheme: Scheme, cast: Any) -> Any:
    from ingestion.operations.rules import (  # noqa: PLC0415 -- as above
        RuleDraft,
        current_drafts,
        publish_rules,
    )
    from policy.operations.scopes import put_scope  # noqa: PLC0415 -- as above
    from tests.factories.org import new_cost_object  # noqa: PLC0415 -- as above
    from tests.factories.policy import cap, org_scope, unit_scope  # noqa: PLC0415 -- as above

    at = datetime.now(UTC)
    thing = new_cost_object(name=scheme.name, slug=scheme.name, unit=cast.support)
    scope = put_scope(
        slug=f"initiative:{scheme.name}",
        name=scheme.name,
        parent_slug=unit_scope(cast.support).slug,
        cost_object=thing,
        at=at,
    )
    draft = RuleDraft(scheme.name, {"workflow": scheme.name}, cast.support.pk, thing.pk)
    publish_rules(drafts=[draft, *current_drafts()], reason="Benchmark.", by=cast.fiona, at=at)
    values: dict[str, Any] = {
        "window": "total",
        "starts_on": at.date() - timedelta(days=1),
        "at": at,
    }
    cap(org_scope(), "100000.00", **values)
    cap(unit_scope(cast.support), "100000.00", **values)
    return cap(scope, f"{CAP_USD:.2f}", **values)


def _played(scheme: Scheme, *, cap: Any, user: int) -> Iterator[dict[str, Any]]:
    from tests.live import environment  # noqa: PLC0415 -- as above

    with ExitStack() as stack:
        processes = []
        for seed in range(PROCESSES):
            order = {
                "scheme": scheme.name,
                "workflow": scheme.name,
                "seed": seed,
                "sidecars": SIDECARS,
                "callers": CALLERS,
                "calls_per_s": CALLS_PER_S,
                "seconds": SECONDS,
                "most_pct": scheme.most_pct,
                "crash_share": scheme.crash_share,
                "cap": cap.public_id,
                "cap_usd": f"{CAP_USD}",
                "user": user,
            }
            command = [sys.executable, "-m", "benchmarks.leases.fleet", json.dumps(order)]
            process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE)
            processes.append(stack.enter_context(process))
        for process in processes:
            out, _ = process.communicate(timeout=SECONDS * 4 + 120)
            if process.returncode:
                raise RuntimeError(f"A part of the fleet failed with {process.returncode}.")
            yield json.loads(out.decode().splitlines()[-1])
