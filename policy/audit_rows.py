"""The audit in plain values, as CSV and REST tell it."""

from collections.abc import Iterator
from decimal import Decimal

from policy.queries.right_sizing import Audit, Audited

COLUMNS = (
    "workflow", "task_type", "complexity", "risk", "provider", "model", "tier", "calls",
    "now_usd", "candidate", "candidate_usd", "avoidable_usd", "potential_usd", "confidence",
    "graded", "passed", "at_least", "required", "cache_share", "cache_achievable",
    "batch_eligible_calls", "median_input", "p95_input", "max_tokens", "reasoning_share",
    "missing",
)  # fmt: skip


def csv_rows(found: Audit) -> Iterator[list[object]]:
    """Yield the audit's rows, amounts exact; an empty cell is not known."""
    for row in found.rows:
        told = told_of(row)
        yield [told[name] for name in COLUMNS]


def told_of(row: Audited) -> dict[str, object]:
    """Return a row in plain values: money and shares as exact texts, None where unknown."""
    sized, profile = row.sized, row.profile
    best = (sized.recommended or sized.to_test) if sized else None
    evidence = best.candidate.evidence if best else None
    return {
        "workflow": row.kind.workflow,
        "task_type": row.kind.task_type,
        "complexity": row.kind.complexity,
        "risk": row.kind.risk,
        "provider": row.name.provider,
        "model": row.name.model,
        "tier": row.tier.value if row.tier else None,
        "calls": profile.calls,
        "now_usd": usd_text(row.now_usd),
        "candidate": best.candidate.name if best else None,
        "candidate_usd": usd_text(best.effective_usd if best else None),
        "avoidable_usd": usd_text(sized.avoidable_usd if sized else None),
        "potential_usd": usd_text(sized.potential_usd if sized else None),
        "confidence": evidence.confidence.value if evidence else None,
        "graded": evidence.graded if evidence else None,
        "passed": evidence.passed if evidence else None,
        "at_least": share_text(evidence.at_least if evidence else None),
        "required": share_text(row.required.required if row.required else None),
        "cache_share": share_text(row.cache_share),
        "cache_achievable": share_text(row.cache_achievable),
        "batch_eligible_calls": row.batch_eligible_calls,
        "median_input": profile.median_input,
        "p95_input": profile.p95_input,
        "max_tokens": profile.max_tokens,
        "reasoning_share": share_text(row.reasoning_share),
        "missing": " ".join(row.missing),
    }


def usd_text(value: Decimal | None) -> str | None:
    """Write dollars to the pico-dollar."""
    return None if value is None else f"{value:.12f}"


def share_text(value: Decimal | None) -> str | None:
    """Write a share of one to six decimals."""
    return None if value is None else f"{value:.6f}"
