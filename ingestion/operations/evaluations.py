"""Recording what was graded: all of what is sent, or nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from finops.complexity import Band
from ingestion.models import Evaluation
from org import audit
from org.models import User
from org.permissions import can_import
from org.queries.calendar import reporting_today
from org.refusals import FieldError, Invalid, NotAllowed

MOST_AT_ONCE = 1_000
_MOST_GRADED = 10**9
_LONGEST_SHADOW = 366


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationDraft:
    """A graded sample as it is told."""

    provider: str
    model: str
    task_type: str
    complexity: str
    set_name: str
    graded: int
    passed: int
    grader: str
    evaluated_on: date
    source: str = Evaluation.Source.SET
    escalated: Decimal = Decimal(0)
    verify_usd: Decimal = Decimal(0)
    shadow_days: int = 0


@transaction.atomic
def record_evaluations(
    *, drafts: Sequence[EvaluationDraft], by: User, at: datetime
) -> list[Evaluation]:
    """Keep graded samples; each takes the place of the one before it.

    Raises NotAllowed, or Invalid, which names the sample by its place from 0 on.
    """
    if not can_import(by):
        raise NotAllowed(
            "Evaluations are recorded by engineers, FinOps analysts and administrators."
        )
    today = reporting_today(at)
    errors = [error for place, draft in enumerate(drafts) for error in _errors(place, draft, today)]
    if len(drafts) > MOST_AT_ONCE:
        errors = [FieldError("", f"More than {MOST_AT_ONCE:,} evaluations: send the rest apart.")]
    if errors:
        raise Invalid(errors[0].detail, errors=errors)
    rows = Evaluation.objects.bulk_create(
        Evaluation(**asdict(draft), recorded_by=by, recorded_at=at) for draft in drafts
    )
    for row in rows:
        detail = {"graded": row.graded, "passed": row.passed, "set": row.set_name}
        audit.record(
            actor=by,
            action="evaluation.recorded",
            subject=f"evaluation:{row.pk}",
            at=at,
            detail=detail | {"what": str(row)},
        )
    return rows


def _errors(place: int, draft: EvaluationDraft, today: date) -> Iterator[FieldError]:
    for name, holds, detail in _rules(draft, today):
        if not holds:
            yield FieldError(f"/{place}/{name}", f"Evaluation {place}: {detail}")


def _rules(draft: EvaluationDraft, today: date) -> Iterator[tuple[str, bool, str]]:
    for name in ("provider", "model", "task_type", "set_name", "grader"):
        yield name, bool(getattr(draft, name)), f"it names no {name}."
    yield "complexity", draft.complexity in set(Band), f"complexities are {', '.join(Band)}."
    sources = ", ".join(Evaluation.Source.values)
    yield "source", draft.source in Evaluation.Source.values, f"sources are {sources}."
    yield "graded", 1 <= draft.graded <= _MOST_GRADED, "at least one answer has to be graded."
    told = f"{draft.passed} of {draft.graded} cannot have passed."
    yield "passed", 0 <= draft.passed <= draft.graded, told
    yield "escalated", 0 <= draft.escalated <= 1, "the share that escalates is from 0 to 1."
    yield "verify_usd", draft.verify_usd >= 0, "checking an answer costs no less than nothing."
    told = f"a shadow lasts from 0 to {_LONGEST_SHADOW} days."
    yield "shadow_days", 0 <= draft.shadow_days <= _LONGEST_SHADOW, told
    told = f"{draft.evaluated_on} is not over yet: today is {today}."
    yield "evaluated_on", draft.evaluated_on <= today, told
