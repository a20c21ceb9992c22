"""Pages of evidence: what was graded, what is required, and what workflows are."""

from collections.abc import Callable

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from rest_framework.exceptions import ValidationError

from ingestion.evaluation_rows import COLUMNS, drafts_in, objects_in
from ingestion.exports import csv_file
from ingestion.models import Evaluation
from ingestion.operations.evaluations import record_evaluations
from ingestion.queries.evaluations import evaluations, evidence_of, standing_evaluations
from org.forms import show_refusal
from org.http import PageRequest
from org.permissions import can_import
from org.queries.calendar import reporting_today
from org.refusals import Invalid, Refusal
from policy.model_forms import EvaluationsForm, LabelForm, RequirementForm
from policy.model_views import UNPROCESSABLE, check_sight
from policy.operations.requirements import label_workflow, require_quality
from policy.permissions import can_label_workflows, can_set_requirements
from policy.queries.requirements import requirements_on


@require_http_methods(["GET", "HEAD", "POST"])
def graded(request: PageRequest) -> HttpResponseBase:
    """Show the evaluations that count with their bounds, as CSV too; a POST records some."""
    check_sight(request)
    if request.GET.get("format") == "csv":
        rows = ([getattr(row, name) for name in COLUMNS] for row in evaluations())
        return csv_file("evaluations.csv", COLUMNS, rows)
    form = EvaluationsForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid() and (count := _recorded(request, form)):
        messages.success(request, f"{count} evaluation{'s' if count > 1 else ''} recorded.")
        return redirect("models-evaluations")
    standing = sorted(standing_evaluations().values(), key=_by_work)
    context = {
        "form": form,
        "rows": [(row, evidence_of(row)) for row in standing],
        "columns": ", ".join(COLUMNS),
        "may_record": can_import(request.user),
    }
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "policy/evaluations.html", context, status=status)


@require_safe
def requirements(request: PageRequest) -> HttpResponse:
    """Show what is required of models, and what workflows are labelled."""
    check_sight(request)
    return _show(request)


@require_POST
def require(request: PageRequest) -> HttpResponse:
    """Set the bar for a task at a risk."""
    check_sight(request)
    form = RequirementForm(request.POST)

    def act(reason: str) -> str:
        now = timezone.now()
        row = require_quality(required=form.draft(), reason=reason, by=request.user, at=now)
        return f"{row} is required."

    return _done(request, form, act) or _show(request, require_form=form)


@require_POST
def label(request: PageRequest) -> HttpResponse:
    """Say what a workflow's calls are."""
    check_sight(request)
    form = LabelForm(request.POST)

    def act(reason: str) -> str:
        now = timezone.now()
        row = label_workflow(label=form.draft(), reason=reason, by=request.user, at=now)
        return f"{row.workflow} is labelled."

    return _done(request, form, act) or _show(request, label_form=form)


def _done(request: PageRequest, form: Form, act: Callable[[str], str]) -> HttpResponse | None:
    """Act on a valid form and lead back; None where it was refused, said in the form."""
    if not form.is_valid():
        return None
    try:
        messages.success(request, act(form.cleaned_data["reason"]))
    except Refusal as refusal:
        show_refusal(form, refusal)
        return None
    return redirect("models-requirements")


def _show(
    request: PageRequest,
    *,
    require_form: RequirementForm | None = None,
    label_form: LabelForm | None = None,
) -> HttpResponse:
    held = requirements_on(reporting_today(timezone.now()))
    context = {
        "required": [held.required[key] for key in sorted(held.required)],
        "labels": [held.labels[key] for key in sorted(held.labels)],
        "require_form": require_form or RequirementForm(),
        "label_form": label_form or LabelForm(),
        "may_require": can_set_requirements(request.user),
        "may_label": can_label_workflows(request.user),
    }
    status = UNPROCESSABLE if require_form or label_form else 200
    return render(request, "policy/requirements.html", context, status=status)


def _recorded(request: PageRequest, form: EvaluationsForm) -> int:
    """Record what the form holds and return how many; 0 where it says why not."""
    try:
        drafts = drafts_in(objects_in(form.text()))
        return len(record_evaluations(drafts=drafts, by=request.user, at=timezone.now()))
    except Invalid as refusal:
        for error in refusal.errors:
            form.add_error(None, error.detail)
    except ValidationError as error:
        for told in _sentences(error):
            form.add_error(None, told)
    except Refusal as refusal:
        show_refusal(form, refusal)
    return 0


def _sentences(error: ValidationError) -> list[str]:
    """Say line by line what a file's cells are not; the header is line 1."""
    lines = error.detail if isinstance(error.detail, dict) else {}
    return [
        f"Line {int(number) + 2}, {name}: {' '.join(str(each) for each in told)}"
        for number, line in lines.items()
        if isinstance(line, dict)
        for name, told in line.items()
    ]


def _by_work(row: Evaluation) -> tuple[str, ...]:
    return row.task_type, row.complexity, row.provider, row.model
