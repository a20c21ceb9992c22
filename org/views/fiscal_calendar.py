"""The page on which the company says how its fiscal years are cut."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from org.calendar_form import CalendarForm, as_asked
from org.http import PageRequest
from org.operations.calendar_change import change_calendar
from org.operations.first_run import ensure_company
from org.permissions import can_manage_calendar
from org.queries.calendar import reporting_today, timeline
from org.queries.calendar_change import change_to
from org.refusals import NotAllowed, Refusal
from org.wording import calendar_in_words, change_in_words, timeline_in_words

UNPROCESSABLE = 422


@require_http_methods(["GET", "HEAD", "POST"])
def fiscal_calendar(request: PageRequest) -> HttpResponse:
    """Show what another calendar would change, and change it once that was seen."""
    _check_right(request)
    at = timezone.now()
    form = CalendarForm(request.POST or request.GET or None, initial=as_asked(timeline().last))
    refusal = None
    if request.method == "POST" and form.is_valid():
        refusal = _change(request, form, at=at)
        if refusal is None:
            return redirect("settings")
    return _show(request, form, at=at, refusal=refusal)


@require_POST
def set_up(request: PageRequest) -> HttpResponse:
    """Make the company from the settings, so that its calendar can be chosen."""
    _check_right(request)
    ensure_company(at=timezone.now())
    return redirect("fiscal-calendar")


def _check_right(request: PageRequest) -> None:
    if not can_manage_calendar(request.user):
        raise NotAllowed("Only a CFO or an Administrator changes the fiscal calendar.")


def _change(request: PageRequest, form: CalendarForm, *, at: datetime) -> Refusal | None:
    text = request.POST.get("version", "")
    version = int(text) if text.isascii() and text.isdigit() else 0
    try:
        change = change_calendar(calendar=form.calendar(), version=version, by=request.user, at=at)
    except Refusal as refusal:
        return refusal
    messages.success(request, f"FY{change.first_year[0].year} is the first of the new calendar.")
    return None


def _show(
    request: PageRequest, form: CalendarForm, *, at: datetime, refusal: Refusal | None
) -> HttpResponse:
    context = {
        "form": form,
        "now": " ".join(timeline_in_words(timeline())),
        "refusal": refusal,
        "crumbs": [("Settings", "/settings/")],
    }
    if form.is_valid():
        context |= _previewed(form, at=at)
    status = _status_of(context["refusal"], form)
    template = "org/_calendar_change.html" if request.htmx else "org/fiscal_calendar.html"
    return render(request, template, context, status=status)


def _previewed(form: CalendarForm, *, at: datetime) -> dict[str, object]:
    try:
        change = change_to(form.calendar(), today=reporting_today(at))
    except Refusal as refusal:
        return {"refusal": refusal}
    return {
        "change": change,
        "asked": as_asked(change.calendar),
        "words": calendar_in_words(change.calendar),
        "sentences": change_in_words(change),
    }


def _status_of(refusal: object, form: CalendarForm) -> int:
    if isinstance(refusal, Refusal):
        return refusal.status
    return UNPROCESSABLE if form.errors else 200
