"""Graded evidence as it stands: the newest evaluation of each model for a kind of work."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from django.db.models import QuerySet

from finops.right_sizing import Evidence
from ingestion.models import Evaluation


class Graded(NamedTuple):
    """What an evaluation is of."""

    provider: str
    model: str
    task_type: str
    complexity: str


def evaluations() -> QuerySet[Evaluation]:
    """Return every evaluation, the newest first."""
    return Evaluation.objects.select_related("recorded_by__person").order_by("-pk")


def standing_evaluations(*, until: date | None = None) -> Mapping[Graded, Evaluation]:
    """Return the evaluation that counts of each model and kind of work, by a day or by now.

    The one graded last counts, and of two of a day the one told last.
    """
    rows: Iterable[Evaluation] = Evaluation.objects.order_by("evaluated_on", "pk")
    if until is not None:
        rows = Evaluation.objects.filter(evaluated_on__lte=until).order_by("evaluated_on", "pk")
    return {graded_of(row): row for row in rows}


def graded_of(row: Evaluation) -> Graded:
    return Graded(row.provider, row.model, row.task_type, row.complexity)


def evidence_of(row: Evaluation) -> Evidence:
    return Evidence(
        graded=row.graded,
        passed=row.passed,
        escalated=row.escalated,
        verify_usd=row.verify_usd,
        shadow_days=row.shadow_days,
    )
