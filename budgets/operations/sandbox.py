"""What begins and ends with an experiment: its money, its rules, its scope."""

from datetime import date, datetime
from decimal import ROUND_CEILING, Decimal

from budgets.models import Account, Initiative, Journal
from budgets.operations.ledger import account_of, locked, post_journal
from budgets.operations.scopes import block_experiment, put_experiment_scope
from budgets.queries.checks import failures, money_checks
from budgets.queries.ledger import account_of_experiment, balance_usd
from budgets.terms import terms_of
from finops.money import ROUNDED
from finops.periods import ONE_DAY, Period
from finops.pools import held_at_first_usd
from ingestion.operations.rules import RuleDraft, add_rules_first
from ingestion.queries.spend import spent
from org.models import Approval, CostObject, User
from org.queries.calendar import fiscal_year_containing, reporting_today
from org.queries.profile import EffectiveProfile
from org.refusals import Invalid, Refusal
from org.templatetags.figures import usd
from policy.operations.publish import publish

CENT = Decimal("0.01")


def lock_pool(initiative: Initiative, *, found: EffectiveProfile) -> Account:
    """Lock the pool that pays, and refuse unless it can: a cap is granted from what is there.

    `found` is the profile it was asked under, which says how far the pool is overbooked.
    """
    year = fiscal_year_containing(initiative.starts_on)
    pool = locked(account_of(kind=Account.Kind.POOL, fiscal_year=year, unit=initiative.unit))
    errors = failures(money_checks(terms_of(initiative), found=found))
    if errors:
        raise Invalid(" ".join(error.detail for error in errors), errors=errors)
    return pool


def check_not_over(initiative: Initiative, *, at: datetime) -> None:
    if reporting_today(at) >= initiative.ends_on:
        raise Refusal(
            f"The end date {initiative.ends_on} has come before the decision: ask for new dates."
        )


def open_sandbox(
    initiative: Initiative,
    *,
    pool: Account,
    overbooking: Decimal,
    approval: Approval,
    by: User,
    at: datetime,
) -> None:
    """Fund the experiment and let routers know it: money, cost object, rules, caps.

    Of an overbooked pool it holds a part of its cap; the rest is taken as it is spent.
    The caller holds loads still already: publishing rules would do it only now, after the
    audit chain, and others take the two in the other order.
    """
    held_usd = held_at_first_usd(cap_usd=initiative.cap_usd, overbooking=overbooking)
    _fund(initiative, held_usd, pool=pool, approval=approval, by=by, at=at)
    cost_object = CostObject.objects.create(
        slug=initiative.slug, name=initiative.name, unit=initiative.unit
    )
    initiative.cost_object = cost_object
    add_rules_first(
        drafts=_rules(initiative, cost_object),
        reason=f"Experiment {initiative.name} approved"[:200],
        by=by,
        at=at,
    )
    put_experiment_scope(
        initiative=initiative, cost_object=cost_object, held_usd=held_usd, by=by, at=at
    )
    publish(cause=f"Experiment {initiative.name} approved", by=by, at=at)


def close_sandbox(
    initiative: Initiative, *, code: str, text: str, by: User | None, at: datetime
) -> None:
    """Block the experiment's calls at once, and publish that to the routers."""
    lock_money_of(initiative)  # before the audit chain, as everywhere
    block_experiment(initiative=initiative, code=code, text=text, by=by, at=at)


def release_unspent(initiative: Initiative, *, by: User | None, at: datetime) -> Decimal | None:
    """Return the experiment's unspent money to its pool; return how much that was.

    None, and nothing is moved, while calls of the experiment have no price: what it
    spent is not known yet, and money returned today could be missing tomorrow.
    """
    account, pool = lock_money_of(initiative)
    # All its life as an experiment: one that was demoted has begun anew since, on one account.
    days = Period(date.min, max(reporting_today(at), initiative.ends_on) + ONE_DAY)
    used = spent(period=days, cost_object=initiative.cost_object, experiment_only=True)
    if used.unpriced_calls:
        return None
    used_usd = used.usd.quantize(CENT, rounding=ROUND_CEILING, context=ROUNDED)
    unspent_usd = max(balance_usd(account) - used_usd, Decimal("0.00"))
    if unspent_usd:
        post_journal(
            kind=Journal.Kind.RELEASE,
            memo=f"Unspent of {initiative.name}: {usd(used_usd)} of {usd(initiative.cap_usd)} used",
            lines=[(account, -unspent_usd), (pool, unspent_usd)],
            by=by,
            at=at,
        )
    return unspent_usd


def lock_money_of(initiative: Initiative) -> tuple[Account, Account]:
    """Return the experiment's own account and the pool it was funded from, locked."""
    own = account_of_experiment(initiative)
    if own is None:
        raise Refusal(f"{initiative} was never funded.")
    pool = account_of(kind=Account.Kind.POOL, fiscal_year=own.fiscal_year, unit=initiative.unit)
    return own, locked(pool)


def _fund(
    initiative: Initiative,
    held_usd: Decimal,
    *,
    pool: Account,
    approval: Approval,
    by: User,
    at: datetime,
) -> None:
    own = account_of(
        kind=Account.Kind.INITIATIVE,
        fiscal_year=pool.fiscal_year,
        unit=initiative.unit,
        initiative=initiative,
    )
    post_journal(
        kind=Journal.Kind.EXPERIMENT,
        memo=f"Cap of {initiative.name}",
        lines=[(pool, -held_usd), (own, held_usd)],
        by=by,
        at=at,
        approval=approval,
    )


def _rules(initiative: Initiative, cost_object: CostObject) -> list[RuleDraft]:
    # Without an end: after the last day the same calls must still lead to the scope that
    # blocks them, not on to the unit's own money.
    return [
        RuleDraft(
            name=f"{initiative.name} {number}" if len(initiative.match) > 1 else initiative.name,
            when=when,
            unit_id=initiative.unit_id,
            cost_object_id=cost_object.pk,
            starts_on=initiative.starts_on,
        )
        for number, when in enumerate(initiative.match, start=1)
    ]
