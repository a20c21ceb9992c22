"""Graduating: an experiment becomes core by its last signature, from a midnight on."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from budgets.gates.graduation_figures import asked_in
from budgets.lifecycle import IN_CORE, InitiativeAction, InitiativeState
from budgets.models import (
    CoreGrant,
    CorePart,
    GateEvidence,
    GateSignature,
    Graduation,
    Initiative,
    Journal,
)
from budgets.operations.core_flex import propose_flex_for
from budgets.operations.core_money import Shift, shift_money
from budgets.operations.history import advance
from budgets.operations.ledger import lock_year
from budgets.operations.news import tell_of_step
from budgets.operations.sandbox import lock_money_of, release_unspent
from budgets.operations.scopes import put_core_scope, put_total_cap
from budgets.queries.graduation import condition_of
from budgets.queries.ledger import account_of_experiment, balance_usd
from budgets.rights import GRADUATION
from finops.graduation import Phased
from finops.periods import Period
from ingestion.operations.assignments import hold_loads_still
from ingestion.operations.core_spans import put_in_core
from ingestion.operations.rules import RuleDraft, add_rules_first
from org.models import Approval, CostObject, Role, Unit, User
from org.operations.approvals import record_decision, request_decision
from org.queries.calendar import reporting_today
from org.queries.profile import profile_on
from org.refusals import Refusal
from org.templatetags.figures import day as written_day
from org.templatetags.figures import usd
from policy.operations.publish import publish

SLUG_LENGTH = 50
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
        _take_over(graduation, unit, phased, share=Decimal(share["share"]), at=at)
    _give_money_away(initiative, shift, on=graduation.starts_on, at=at)
    day = written_day(graduation.starts_on)
    reason = (
        f"{usd(graduation.core_usd)} into core from {day} on. {propose_flex_for(graduation, at=at)}"
    )
    advance(initiative, InitiativeAction.GRADUATE, by=by, reason=reason, at=at)
    publish(cause=f"{initiative.name} graduates", by=by, at=at)
    tell_of_step(initiative, InitiativeAction.GRADUATE, by=by, reason=reason, at=at)
    return graduation


def enter_core_due(*, at: datetime) -> list[str]:
    """Let the graduations begin whose day has come; return their slugs."""
    today = reporting_today(at)
    due = Graduation.objects.filter(
        initiative__state=InitiativeState.GRADUATING, starts_on__lte=today
    )
    rows = due.order_by("pk").values_list("initiative", "initiative__slug")
    return [slug for pk, slug in rows if _enter_core(pk, at=at)]


def settle_graduated(*, at: datetime) -> list[str]:
    """Return to their pools what graduated experiments did not spend, once that is final."""
    waiting = Graduation.objects.filter(
        # What was demoted spends of the same account again: it is settled when that ends.
        initiative__state__in=IN_CORE,
        released_usd=None,
        starts_on__lte=reporting_today(at),
    )
    rows = waiting.order_by("pk").values_list("pk", "initiative__slug")
    return [slug for pk, slug in rows if _settle(pk, at=at)]


@transaction.atomic
def _enter_core(initiative_id: int, *, at: datetime) -> bool:
    initiative = _locked(initiative_id)
    if initiative.state != InitiativeState.GRADUATING:
        return False  # somebody was here since we looked
    reason = "Its day has come: from today on its calls are core."
    advance(initiative, InitiativeAction.ENTER_CORE, by=None, reason=reason, at=at)
    tell_of_step(initiative, InitiativeAction.ENTER_CORE, by=None, reason=reason, at=at)
    return True


@transaction.atomic
def _settle(graduation_id: int, *, at: datetime) -> bool:
    graduation = Graduation.objects.get(pk=graduation_id)
    initiative = _locked(graduation.initiative_id)
    graduation.refresh_from_db()
    today = reporting_today(at)
    lag_days = profile_on(today).profile.data_lag_days
    if graduation.released_usd is not None or (today - graduation.starts_on).days < lag_days:
        return False
    if graduation.number < initiative.graduations.count():
        return False  # the account is that of a later graduation by now
    graduation.released_usd = release_unspent(initiative, by=None, at=at)
    if graduation.released_usd is None:
        return False
    graduation.save(update_fields=["released_usd"])
    return True


def _locked(initiative_id: int) -> Initiative:
    rows = Initiative.objects.select_for_update(of=("self",))
    return rows.select_related(
        "unit", "owner__person", "on_call__person", "requested_by__person", "cost_object"
    ).get(pk=initiative_id)


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


def _take_over(
    graduation: Graduation,
    unit: Unit,
    phased: Sequence[Phased],
    *,
    share: Decimal,
    at: datetime,
) -> None:
    """Let a department take its part from the day on: its money, and its calls."""
    initiative = graduation.initiative
    is_own = unit.pk == initiative.unit_id
    cost_object = initiative.cost_object if is_own else _other_object(graduation, unit, at=at)
    if cost_object is None:
        raise TypeError(f"{initiative} runs without a cost object.")
    part = CorePart.objects.create(
        graduation=graduation, unit=unit, cost_object=cost_object, share=share
    )
    CoreGrant.objects.bulk_create(
        CoreGrant(
            part=part,
            cause=CoreGrant.Cause.GRADUATION,
            starts_on=each.period.start,
            ends_on=each.period.end,
            usd=each.usd,
            journal=graduation.journal,
            at=at,
        )
        for each in phased
        if each.usd
    )
    put_in_core(cost_object=cost_object, starts_on=graduation.starts_on)


def _other_object(graduation: Graduation, unit: Unit, *, at: datetime) -> CostObject:
    """Return what the second department's calls are booked to, by rules of their own."""
    initiative = graduation.initiative
    slug = slugify(f"{initiative.slug}-{unit.slug}")[:SLUG_LENGTH]
    cost_object, _ = CostObject.objects.get_or_create(
        slug=slug, defaults={"name": f"{initiative.name}, {unit.name}"[:120], "unit": unit}
    )
    theirs = condition_of(asked_in(graduation.evidence.inputs).theirs) or {}
    add_rules_first(
        drafts=[
            RuleDraft(
                name=f"{cost_object.name}"[:80],
                when={**match, **theirs},
                unit_id=unit.pk,
                cost_object_id=cost_object.pk,
                starts_on=graduation.starts_on,
            )
            for match in initiative.match
        ],
        reason=f"{initiative.name} graduates into core of two departments"[:200],
        by=graduation.by,
        at=at,
    )
    put_core_scope(initiative=initiative, cost_object=cost_object, at=at)
    return cost_object


def _give_money_away(initiative: Initiative, shift: Shift, *, on: date, at: datetime) -> None:
    """Let the experiment spend until its day no more than it still holds."""
    initiative.cap_usd = max(initiative.cap_usd + shift.experiment_usd, initiative.daily_cap_usd)
    held_usd = balance_usd(shift.experiment)
    put_total_cap(initiative=initiative, held_usd=held_usd, ends_on=on, at=at)
