"""Scaling a core budget by its volume: once for each period, by the rule or by a signature.

What the rule funds moves as a revision that names the rule's own approval; what lies beyond
its limits waits for a person, and spending goes on under the breakers meanwhile.
"""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from budgets.amounts import Amounts
from budgets.flex_sentences import waits_because
from budgets.lifecycle import BudgetState
from budgets.models import Budget, BudgetRevision, FlexRule, FlexStep, Journal
from budgets.operations.budget_moves import BudgetMove, remember
from budgets.operations.flex import locked_budget
from budgets.operations.grants import move_money
from budgets.operations.ledger import lock_line
from budgets.operations.news import tell_of_signature
from budgets.operations.requests import ask_for
from budgets.operations.revisions import void_revision
from budgets.operations.signing import open_request, tell_asker, tell_deciders
from budgets.queries.checks import Check, failures
from budgets.queries.flex import FlexPeriod, flex_standing
from budgets.queries.hierarchy import budget_above
from budgets.queries.revisions import flex_checks
from budgets.rights import FLEX_STEP, why_not_request, why_not_sign
from finops.flex import Movement
from ingestion.queries.definitions import terms_of
from org.models import Approval, User
from org.operations.approvals import record_decision, terms_hash_of
from org.queries.calendar import reporting_today
from org.refusals import Invalid, NotAllowed, Refusal
from org.templatetags.figures import usd

NOTHING = Decimal("0.00")
FLEXED = "flex"


def scale_all(*, at: datetime) -> list[int]:
    """Scale every budget in force that has a signed rule; return the steps that were taken."""
    ruled = FlexRule.objects.filter(
        state=FlexRule.State.SIGNED, budget__state=BudgetState.ACTIVE
    ).values_list("budget_id", flat=True)
    return [
        step.pk for budget_id in sorted(set(ruled)) for step in scale(budget_id=budget_id, at=at)
    ]


@transaction.atomic
def scale_by_hand(*, budget_id: int, by: User, at: datetime) -> list[FlexStep]:
    """Scale a budget now rather than at the next round; the rule decides, not the person."""
    budget = Budget.objects.select_related("unit").get(pk=budget_id)
    if (why_not := why_not_request(by, subject=budget)) is not None:
        raise NotAllowed(why_not)
    taken = scale(budget_id=budget_id, at=at)
    if not taken:
        raise Refusal(f"No period of {budget} waits to be scaled: each says in its row why.")
    return taken


@transaction.atomic
def scale(*, budget_id: int, at: datetime) -> list[FlexStep]:
    """Take the step of every period that is known; one that was taken is never taken again."""
    # Two rounds may look at once: the lock makes the second one see the steps of the first.
    budget = locked_budget(budget_id)
    if budget.state != BudgetState.ACTIVE:
        return []
    due = flex_standing(budget, on=reporting_today(at)).due
    return [_take(budget, row, at=at) for row in due]


@transaction.atomic
def decide_step(*, step_id: int, approve: bool, by: User, reason: str, at: datetime) -> FlexStep:
    """Let a person sign what waits of a step, or reject it with a reason."""
    budget = locked_budget(FlexStep.objects.values_list("budget_id", flat=True).get(pk=step_id))
    step = FlexStep.objects.select_for_update(of=("self",)).select_related("rule").get(pk=step_id)
    asked = open_request(kind=FLEX_STEP, subject_id=step.pk)
    if (why_not := why_not_sign(by, asked=asked, at=at, approving=approve)) is not None:
        raise NotAllowed(why_not)
    if approve and budget.state != BudgetState.ACTIVE:
        raise Refusal(f"The budget of {budget} is closed: nothing is added to it.")
    if approve and (errors := failures(_checks(budget, step.waiting_usd, at=at))):
        raise Invalid(" ".join(each.detail for each in errors), errors=errors)
    decided = record_decision(
        kind=FLEX_STEP,
        subject_id=step.pk,
        approve=approve,
        by=by,
        reason=reason,
        at=at,
        terms_hash=terms_hash_of(_terms(step)),
    )
    if decided.state == Approval.State.PENDING:
        tell_of_signature(decided, by=by, at=at)
        return step
    step.approval = decided
    if approve:
        why = f"{_what(step)}: beyond the limits of rule {step.rule.number}, and signed."
        step.by_signature = _move(
            budget, step, step.waiting_usd, approval=step.approval, by=by, why=why, at=at
        )
    step.state = FlexStep.State.SIGNED if approve else FlexStep.State.REJECTED
    step.save(update_fields=["state", "approval", "by_signature"])
    tell_asker(step.approval, by=by, at=at)
    return step


