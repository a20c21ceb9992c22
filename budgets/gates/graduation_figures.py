"""The figures of gate 5: what is measured again, and the journal that it would make."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from budgets.gate_lifecycle import LAST_GATE
from budgets.gates import stability, worth
from budgets.gates.rule import Inputs, number_in, text_of
from budgets.models import Gate, Initiative
from budgets.queries.gates_missing import missing_before
from budgets.queries.graduation import (
    Asked,
    Share,
    contingencies,
    contingency_of,
    day_problem,
    default_day,
    free_pool_usd,
    next_year_usd,
    phased_parts,
    proposed_journal,
    released,
    reserve_usd,
    shares_of,
    split_problem,
)
from budgets.queries.hierarchy import active_budget
from finops.gates.criteria import Outcome
from finops.graduation import Funding, Phased
from finops.money import to_cents
from finops.periods import Period
from org.queries.calendar import fiscal_year_containing, reporting_today


def measures_at(
    initiative: Initiative, inputs: Inputs, *, until: date, at: datetime
) -> dict[str, Any]:
    """Return what gate 5 measures, by what is known before `until`, at an instant."""
    today, asked = reporting_today(at), asked_in(inputs)
    starts_on = asked.starts_on or default_day(initiative, today=until)
    passed = {gate.number: gate for gate in Gate.objects.filter(initiative=initiative)}
    own = Gate(initiative=initiative, number=LAST_GATE)
    baseline = _baseline(initiative, passed.get(stability.NUMBER), at=at)
    run_rate = number_in(baseline["run_rate_usd"]) if baseline else None
    return {
        "missing": [f"gate {number}" for number in missing_before(own, on=today)],
        "worth": _worth(initiative, passed.get(1), baseline, at=at),
        "baseline": baseline,
        "funding": asked.funding.value,
        "starts_on": starts_on.isoformat(),
        "fiscal_year": fiscal_year_containing(starts_on),
        "day_problem": day_problem(initiative, starts_on, today=today),
        **_money(initiative, asked, run_rate, until=until, starts_on=starts_on),
    }


def asked_in(inputs: Inputs) -> Asked:
    """Read what was typed for the gate."""
    return Asked(
        funding=Funding(inputs.get("funding") or Funding.TRANSFER),
        starts_on=date.fromisoformat(inputs["starts_on"]) if inputs.get("starts_on") else None,
        contingency=inputs.get("contingency", ""),
        other=inputs.get("other", ""),
        theirs=inputs.get("theirs", ""),
        volume_index=number_in(inputs.get("volume_index") or None) or Decimal(1),
    )


def _baseline(initiative: Initiative, gate: Gate | None, *, at: datetime) -> dict[str, Any] | None:
    """Measure gate 4 again over the days on which it was passed; None where it never was."""
    if gate is None or gate.passed_on is None:
        return None
    stands_on, rule = gate.passed_on, stability.GATE
    now = rule.gather(initiative, stands_on.inputs, stands_on.window, at)
    judged = rule.judge(now.measures)
    figures = now.measures["figures"] or {}
    return {
        "evidence": stands_on.sha256,
        "passes": judged.outcome == Outcome.PASSED,
        "says": " ".join(judged.reasons),
        "run_rate_usd": _cents(number_in(figures.get("run_rate_usd"))),
        "from": now.measures["from"],
        "until": now.measures["until"],
    }


def _worth(
    initiative: Initiative, gate: Gate | None, baseline: Mapping[str, Any] | None, *, at: datetime
) -> dict[str, Any] | None:
    """Measure gate 1 on the actual figures of the baseline's days; None where it never passed."""
    if gate is None or gate.passed_on is None or baseline is None or baseline["from"] is None:
        return None
    rule, window = worth.GATE, {"from": baseline["from"], "until": baseline["until"]}
    now = rule.gather(initiative, gate.passed_on.inputs, window, at)
    judged = rule.judge(now.measures)
    outcomes, ai_usd = number_in(now.measures["outcomes"]), number_in(now.measures["ai_usd"])
    known = outcomes is not None and outcomes > 0 and ai_usd is not None
    says = " ".join(judged.reasons)
    if judged.provisional:
        says = f"{says} It rests on a projection, and core takes actual figures.".strip()
    return {
        "passes": judged.outcome == Outcome.PASSED and not judged.provisional,
        "says": says,
        "definition": gate.passed_on.inputs["definition"],
        "outcomes": text_of(outcomes),
        "ai_usd": text_of(ai_usd),
        "unit_usd": f"{ai_usd / outcomes:.12f}" if known and ai_usd and outcomes else None,
    }


