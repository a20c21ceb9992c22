"""Gate 2: model optimisation, out of the experiment's calls and what was graded."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from budgets.gates.rule import (
    Ask,
    GateRule,
    Gathered,
    Inputs,
    Kind,
    Measures,
    Signer,
    Window,
    number_in,
    text_of,
)
from budgets.models import Initiative
from finops.gates.criteria import Judgement
from finops.gates.optimisation import Optimised, judge_optimisation
from finops.periods import ONE_DAY, Period
from finops.right_sizing import Judged, Sized, Verdict
from org.models import Role
from org.queries.calendar import reporting_today
from org.queries.profile import profile_on
from policy.queries.right_sizing import Audit, Audited, audit

SINCE, WAIVED_UNTIL = "since", "waived_until"
WATCHED_DAYS = 28
QUERY = (
    "Metered calls of the cost object, by reporting day, each priced once more on every ranked"
    " model at that model's prices of the call's day; evaluations, requirements, labels and tiers"
    " as they stood on the last day."
)
# Candidates that could never do the work cheaper need no grades.
_OUT_OF_REACH = frozenset({Verdict.NO_PRICE, Verdict.NOT_CHEAPER, Verdict.BELOW_FLOOR})


def _gather(
    initiative: Initiative, inputs: Inputs, window: Window | None, at: datetime
) -> Gathered:
    days = window or _window(initiative, inputs, at=at)
    start, until = date.fromisoformat(days["from"]), date.fromisoformat(days["until"])
    # Before its first full day there is nothing to audit, which the criteria say.
    period = Period(start, max(until, start + ONE_DAY))
    found = audit(period=period, on=until, cost_object_id=initiative.cost_object_id or 0)
    return Gathered(
        window=days,
        query=QUERY,
        measures={
            **_measured(found),
            **_limits(until),
            "waived_days": _waived_days(inputs, until),
        },
        data_status={
            "calls": found.calls,
            "unpriced_calls": sum(row.profile.unpriced_calls for row in found.rows),
        },
    )


def _window(initiative: Initiative, inputs: Inputs, *, at: datetime) -> Window:
    """Return the full days up to today: since a re-configuration, where one is told."""
    today = reporting_today(at)
    first = max(initiative.starts_on, today - timedelta(days=WATCHED_DAYS))
    if inputs.get(SINCE):
        first = max(initiative.starts_on, date.fromisoformat(inputs[SINCE]))
    return {"from": min(first, today).isoformat(), "until": today.isoformat()}


def _measured(found: Audit) -> dict[str, Any]:
    sized = [row.sized for row in found.rows if row.sized is not None]
    is_judged = len(sized) == len(found.rows) > 0
    graded = [count for each in found.rows if (count := _graded(each)) is not None]
    return {
        "calls": found.calls,
        "days": found.days,
        "unknown_calls": found.unknown_calls,
        "calls_without_latency": found.calls_without_latency,
        "spend_usd": f"{found.spend_usd:f}" if is_judged else None,
        "avoidable_usd": f"{found.avoidable_usd:f}" if is_judged else None,
        "frontier_on_simple": text_of(found.frontier_on_simple_share),
        "fewest_graded": min(graded, default=None),
        "advice": _advice(found),
        "missing": found.missing,
        "work": [_work(row) for row in found.rows],
    }


def _limits(on: date) -> dict[str, Any]:
    """Return what the company's profile of the day allows."""
    profile = profile_on(on).profile
    return {
        "avoidable_limit": f"{profile.avoidable_limit:f}",
        "waiver_quarters": profile.waiver_quarters,
    }


def _graded(row: Audited) -> int | None:
    """Return how often what runs now, or the best graded cheaper model, was graded at least."""
    within_reach = [each for each in _judged(row.sized) if each.verdict not in _OUT_OF_REACH]
    if not within_reach:
        return None
    known = [each.candidate.evidence for each in within_reach]
    best = max(evidence.graded if evidence else 0 for evidence in known)
    return min(best, row.evidence.graded if row.evidence else 0)


def _judged(sized: Sized | None) -> Sequence[Judged]:
    return sized.judged if sized else ()


def _advice(found: Audit) -> list[str]:
    return [
        f"Let {row.kind.workflow} run on {row.sized.recommended.candidate.name}"
        f" instead of {row.name.model}."
        for row in found.rows
        if row.sized is not None and row.sized.recommended is not None
    ]


def _work(row: Audited) -> dict[str, Any]:
    best = row.sized.recommended if row.sized else None
    return {
        "workflow": row.kind.workflow,
        "task_type": row.kind.task_type,
        "complexity": row.kind.complexity,
        "model": row.name.model,
        "calls": row.profile.calls,
        "now_usd": text_of(row.now_usd),
        "candidate": best.candidate.name if best else None,
        "candidate_usd": text_of(best.effective_usd if best else None),
        "cache_share": text_of(row.cache_share),
        "batch_eligible_calls": row.batch_eligible_calls,
    }


def _waived_days(inputs: Inputs, on: date) -> int | None:
    until = inputs.get(WAIVED_UNTIL)
    return (date.fromisoformat(until) - on).days if until else None


def _judge(measures: Measures) -> Judgement:
    return judge_optimisation(
        Optimised(
            calls=measures["calls"],
            days=measures["days"],
            unknown_calls=measures["unknown_calls"],
            calls_without_latency=measures["calls_without_latency"],
            spend_usd=number_in(measures["spend_usd"]),
            avoidable_usd=number_in(measures["avoidable_usd"]),
            avoidable_limit=Decimal(measures["avoidable_limit"]),
            frontier_on_simple=number_in(measures["frontier_on_simple"]),
            fewest_graded=measures["fewest_graded"],
            waived_days=measures["waived_days"],
            waiver_quarters=measures["waiver_quarters"],
            advice=measures["advice"],
            missing=measures["missing"],
        )
    )


def _signers(inputs: Inputs) -> Sequence[Signer]:
    platform = Signer(part="platform", label="AI platform lead", roles=(Role.ENGINEER,))
    finops = Signer(part="finops", label="FinOps, for the waiver", roles=(Role.FINANCE, Role.CFO))
    return (platform, finops) if inputs.get(WAIVED_UNTIL) else (platform,)


GATE = GateRule(
    number=2,
    name="Model optimisation audit",
    question="Does it run on the cheapest models that do its work well enough?",
    gather=_gather,
    judge=_judge,
    signers=_signers,
    asks=(
        Ask(
            name=SINCE,
            label="Calls from this day on",
            kind=Kind.DAY,
            hint="After a re-configuration, its first full day. Empty: the last 28 days.",
            required=False,
        ),
        Ask(
            name=WAIVED_UNTIL,
            label="Frontier models are waived until",
            kind=Kind.DAY,
            hint="As long as the company's profile admits; FinOps signs too. Empty: no waiver.",
            required=False,
        ),
    ),
    ends_on_change=True,
)
