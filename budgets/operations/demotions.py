"""Demoting: what runs in core becomes an experiment again from the next midnight on."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from budgets.core_sentences import demotion_sentence
from budgets.gate_lifecycle import GateAction, GateState
from budgets.lifecycle import InitiativeAction
from budgets.models import (
    Account,
    CoreGrant,
    CorePart,
    Gate,
    Graduation,
    Initiative,
    Journal,
    ThresholdCrossing,
)
from budgets.operations.core_money import Shift, shift_money, write_grants
from budgets.operations.core_news import tell_of_core
from budgets.operations.gate_moves import move
from budgets.operations.graduations import hold_money
from budgets.operations.history import advance
from budgets.operations.sandbox import lock_money_of
from budgets.operations.scopes import put_caps_again
from budgets.queries.core_money import (
    current_rate_usd,
    gave,
    held_by_period,
    payer_of,
)
from budgets.queries.ledger import balance_usd, balances_of_units
from finops.demotion import Demoted, Sources, allotment_usd, returned_to, within
from finops.graduation import Phased, given_back
from finops.periods import ONE_DAY
from ingestion.operations.core_spans import take_from_core
from ingestion.operations.rules import end_rules_of
from org.queries.calendar import fiscal_year_containing, reporting_today
from org.queries.profile import profile_on
from org.templatetags.figures import day as written_day
from policy.operations.publish import publish

ZERO = Decimal("0.00")
Back = list[tuple[CorePart, list[Phased]]]


def demote(initiative: Initiative, graduation: Graduation, *, reason: str, at: datetime) -> Demoted:
    """Give back what core holds from the next midnight on, and let it be an experiment again.

    The caller holds the initiative. Past spend stays core's. Of what comes back, and of what
    else its pool has free, the experiment may spend for one length of an experiment.
    """
    hold_money(initiative)
    on = reporting_today(at) + ONE_DAY
    parts = list(graduation.parts.select_related("unit", "cost_object").order_by("pk"))
    demoted = _move_money(initiative, graduation, parts, on=on, at=at)
    for part in parts:
        take_from_core(cost_object=part.cost_object, ends_on=on)
        if part.unit_id != initiative.unit_id:
            _end_rules(initiative, part, on=on, at=at)
    _begin_again(initiative, demoted, at=at)
    says = f"{reason} {demotion_sentence(initiative, demoted)}"
    _revoke_gates(initiative, on=on, at=at)
    advance(initiative, InitiativeAction.DEMOTE, by=None, reason=says, at=at)
    publish(cause=f"{initiative.name} is demoted", by=None, at=at)
    tell_of_core(initiative, what="is demoted to an experiment", text=says, at=at)
    return demoted


def _move_money(
    initiative: Initiative,
    graduation: Graduation,
    parts: Sequence[CorePart],
    *,
    on: date,
    at: datetime,
) -> Demoted:
    own, _ = lock_money_of(initiative)
    payer, days = payer_of(graduation, ZERO), profile_on(on).profile.experiment_days
    why = _why_nothing(graduation, on=on)
    back: Back = [] if why else _given_back(graduation, parts, on=on)
    back_usd = sum((each.usd for _, phased in back for each in phased), ZERO)
    to = returned_to(back_usd, gave(graduation)) if payer else Sources(ZERO, back_usd)
    allotment = ZERO if why else _allotment(initiative, graduation, to, days=days)
    taken = [(part, [_negative(each) for each in phased]) for part, phased in back]
    if back_usd or allotment:
        journal = shift_money(
            Shift(
                fiscal_year=graduation.fiscal_year,
                core=[(part.unit, phased) for part, phased in taken],
                pool=initiative.unit,
                pool_usd=to.pool_usd - allotment,
                experiment=own,
                experiment_usd=allotment,
                contingency=payer,
                contingency_usd=to.contingency_usd,
            ),
            kind=Journal.Kind.DEMOTION,
            memo=f"{initiative.name} leaves core"[:200],
            approval=graduation.approval,
            by=graduation.by,  # who signed for all that follows from it
            at=at,
        )
        write_grants(taken, cause=CoreGrant.Cause.DEMOTION, journal=journal, at=at)
    return Demoted(
        on=on,
        back_usd=back_usd,
        to=to,
        allotment_usd=allotment,
        ends_on=on + (timedelta(days=days) if allotment else ONE_DAY),
        why_nothing=why,
    )


def _why_nothing(graduation: Graduation, *, on: date) -> str:
    """Say why no money moves; nothing where it can, for then its budgets are in force."""
    year = graduation.fiscal_year
    if fiscal_year_containing(on) == year:
        return ""
    return f"FY{year}, of which core holds money by it, is over: nothing is given back."


def _given_back(graduation: Graduation, parts: Sequence[CorePart], *, on: date) -> Back:
    """Return what each part gives back, as far as its department's core still has it."""
    units = [part.unit for part in parts]
    has = balances_of_units(units=units, fiscal_year=graduation.fiscal_year)
    back = given_back([held_by_period(part) for part in parts], on=on)
    return [
        (part, within(phased, has.get((part.unit_id, Account.Kind.CORE), ZERO)))
        for part, phased in zip(parts, back, strict=True)
    ]


def _allotment(
    initiative: Initiative, graduation: Graduation, to: Sources, *, days: int
) -> Decimal:
    _, pool = lock_money_of(initiative)
    free_usd = balance_usd(pool) + to.pool_usd
    return allotment_usd(current_rate_usd(graduation), days=days, pool_usd=free_usd)


def _negative(phased: Phased) -> Phased:
    return Phased(phased.period, phased.days, -phased.usd)


def _end_rules(initiative: Initiative, part: CorePart, *, on: date, at: datetime) -> None:
    """Let the second department's calls fall back to the experiment's own rules."""
    reason = f"{initiative.name} leaves core"[:200]
    end_rules_of(cost_object=part.cost_object, ends_on=on, reason=reason, by=None, at=at)


def _begin_again(initiative: Initiative, demoted: Demoted, *, at: datetime) -> None:
    """Let it run under a cap of its own from the day on; without money its calls are blocked."""
    initiative.starts_on, initiative.ends_on = demoted.on, demoted.ends_on
    if demoted.allotment_usd:
        initiative.cap_usd = demoted.allotment_usd
        initiative.daily_cap_usd = min(initiative.daily_cap_usd, demoted.allotment_usd)
    put_caps_again(initiative=initiative, total_usd=demoted.allotment_usd, at=at)
    crossed = ThresholdCrossing.objects.filter(initiative=initiative, lifted_at__isnull=True)
    crossed.update(lifted_at=at)


def _revoke_gates(initiative: Initiative, *, on: date, at: datetime) -> None:
    passed = Gate.objects.filter(initiative=initiative, state=GateState.PASSED)
    reason = f"Demoted from core on {written_day(on)}: it proves itself anew, gate by gate."
    for gate in passed.select_related("evidence", "passed_on").order_by("number"):
        gate.initiative, gate.reason = initiative, reason
        move(gate, GateAction.REVOKE, by=None, at=at, reason=reason)
