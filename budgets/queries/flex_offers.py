"""What the page of a budget's flex rules shows and offers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from budgets.flex_sentences import flex_sentence, known_in_words, spending_in_words
from budgets.models import FlexRule, FlexStep
from budgets.queries.flex import FlexPeriod, FlexStanding, Known
from budgets.rights import FLEX_RULE, FLEX_STEP, why_not_request, why_not_sign
from ingestion.models import OutcomeTerms
from ingestion.queries.definitions import terms_of
from org.models import Approval, User


@dataclass(frozen=True, slots=True, kw_only=True)
class FlexRow:
    """A period in the table; `says` is what the figures mean, or why there are none."""

    row: FlexPeriod
    says: str
    is_known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A rule or a step that waits, with why this person may not decide on it."""

    request: Approval
    why_not: str | None
    rule: FlexRule | None = None
    terms: OutcomeTerms | None = None
    step: FlexStep | None = None


def flex_section(standing: FlexStanding) -> dict[str, Any]:
    """Return the table of periods with its sentence, as the budget's own page has it too."""
    work = standing.terms.unit_of_work if standing.terms else ""
    return {
        "flex_sentence": flex_sentence(standing) if standing.rule else "",
        "flex_rows": [
            FlexRow(
                row=row,
                says=spending_in_words(row, work=work) if row.variances else known_in_words(row),
                is_known=row.known == Known.ALL,
            )
            for row in standing.periods
            if row.known != Known.NO_RULE
        ],
    }


def flex_page(standing: FlexStanding, *, user: User, at: datetime) -> dict[str, Any]:
    """Return what the page has beside the form: what waits, and what this person may do."""
    may_ask = why_not_request(user, subject=standing.budget) is None
    return {
        **flex_section(standing),
        "asked": _asked(standing, user=user, at=at),
        "may_withdraw": may_ask and standing.waiting is not None,
        "may_scale": may_ask and bool(standing.due) and standing.budget.state == "active",
    }


def _asked(standing: FlexStanding, *, user: User, at: datetime) -> list[Asked]:
    waiting = Approval.objects.waiting().select_related("requested_by__person", "unit")
    found = []
    rule = standing.waiting
    if rule is not None:
        request = waiting.get(kind=FLEX_RULE, subject_id=rule.pk)
        why_not = why_not_sign(user, asked=request, at=at)
        terms = terms_of(rule.definition)
        found.append(Asked(request=request, why_not=why_not, rule=rule, terms=terms))
    steps = {
        row.step.pk: row.step
        for row in standing.periods
        if row.step and row.step.state == FlexStep.State.WAITING
    }
    for request in waiting.filter(kind=FLEX_STEP, subject_id__in=steps).order_by("pk"):
        why_not = why_not_sign(user, asked=request, at=at)
        found.append(Asked(request=request, why_not=why_not, step=steps[request.subject_id]))
    return found
