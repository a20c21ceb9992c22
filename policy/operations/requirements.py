"""Saying what quality is required, and what a workflow's calls are."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from finops.complexity import Band
from org import audit
from org.models import User
from org.queries.calendar import reporting_today
from org.refusals import FieldError, Invalid, NotAllowed
from org.templatetags.figures import day as written_day
from policy.models import QualityRequirement, Risk, Tier, WorkflowLabel
from policy.permissions import can_label_workflows, can_set_requirements


@dataclass(frozen=True, slots=True, kw_only=True)
class Required:
    """The quality that a task at a risk has to have; without a task type, every task."""

    risk: str
    required: Decimal
    task_type: str = ""
    floor_tier: str = Tier.LOCAL
    starts_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What the calls of a workflow are, where they do not say so themselves."""

    workflow: str
    complexity: str
    risk: str
    task_type: str = ""
    latency: str = ""
    human_review: bool = False
    starts_on: date | None = None


@transaction.atomic
def require_quality(
    *, required: Required, reason: str, by: User, at: datetime
) -> QualityRequirement:
    """Set the bar for a task and a risk, from today or a later day on."""
    if not can_set_requirements(by):
        raise NotAllowed("What quality is required is set by the CFO and FinOps analysts.")
    today = reporting_today(at)
    is_share = required.required.is_finite() and 0 < required.required <= 1
    _check(
        ("risk", required.risk in Risk.values, f"Risks are {', '.join(Risk.values)}."),
        ("required", is_share, "The share that has to pass lies above 0 and is at most 1."),
        ("floor_tier", required.floor_tier in Tier.values, f"Tiers: {', '.join(Tier.values)}."),
        *_dated(required.starts_on, reason, today=today),
    )
    row = QualityRequirement.objects.create(
        **asdict(required) | _who(required.starts_on or today, reason, by=by, at=at)
    )
    _record(row, "quality.required", by=by, at=at)
    return row


@transaction.atomic
def label_workflow(*, label: Label, reason: str, by: User, at: datetime) -> WorkflowLabel:
    """Say what a workflow's calls are, from today or a later day on."""
    if not can_label_workflows(by):
        raise NotAllowed("Workflows are labelled by engineers, FinOps analysts, administrators.")
    today = reporting_today(at)
    _check(
        ("workflow", bool(label.workflow), "Name the workflow."),
        ("complexity", label.complexity in set(Band), f"Complexities are {', '.join(Band)}."),
        ("risk", label.risk in Risk.values, f"Risks are {', '.join(Risk.values)}."),
        ("latency", label.latency in WorkflowLabel.Latency.values, "It is sync, async or empty."),
        *_dated(label.starts_on, reason, today=today),
    )
    row = WorkflowLabel.objects.create(
        **asdict(label) | _who(label.starts_on or today, reason, by=by, at=at)
    )
    _record(row, "workflow.labelled", by=by, at=at)
    return row


Rule = tuple[str, bool, str]


def _check(*rules: Rule) -> None:
    errors = [FieldError(f"/{name}", detail) for name, holds, detail in rules if not holds]
    if errors:
        raise Invalid(errors[0].detail, errors=errors)


def _dated(starts_on: date | None, reason: str, *, today: date) -> tuple[Rule, Rule]:
    told = f"It holds from today, {written_day(today)}, or later."
    return (
        ("starts_on", starts_on is None or starts_on >= today, told),
        ("reason", bool(reason.strip()), "Say why."),
    )


def _who(starts_on: date, reason: str, *, by: User, at: datetime) -> dict[str, object]:
    return {"starts_on": starts_on, "reason": reason.strip(), "by": by, "recorded_at": at}


def _record(
    row: QualityRequirement | WorkflowLabel, action: str, *, by: User, at: datetime
) -> None:
    detail = {"what": str(row), "starts_on": row.starts_on, "reason": row.reason}
    audit.record(actor=by, action=action, subject=f"{action}:{row.pk}", at=at, detail=detail)
