"""Revisions of a budget in force: what was asked, what it must satisfy, what there has been."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal
from typing import Any

from budgets.amounts import LABELS, Amounts
from budgets.models import Budget, BudgetRevision
from budgets.queries.checks import Check
from budgets.queries.core_spend import core_spend
from budgets.queries.hierarchy import Room, budgets_right_beneath, room_for
from budgets.queries.ledger import held_by
from budgets.queries.pool_policy import profile_of_request, too_much_pool
from budgets.rights import REVISION
from finops.money import ROUNDED, to_cents
from finops.periods import Period
from finops.phasing import Difference
from org.models import Approval
from org.profile_wording import value_of
from org.queries.calendar import year_period
from org.refusals import FieldError
from org.templatetags.figures import day as written_day
from org.templatetags.figures import usd

ZERO, CENT = Decimal("0.00"), Decimal("0.01")
LARGEST = Decimal(10) ** 12
FUND_GIVES = "No unit above has a budget: the company's fund gives."


@dataclass(frozen=True, slots=True)
class Bound:
    """The least a class of a budget's money can be, and what it is made of."""

    spent_usd: Decimal
    held_usd: Decimal
    holder: str

    @property
    def least_usd(self) -> Decimal:
        return self.spent_usd + self.held_usd

    def __str__(self) -> str:
        parts = [f"{usd(self.held_usd)} is held by {self.holder}"]
        if self.spent_usd:
            parts.insert(0, f"{usd(self.spent_usd)} is spent")
        return " and ".join(parts)


def last_revisions_asked(budget_ids: Iterable[int]) -> dict[int, Approval]:
    """Return the last revision asked of each budget that has been asked for one."""
    found = Approval.objects.filter(kind=REVISION, subject_id__in=budget_ids)
    found = found.select_related("requested_by__person")
    return {approval.subject_id: approval for approval in found.order_by("pk")}


def revision_waiting(budget: Budget) -> Approval | None:
    """Return the revision of the budget that waits for a decision."""
    asked = last_revisions_asked([budget.pk]).get(budget.pk)
    return asked if asked and asked.state == Approval.State.PENDING else None


def revisions_of(budget: Budget) -> list[BudgetRevision]:
    """Return what changed the budget, oldest first, with who asked and who decided."""
    found = budget.revisions.select_related("by__person", "approval__requested_by__person")
    return list(found.order_by("number"))


def revision_terms(budget: Budget, amounts: Amounts, *, reason: str) -> dict[str, Any]:
    """Return what is asked and decided on: other amounts, and in place of which."""
    return {
        "unit": budget.unit.slug,
        "fiscal_year": str(budget.fiscal_year),
        "instead_of": budget.amounts.written(),
        **amounts.written(),
        "reason": reason,
    }


def amounts_asked(approval: Approval) -> Amounts:
    return _amounts_in(approval.terms)


def amounts_before(approval: Approval) -> Amounts:
    """Return the amounts that stood when the revision was asked for."""
    return _amounts_in(approval.terms["instead_of"])


def difference_in_words(before: Amounts, amounts: Amounts) -> str:
    """Say which classes change, from what to what."""
    parts = [
        f"{label.lower()} {usd(now)} instead of {usd(was)}"
        for (label, was), now in zip(before.named(), amounts, strict=True)
        if now != was
    ]
    return ", ".join(parts)


def amount_problems(amounts: Amounts) -> list[FieldError]:
    """Say which sums are no plain amounts."""
    return [
        FieldError(
            f"/{name}", f"The {LABELS[name].lower()} must be a plain amount of whole cents or zero."
        )
        for name, value in zip(Amounts._fields, amounts, strict=True)
        if not (value.is_finite() and 0 <= value < LARGEST and to_cents(value) == value)
    ]


def revision_checks(budget: Budget, amounts: Amounts, *, on: date) -> list[Check]:
    """Return what a revision has to satisfy, in the order people read it."""
    year = year_period(budget.fiscal_year)
    return [
        Check(
            "/fiscal_year",
            f"FY{budget.fiscal_year} is not over",
            on < year.end,
            f"It ends with {written_day(year.end)}.",
        ),
        *_reserve_checks(amounts.minus(budget.amounts)),
        *flex_checks(budget, amounts, on=on),
    ]


def flex_checks(budget: Budget, amounts: Amounts, *, on: date) -> list[Check]:
    """Return what other amounts have to satisfy, whoever asks and even after the year."""
    year = year_period(budget.fiscal_year)
    difference = amounts.minus(budget.amounts)
    room, bounds = room_for(budget), bounds_of(budget, year=year, on=on)
    return [
        *_fund_checks(room, difference),
        *(
            _fits(name, room=room, bound=bound, wanted=wanted, difference=diff, left=left)
            for name, bound, wanted, diff, left in zip(
                Amounts._fields, bounds, amounts, difference, room.left, strict=True
            )
            # What is opened comes from the budget's own reserve: nobody else has to give it.
            if diff and (diff < 0 or not difference.opens_reserve)
        ),
        *_pool_checks(budget, amounts, room, on=on),
    ]


