"""Flex rules: proposed by one person, signed by another, superseded by the next."""

from datetime import datetime
from typing import Any

from django.db import transaction

from budgets.flex_terms import FlexTerms, as_written
from budgets.models import Budget, FlexRule
from budgets.operations.ledger import lock_year
from budgets.operations.requests import ask_for
from budgets.operations.signing import open_request, tell_asker, tell_deciders
from budgets.queries.flex_checks import rule_problems
from budgets.rights import FLEX_RULE, why_not_request, why_not_sign
from finops.periods import Period
from ingestion.queries.definitions import terms_of
from org.audit import record
from org.models import Approval, User
from org.operations.approvals import record_decision, terms_hash_of, withdraw_request
from org.queries.calendar import periods_of_year, reporting_today
from org.queries.profile import profile_at
from org.refusals import Invalid, NotAllowed, Refusal


@transaction.atomic
def propose_flex(*, budget_id: int, terms: FlexTerms, by: User, at: datetime) -> FlexRule:
    """Propose how a core budget follows the volume of its work; raises NotAllowed or Invalid."""
    budget = locked_budget(budget_id)
    if (why_not := why_not_request(by, subject=budget)) is not None:
        raise NotAllowed(why_not)
    if not terms.reason.strip():
        raise Invalid.of("reason", "Say why: the person who decides will read it.")
    _check(budget, terms, at=at)
    if FlexRule.objects.filter(budget=budget, state=FlexRule.State.REQUESTED).exists():
        raise Refusal(f"A flex rule of {budget} waits for a signature already.")
    rule = _kept(budget, terms, by=by, at=at)
    asked = ask_for(
        kind=FLEX_RULE,
        subject_id=rule.pk,
        unit=budget.unit,
        title=_title(rule)[:200],
        terms=as_written(rule),
        amount_usd=None,
        url=f"/budgets/{budget.pk}/flex/",
        by=by,
        at=at,
    )
    _remember(rule, "proposed", by=by, at=at)
    tell_deciders(asked, text=rule.reason, by=by, at=at)
    return rule


@transaction.atomic
def decide_flex(*, rule_id: int, approve: bool, by: User, reason: str, at: datetime) -> FlexRule:
    """Sign the rule that waits, or reject it with a reason."""
    rule = _locked(rule_id)
    asked = open_request(kind=FLEX_RULE, subject_id=rule.pk)
    if (why_not := why_not_sign(by, asked=asked, at=at, approving=approve)) is not None:
        raise NotAllowed(why_not)
    if approve:
        _check(rule.budget, _terms_of(rule), at=at)
    rule.approval = record_decision(
        kind=FLEX_RULE,
        subject_id=rule.pk,
        approve=approve,
        by=by,
        reason=reason,
        at=at,
        terms_hash=terms_hash_of(as_written(rule)),
    )
    rule.state = FlexRule.State.SIGNED if approve else FlexRule.State.REJECTED
    rule.save(update_fields=["state", "approval"])
    _remember(rule, rule.state, by=by, at=at)
    tell_asker(rule.approval, by=by, at=at)
    return rule


@transaction.atomic
def withdraw_flex(*, rule_id: int, by: User, at: datetime) -> FlexRule:
    """Take a proposed rule back before it is signed."""
    rule = _locked(rule_id)
    open_request(kind=FLEX_RULE, subject_id=rule.pk)
    if (why_not := why_not_request(by, subject=rule.budget)) is not None:
        raise NotAllowed(why_not)
    withdraw_request(kind=FLEX_RULE, subject_id=rule.pk, by=by, at=at)
    rule.state = FlexRule.State.WITHDRAWN
    rule.save(update_fields=["state"])
    _remember(rule, rule.state, by=by, at=at)
    return rule


def locked_budget(budget_id: int) -> Budget:
    """Return the budget with its row and its year locked, in the order that all steps take."""
    lock_year(Budget.objects.values_list("fiscal_year", flat=True).get(pk=budget_id))
    return Budget.objects.select_for_update(of=("self",)).select_related("unit").get(pk=budget_id)


def request_of(rule: FlexRule) -> Approval:
    """Return what was asked for with the rule."""
    return Approval.objects.filter(kind=FLEX_RULE, subject_id=rule.pk).latest("pk")


def _locked(rule_id: int) -> FlexRule:
    budget = locked_budget(FlexRule.objects.values_list("budget_id", flat=True).get(pk=rule_id))
    rule = FlexRule.objects.select_for_update(of=("self",)).select_related("definition__unit")
    found = rule.get(pk=rule_id)
    found.budget = budget
    return found


def _kept(budget: Budget, terms: FlexTerms, *, by: User, at: datetime) -> FlexRule:
    sold = bool(terms_of(terms.definition).product)
    return FlexRule.objects.create(
        budget=budget,
        number=budget.flex.count() + 1,
        definition=terms.definition,
        starts_on=terms.starts_on,
        fixed_usd=terms.fixed_usd,
        tokens_per_unit=terms.tokens_per_unit,
        usd_per_mtok=terms.usd_per_mtok,
        planned_volumes=list(terms.planned_volumes),
        standard_mix={
            tier: [f"{share:f}", f"{usd:f}"] for tier, (share, usd) in terms.standard_mix.items()
        },
        unit_cost_room=terms.unit_cost_room,
        volume_room=terms.volume_room,
        # Only what customers buy has a margin to reach.
        target_margin=profile_at(at).profile.gm_target if sold else None,
        reason=terms.reason.strip(),
        requested_by=by,
        requested_at=at,
    )


def _terms_of(rule: FlexRule) -> FlexTerms:
    names: dict[str, Any] = {
        name: getattr(rule, name)
        for name in (
            "definition", "starts_on", "fixed_usd", "tokens_per_unit", "usd_per_mtok",
            "planned_volumes", "unit_cost_room", "volume_room", "reason",
        )
    }  # fmt: skip
    return FlexTerms(**names)


def _check(budget: Budget, terms: FlexTerms, *, at: datetime) -> None:
    periods = periods_of_year(budget.fiscal_year)
    first = next((each.period for each in periods if each.start == terms.starts_on), None)
    problems = rule_problems(budget, terms, periods, last_day_over=_is_over(first, at=at))
    if problems:
        raise Invalid(problems[0].detail, errors=problems)


def _is_over(period: Period | None, *, at: datetime) -> bool:
    return period is not None and period.end <= reporting_today(at)


def _title(rule: FlexRule) -> str:
    name = terms_of(rule.definition).name
    return f"Flex rule {rule.number} of {rule.budget}: by “{name}”"


def _remember(rule: FlexRule, what: str, *, by: User, at: datetime) -> None:
    record(
        actor=by,
        action=f"flex.{what}",
        subject=f"budget:{rule.budget_id}",
        detail=as_written(rule),
        at=at,
    )
