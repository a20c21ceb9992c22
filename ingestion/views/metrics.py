"""Outcomes and business figures: what is defined, tables to load, and months to type."""

from collections.abc import Callable
from datetime import datetime

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from ingestion.metric_forms import CountForm, NewDefinitionForm, TableForm, TermsForm
from ingestion.metric_tables import COLUMNS, table_text
from ingestion.models import OutcomeDefinition
from ingestion.operations.definitions import define_outcome, revise_outcome
from ingestion.operations.metric_tables import KINDS, Tabled, load_table
from ingestion.operations.metrics import FIGURES, record_figures
from ingestion.queries.definitions import terms_of, versions_of
from ingestion.queries.figures import counts_of, open_periods, standing_figures
from org.forms import show_refusal
from org.http import PageRequest
from org.permissions import can_manage_headcount, can_manage_metrics
from org.queries.calendar import reporting_today
from org.refusals import Invalid, NotAllowed, Refusal, Stale

UNPROCESSABLE = 422
CRUMBS = [("Business figures", "/data/metrics/")]


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: PageRequest) -> HttpResponse:
    """Show what is kept, and load a table: looked at first, kept when it is sent again."""
    _check_right(request)
    at = timezone.now()
    form = TableForm(request.POST or None, request.FILES or None)
    tabled, text = None, ""
    if request.method == "POST" and form.is_valid():
        try:
            text = _text(form)
            tabled = _load(request, form, text, at)
        except Refusal as refusal:
            _show_lines(form, refusal)
        else:
            if request.POST.get("do") == "keep":
                messages.success(request, _kept(form.cleaned_data["kind"], tabled))
                return redirect("metrics")
    context = {
        "form": form,
        "tabled": tabled,
        "text": text,
        "columns": [(KINDS[kind], *COLUMNS[kind]) for kind in KINDS],
        "figures": standing_figures(with_headcount=can_manage_headcount(request.user)),
    }
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "ingestion/metrics.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: PageRequest) -> HttpResponse:
    """Define what a unit of work is."""
    _check_right(request)
    form = NewDefinitionForm(request.POST or None, initial={"owner": request.user})

    def define() -> None:
        define_outcome(
            unit=form.cleaned_data["unit"], terms=form.terms(), by=request.user, at=timezone.now()
        )

    if request.method == "POST" and _is_done(form, define):
        messages.success(request, f"{form.cleaned_data['name']} is counted from now on.")
        return redirect("metrics")
    return _show(request, form, title="Define an outcome")


@require_http_methods(["GET", "HEAD", "POST"])
def definition(request: PageRequest, slug: str) -> HttpResponse:
    """Change what a definition means, from now on; type what was counted of a period."""
    _check_right(request)
    found = _found(request, slug)
    terms = terms_of(found)
    form = TermsForm(request.POST or None, initial=TermsForm.initial_of(terms))

    def revise() -> None:
        version = request.POST.get("version", "")
        revise_outcome(
            definition_id=found.pk,
            terms=form.terms(),
            version=int(version) if version.isascii() and version.isdigit() else 0,
            by=request.user,
            at=timezone.now(),
        )

    if request.method == "POST" and _is_done(form, revise):
        messages.success(request, "The change holds from now on; what was told keeps its terms.")
        return redirect("metrics-definition", slug=slug)
    return _show(request, form, title=terms.name, found=found)


@require_POST
def count(request: PageRequest, slug: str) -> HttpResponse:
    """Keep what somebody counted of a fiscal period."""
    _check_right(request)
    found = _found(request, slug)
    at = timezone.now()
    form = CountForm(request.POST, periods=open_periods(reporting_today(at)))

    def keep() -> None:
        record = form.cleaned_data | {"definition": slug}
        record_figures(figure=FIGURES["counts"], records=[record], by=request.user, at=at)

    if _is_done(form, keep):
        messages.success(request, f"The count of {form.cleaned_data['period']} is kept.")
        return redirect("metrics-definition", slug=slug)
    terms = TermsForm(initial=TermsForm.initial_of(terms_of(found)))
    return _show(request, terms, title=terms_of(found).name, found=found, count_form=form)


def _show(
    request: PageRequest,
    form: TermsForm,
    *,
    title: str,
    found: OutcomeDefinition | None = None,
    count_form: CountForm | None = None,
) -> HttpResponse:
    context: dict[str, object] = {"form": form, "title": title, "crumbs": CRUMBS}
    if found is not None:
        periods = open_periods(reporting_today(timezone.now()))
        context |= {
            "definition": found,
            "versions": versions_of(found),
            "counts": counts_of(found),
            "count_form": count_form or CountForm(periods=periods),
        }
    refused = form.errors or (count_form is not None and count_form.errors)
    status = UNPROCESSABLE if refused else 200
    return render(request, "ingestion/metric_definition.html", context, status=status)


def _found(request: PageRequest, slug: str) -> OutcomeDefinition:
    return get_object_or_404(OutcomeDefinition.objects.visible_to(request.user), slug=slug)


def _check_right(request: PageRequest) -> None:
    if not can_manage_metrics(request.user):
        raise NotAllowed("Business figures are kept by FinOps analysts and administrators.")


def _is_done(form: forms.Form, change: Callable[[], None]) -> bool:
    """Make the change if the form holds; tell in the form what does not."""
    if not form.is_valid():
        return False
    try:
        change()
    except (Invalid, Stale) as refusal:
        _show_lines(form, refusal)
        return False
    return True


def _show_lines(form: forms.Form, refusal: Refusal) -> None:
    """Put each refused line above the form, or what is refused beside its field."""
    lines = [e for e in refusal.errors if e.pointer.removeprefix("/").isdigit()]
    if not lines:
        show_refusal(form, refusal)
    for error in lines:
        named = f"Line {error.pointer.removeprefix('/')}: " if "file" in form.fields else ""
        form.add_error(None, f"{named}{error.detail}")


def _text(form: TableForm) -> str:
    file = form.cleaned_data["file"]
    text = table_text(file.read()) if file else form.cleaned_data["text"].replace("\r\n", "\n")
    if not text.strip():
        raise Invalid.of("file", "Choose a file, or paste its text.")
    return text


def _load(request: PageRequest, form: TableForm, text: str, at: datetime) -> Tabled:
    return load_table(
        kind=form.cleaned_data["kind"],
        text=text,
        by=request.user,
        at=at,
        keep=request.POST.get("do") == "keep",
    )


def _kept(kind: str, tabled: Tabled) -> str:
    said = f"{KINDS[kind]}: {tabled.added:,} added, {tabled.corrected:,} corrected"
    more = f", {tabled.conflicts:,} in conflict" if tabled.conflicts else ""
    return f"{said}, {tabled.unchanged:,} known already{more}."