def _pool_checks(budget: Budget, amounts: Amounts, room: Room, *, on: date) -> list[Check]:
    """Return whether the pool keeps its share, where it grows or what is beside it shrinks."""
    difference = amounts.minus(budget.amounts)
    if difference.experiment_usd <= 0 <= difference.core_usd + difference.reserve_usd:
        return []
    found = profile_of_request(kind=REVISION, subject_id=budget.pk, on=on)
    too_much = too_much_pool(amounts, room, found)
    label = "The experimentation pool keeps its share"
    most = f"It may be {value_of(found, 'pool_share')} of the budget."
    return [
        Check("/experiment_usd", label, too_much is None, too_much.detail if too_much else most)
    ]


def bounds_of(budget: Budget, *, year: Period, on: date) -> tuple[Bound, Bound, Bound]:
    """Return the least each class of the budget's money can be.

    A call without a price has no cost yet, and counts for nothing here.
    """
    free = held_by(budget)
    return (
        _core_bound(budget, year=year, on=on),
        Bound(ZERO, budget.experiment_usd - free.experiment_usd, "experiments and units beneath"),
        Bound(ZERO, budget.reserve_usd - free.reserve_usd, "units beneath"),
    )


def schedule_changes(budgets: Iterable[Budget]) -> dict[int, tuple[Difference, ...]]:
    """Return by budget how revisions changed its core, in their order."""
    changes: dict[int, list[Difference]] = {}
    found = BudgetRevision.objects.filter(budget__in=budgets).order_by("budget", "number")
    for revision in found:
        if revision.core_difference_usd:
            made = Difference(revision.starts_on, revision.core_difference_usd, revision.ends_on)
            changes.setdefault(revision.budget_id, []).append(made)
    return {pk: tuple(made) for pk, made in changes.items()}


def _reserve_checks(difference: Amounts) -> list[Check]:
    if not difference.mixes_reserve:
        return []
    opened, gained = -difference.reserve_usd, difference.core_usd + difference.experiment_usd
    detail = f"It gives {usd(opened)}; core and pool would gain {usd(gained)}."
    label = "The reserve is opened by itself, into core or pool"
    return [Check("/reserve_usd", label, ok=False, detail=detail)]


def _fund_checks(room: Room, difference: Amounts) -> list[Check]:
    if room.parent is not None or room.fund_left_usd is None or difference.total_usd <= 0:
        return []
    lack = room.fund_lack(difference.total_usd)
    left = f"It has {usd(room.fund_left_usd)} left of its plan."
    label = "The company AI fund can give it"
    return [Check("/core_usd", label, lack is None, lack.detail if lack else left)]


def _fits(
    name: str,
    *,
    room: Room,
    bound: Bound,
    wanted: Decimal,
    difference: Decimal,
    left: Decimal,
) -> Check:
    label = f"The {LABELS[name].lower()} fits its place"
    if difference < 0:
        least = f"It can be no less than {usd(bound.least_usd)}: {bound}."
        return Check(f"/{name}", label, wanted >= bound.least_usd, least)
    lack = room.lack(name, more_usd=difference, left_usd=left)
    gives = f"{room.parent.unit} has {usd(left)} left." if room.parent else FUND_GIVES
    return Check(f"/{name}", label, lack is None, lack.detail if lack else gives)


def _core_bound(budget: Budget, *, year: Period, on: date) -> Bound:
    """Beneath, what was granted or, where that is more, spent; the rest is the unit's own."""
    beneath = budgets_right_beneath(unit=budget.unit, fiscal_year=budget.fiscal_year)
    spends = core_spend(units=[budget.unit, *(child.unit for child in beneath)], year=year, on=on)
    spent = {unit_id: _whole_cents(spend.usd) for unit_id, spend in spends.items()}
    theirs = sum((spent[child.unit_id] for child in beneath), ZERO)
    held = sum((max(child.core_usd, spent[child.unit_id]) for child in beneath), ZERO)
    return Bound(max(spent[budget.unit_id] - theirs, ZERO), held, "units beneath")


def _whole_cents(value_usd: Decimal) -> Decimal:
    return value_usd.quantize(CENT, rounding=ROUND_CEILING, context=ROUNDED)


def _amounts_in(written: Mapping[str, Any]) -> Amounts:
    return Amounts(*(Decimal(written[name]) for name in Amounts._fields))
