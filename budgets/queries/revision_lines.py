"""Revisions of a budget as its page lists them: those of one graduation are one line."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from budgets.amounts import Amounts
from budgets.models import BudgetRevision


@dataclass(frozen=True, slots=True)
class RevisionLine:
    """One decision and what it made of the budget; a graduation revises it period by period."""

    revisions: Sequence[BudgetRevision]

    @property
    def first(self) -> BudgetRevision:
        return self.revisions[0]

    @property
    def numbers(self) -> str:
        first, last = self.first.number, self.revisions[-1].number
        return str(first) if first == last else f"{first} to {last}"

    @property
    def before(self) -> Amounts:
        return self.first.before

    @property
    def after(self) -> Amounts:
        return self.revisions[-1].amounts

    @property
    def periods(self) -> Sequence[BudgetRevision]:
        """What it moved by fiscal period, where it is of periods."""
        return self.revisions if self.first.kind == BudgetRevision.Kind.CORE else []


def revision_lines(revisions: Sequence[BudgetRevision]) -> list[RevisionLine]:
    """Fold the revisions that follow one another by the same graduation into one line each."""
    groups = groupby(revisions, key=_of_one_decision)
    return [RevisionLine(list(group)) for _, group in groups]


def _of_one_decision(revision: BudgetRevision) -> tuple[str, int]:
    is_core = revision.kind == BudgetRevision.Kind.CORE
    return ("approval", revision.approval_id) if is_core else ("number", revision.number)
