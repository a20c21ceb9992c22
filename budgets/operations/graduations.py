"""Graduating: an experiment becomes core by its last signature, from a midnight on."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from budgets.lifecycle import InitiativeAction
from budgets.models import (
    GateEvidence,
    GateSignature,
    Graduation,
    Initiative,
    Journal,
)
from budgets.operations.core_flex import propose_flex_for
from budgets.operations.core_money import Shift, shift_money
from budgets.operations.core_parts import take_over
from budgets.operations.history import advance
from budgets.operations.ledger import lock_year
from budgets.operations.news import tell_of_step
from budgets.operations.sandbox import lock_money_of
from budgets.operations.scopes import put_total_cap
from budgets.queries.ledger import account_of_experiment, balance_usd
from budgets.rights import GRADUATION
from finops.graduation import Phased
from finops.periods import Period
from ingestion.operations.assignments import hold_loads_still
from org.models import Approval, Role, Unit, User
from org.operations.approvals import record_decision, request_decision
from org.refusals import Refusal
from org.templatetags.figures import day as written_day
from org.templatetags.figures import usd
from policy.operations.publish import publish

SIGNED = "The signatures of gate 5."


def hold_money(initiative: Initiative) -> None:
    """Keep loads and the year's budgets still, so that what is measured is what is posted.

    Taken before anything is written: two graduations on one pool come one after the other.
    The year comes before its accounts and those before loads, as wherever money is granted.
    """
    own = account_of_experiment(initiative)
    if own is None:
        raise Refusal(f"{initiative} was never funded.")
    lock_year(own.fiscal_year)
    lock_money_of(initiative)
    hold_loads_still()


def graduate(
    initiative: Initiative, evidence: GateEvidence, *, by: User, at: datetime
) -> Graduation:
    """Move the money and put the experiment into core from its day on.

    The caller holds the gate and `hold_money`, and has measured the evidence again: what
    it proposes is what is done. Past spend stays the experiment's.
    """
    terms = evidence.measures
    approval = _approval(initiative, evidence, by=by, at=at)
    parts = _phased_parts(terms)
    shift = _shift(initiative, terms, parts)
    journal = shift_money(
        shift,
        kind=Journal.Kind.GRADUATION,
        memo=f"{initiative.name} graduates into core"[:200],
        approval=approval,
        by=by,
        at=at,
    )
    graduation = _record(
        initiative, evidence, shift, journal=journal, approval=approval, by=by, at=at
    )
    for (unit, phased), share in zip(parts, terms["parts"], strict=True):
        take_over(graduation, unit, phased, share=Decimal(share["share"]), at=at)
    _give_money_away(initiative, shift, on=graduation.starts_on, at=at)
    day = written_day(graduation.starts_on)
    reason = (
        f"{usd(graduation.core_usd)} into core from {day} on. {propose_flex_for(graduation, at=at)}"
    )
    advance(initiative, InitiativeAction.GRADUATE, by=by, reason=reason, at=at)
    publish(cause=f"{initiative.name} graduates", by=by, at=at)
    tell_of_step(initiative, InitiativeAction.GRADUATE, by=by, reason=reason, at=at)
    return graduation


def _approval(
    initiative: Initiative, evidence: GateEvidence, *, by: User, at: datetime
) -> Approval:
    """Write the decision down where every decision on money is: asked by one, signed by others."""
    journal = evidence.measures["journal"]
    request_decision(
        kind=GRADUATION,
        subject_id=initiative.pk,
        title=f"{initiative.name} graduates into core",
        url=f"/initiatives/{initiative.slug}/graduation/",
        unit=initiative.unit,
        terms={**journal, "evidence": evidence.sha256, "starts_on": evidence.measures["starts_on"]},
        amount_usd=Decimal(journal["core_usd"]),
        by=evidence.by,
        at=at,
    )
    signed = GateSignature.objects.filter(evidence=evidence, part="finance").first()
    return record_decision(
        kind=GRADUATION,
        subject_id=initiative.pk,
        approve=True,
        by=signed.by if signed else by,
        reason=SIGNED,
        at=at,
        deciders=(Role.CFO,),
    )


def _phased_parts(terms: Mapping[str, Any]) -> list[tuple[Unit, list[Phased]]]:
    units = {unit.slug: unit for unit in Unit.objects.filter(slug__in=_slugs(terms))}
    return [
        (units[part["unit"]], [_phased(each) for each in part["phases"]]) for part in terms["parts"]
    ]


def _slugs(terms: Mapping[str, Any]) -> list[str]:
    return [part["unit"] for part in terms["parts"]]


def _phased(written: Mapping[str, Any]) -> Phased:
    period = Period(
        date.fromisoformat(written["starts_on"]), date.fromisoformat(written["ends_on"])
    )
    return Phased(period, written["days"], Decimal(written["usd"]))


def _shift(
    initiative: Initiative,
    terms: Mapping[str, Any],
    parts: Sequence[tuple[Unit, Sequence[Phased]]],
) -> Shift:
    journal = terms["journal"]
    own, _ = lock_money_of(initiative)
    payer = Unit.objects.filter(slug=journal["contingency"]).first()
    return Shift(
        fiscal_year=own.fiscal_year,
        core=parts,
        pool=initiative.unit,
        pool_usd=Decimal(journal["free_pool_usd"]),
        experiment=own,
        experiment_usd=Decimal(journal["experiment_usd"]),
        contingency=payer,
        contingency_usd=Decimal(journal["contingency_usd"]),
    )


def _record(
    initiative: Initiative,
    evidence: GateEvidence,
    shift: Shift,
    *,
    journal: Journal,
    approval: Approval,
    by: User,
    at: datetime,
) -> Graduation:
    terms = evidence.measures
    unit_usd = terms["worth"]["unit_usd"]
    return Graduation.objects.create(
        initiative=initiative,
        number=initiative.graduations.count() + 1,
        evidence=evidence,
        approval=approval,
        journal=journal,
        fiscal_year=shift.fiscal_year,
        starts_on=date.fromisoformat(terms["starts_on"]),
        funding=terms["funding"],
        run_rate_usd=Decimal(terms["run_rate_usd"]),
        core_usd=Decimal(terms["journal"]["core_usd"]),
        experiment_usd=shift.experiment_usd,
        free_pool_usd=shift.pool_usd,
        contingency_usd=shift.contingency_usd,
        contingency_unit=shift.contingency,
        next_year_usd=Decimal(terms["next_year_usd"]),
        unit_usd=None if unit_usd is None else Decimal(unit_usd),
        by=by,
        at=at,
    )


def _give_money_away(initiative: Initiative, shift: Shift, *, on: date, at: datetime) -> None:
    """Let the experiment spend until its day no more than it still holds."""
    initiative.cap_usd = max(initiative.cap_usd + shift.experiment_usd, initiative.daily_cap_usd)
    held_usd = balance_usd(shift.experiment)
    put_total_cap(initiative=initiative, held_usd=held_usd, ends_on=on, at=at)