def _take(budget: Budget, row: FlexPeriod, *, at: datetime) -> FlexStep:
    if row.rule is None or row.standard is None or row.movement is None or row.volume is None:
        raise ValueError(f"{row.period.label} is not known: nothing scales by it.")
    moves = row.movement
    against = [each for each in _checks(budget, moves.granted_usd, at=at) if not each.ok]
    why = waits_because(row) if moves.waiting_usd else ""
    if against:
        # What cannot be moved by itself waits as a whole.
        moves = Movement(NOTHING, moves.granted_usd + moves.waiting_usd)
        why = " ".join([why, *(each.detail for each in against)]).strip()
    step = FlexStep(
        budget=budget,
        rule=row.rule,
        period=row.period.label,
        starts_on=row.period.start,
        ends_on=row.period.end,
        planned_volume=row.standard.planned_volume,
        volume=row.volume,
        actual_usd=row.use.usd,
        tokens=row.use.tokens,
        granted_usd=moves.granted_usd,
        waiting_usd=moves.waiting_usd,
        why=why,
        state=FlexStep.State.WAITING if moves.waiting_usd else FlexStep.State.DONE,
        at=at,
    )
    if moves.granted_usd:
        signed = row.rule.approval
        if signed is None or signed.decided_by is None:
            raise ValueError(f"{row.rule} was never signed.")
        step.by_rule = _move(
            budget,
            step,
            moves.granted_usd,
            approval=signed,
            by=signed.decided_by,
            why=f"{_what(step)}: by rule {row.rule.number}.",
            at=at,
        )
    step.save(force_insert=True)
    if moves.waiting_usd:
        _ask(step, at=at)
    return step


def _move(
    budget: Budget,
    step: FlexStep,
    more_usd: Decimal,
    *,
    approval: Approval,
    by: User,
    why: str,
    at: datetime,
) -> BudgetRevision:
    """Move the money of a period and revise the budget by it."""
    lock_line(unit=budget.unit, fiscal_year=budget.fiscal_year)
    void_revision(budget, by=by, at=at)  # it was asked against amounts that change now
    difference = Amounts(more_usd, NOTHING, NOTHING)
    move_money(
        budget,
        difference,
        parent=budget_above(unit=budget.unit, fiscal_year=budget.fiscal_year),
        kind=Journal.Kind.REVISION,
        memo=f"Budget of {budget} flexed for {step.period}",
        approval=approval,
        by=by,
        at=at,
    )
    before, after = budget.amounts, budget.amounts.plus(difference)
    revision = BudgetRevision.objects.create(
        budget=budget,
        number=budget.revisions.count() + 1,
        kind=BudgetRevision.Kind.FLEX,
        **after._asdict(),
        core_before_usd=before.core_usd,
        experiment_before_usd=before.experiment_usd,
        reserve_before_usd=before.reserve_usd,
        starts_on=step.starts_on,
        ends_on=step.ends_on,
        reason=why,
        approval=approval,
        by=by,
        at=at,
    )
    budget.amounts = after
    move = BudgetMove(by=by, reason=why, at=at)
    remember(budget, FLEXED, move, came_from=BudgetState(budget.state))
    return revision


def _checks(budget: Budget, more_usd: Decimal, *, at: datetime) -> list[Check]:
    """Return what has to hold for the money of a step to move: somebody has it, none is spent."""
    if not more_usd:
        return []
    amounts = budget.amounts.plus(Amounts(more_usd, NOTHING, NOTHING))
    return flex_checks(budget, amounts, on=reporting_today(at))


def _ask(step: FlexStep, *, at: datetime) -> None:
    asked = ask_for(
        kind=FLEX_STEP,
        subject_id=step.pk,
        unit=step.budget.unit,
        title=f"{step.budget}: {usd(step.waiting_usd)} for {_what(step)}"[:200],
        terms=_terms(step),
        amount_usd=abs(step.waiting_usd),
        url=f"/budgets/{step.budget_id}/flex/",
        # The rule asks in the name of who proposed it: the same person cannot sign.
        by=step.rule.requested_by,
        at=at,
    )
    tell_deciders(asked, text=step.why, by=None, at=at)


def _what(step: FlexStep) -> str:
    work = terms_of(step.rule.definition).unit_of_work
    return f"{step.volume:,.0f} × {work} in {step.period} instead of {step.planned_volume:,.0f}"


def _terms(step: FlexStep) -> dict[str, str | int]:
    return {
        "budget": step.budget_id,
        "rule": step.rule.number,
        "period": step.period,
        "volume": f"{step.volume:.3f}",
        "planned_volume": f"{step.planned_volume:.3f}",
        "granted_usd": f"{step.granted_usd:.2f}",
        "waiting_usd": f"{step.waiting_usd:.2f}",
        "why": step.why,
    }