def _money(
    initiative: Initiative,
    asked: Asked,
    run_rate: Decimal | None,
    *,
    until: date,
    starts_on: date,
) -> dict[str, Any]:
    left = released(initiative, until=until, starts_on=starts_on)
    shares = shares_of(initiative, asked, window=Period(initiative.starts_on, until))
    year = fiscal_year_containing(starts_on)
    problem = split_problem(initiative, asked, shares)
    found: dict[str, Any] = {
        "allocation_usd": text_of(left.allocation_usd),
        "actual_usd": text_of(left.actual_usd),
        "pending_usd": text_of(left.pending_usd),
        "released_usd": text_of(left.released_usd),
        "unbudgeted": [
            each.unit.name
            for each in shares
            if active_budget(unit=each.unit, fiscal_year=year) is None
        ],
        "split_problem": problem,
        "run_rate_usd": text_of(run_rate),
        "journal": None,
        "parts": [],
    }
    if run_rate is None or run_rate <= 0 or problem:
        return found
    phased = phased_parts(run_rate, on=starts_on, shares=shares)
    core_usd = sum((each.usd for part in phased for each in part), Decimal(0))
    return found | {
        "parts": [_part(*each) for each in zip(shares, phased, strict=True)],
        "next_year_usd": text_of(next_year_usd(run_rate, year=year, asked=asked)),
        "journal": _journal(initiative, asked, core_usd, left.released_usd, on=starts_on),
    }


def _part(share: Share, phased: Sequence[Phased]) -> dict[str, Any]:
    return {
        "unit": share.unit.slug,
        "name": share.unit.name,
        "share": text_of(share.share),
        "usd": text_of(sum((each.usd for each in phased), Decimal(0))),
        "phases": [
            {
                "starts_on": each.period.start.isoformat(),
                "ends_on": each.period.end.isoformat(),
                "days": each.days,
                "usd": text_of(each.usd),
            }
            for each in phased
        ],
    }


def _journal(
    initiative: Initiative,
    asked: Asked,
    core_usd: Decimal,
    released_usd: Decimal | None,
    *,
    on: date,
) -> dict[str, Any] | None:
    journal = proposed_journal(asked, core_usd=core_usd, released_usd=released_usd)
    if journal is None:
        return None
    needs = -journal.contingency_usd
    payer = contingency_of(asked, contingencies(initiative, on=on), needs)
    return {
        "core_usd": text_of(journal.core_usd),
        "experiment_usd": text_of(journal.experiment_usd),
        "free_pool_usd": text_of(journal.free_pool_usd),
        "pool_usd": text_of(journal.pool_usd),
        "contingency_usd": text_of(journal.contingency_usd),
        "sum_usd": text_of(journal.sum_usd),
        "pool_has_usd": text_of(free_pool_usd(initiative)),
        "contingency": payer.unit.slug if payer and needs else "",
        "contingency_name": payer.unit.name if payer and needs else "",
        "contingency_has_usd": text_of(reserve_usd(payer) if payer else Decimal("0.00")),
    }


def _cents(value: Decimal | None) -> str | None:
    return None if value is None else text_of(to_cents(value))
