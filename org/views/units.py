"""Forms that change the tree of units; the tree itself is a page of the dashboard."""

from collections.abc import Callable
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from org.forms import NewUnitForm, UnitForm, show_refusal
from org.http import PageRequest
from org.models import Unit
from org.operations.units import add_unit, revise_unit
from org.permissions import can_manage_units
from org.queries.calendar import reporting_today
from org.queries.units import history_of
from org.refusals import Invalid, NotAllowed

# Drawn on a floor above, so known here by its address alone.
UNITS_PAGE = "/units/"
UNPROCESSABLE = 422


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: PageRequest) -> HttpResponse:
    _check_right(request)
    at = timezone.now()
    above = Unit.objects.filter(slug=request.GET.get("parent", "")).first()
    form = NewUnitForm(request.POST or None, today=reporting_today(at), initial={"parent": above})
    if request.method == "POST" and _is_done(form, lambda: _add(request, form, at)):
        messages.success(request, f"{form.cleaned_data['name']} was added.")
        return redirect(UNITS_PAGE)
    return _show(request, "org/unit_new.html", form=form)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: PageRequest, slug: str) -> HttpResponse:
    unit = get_object_or_404(Unit.objects.visible_to(request.user), slug=slug)
    _check_right(request)
    at = timezone.now()
    form = UnitForm(
        request.POST or None,
        today=reporting_today(at),
        unit=unit,
        initial={"name": unit.name, "parent": unit.parent, "owner": unit.owner},
    )
    if request.method == "POST" and _is_done(form, lambda: _revise(request, form, unit, at)):
        messages.success(request, f"{unit.name} was changed.")
        return redirect(UNITS_PAGE)
    return _show(request, "org/unit_edit.html", form=form, unit=unit)


def _check_right(request: PageRequest) -> None:
    if not can_manage_units(request.user):
        raise NotAllowed("Only a FinOps analyst or an Administrator changes business units.")


def _add(request: PageRequest, form: UnitForm, at: datetime) -> Unit:
    return add_unit(**form.cleaned_data, by=request.user, at=at)


def _revise(request: PageRequest, form: UnitForm, unit: Unit, at: datetime) -> Unit:
    return revise_unit(unit=unit, **form.cleaned_data, by=request.user, at=at)


def _is_done(form: UnitForm, change: Callable[[], Unit]) -> bool:
    """Make the change if the form holds; tell in the form what does not."""
    if not form.is_valid():
        return False
    try:
        change()
    except Invalid as refusal:
        show_refusal(form, refusal)
        return False
    return True


def _show(
    request: PageRequest, template: str, *, form: UnitForm, unit: Unit | None = None
) -> HttpResponse:
    context = {
        "form": form,
        "unit": unit,
        "history": history_of(unit) if unit else None,
        "units_page": UNITS_PAGE,
        "crumbs": [("Units", UNITS_PAGE)],
    }
    status = UNPROCESSABLE if form.errors else 200
    return render(request, template, context, status=status)
