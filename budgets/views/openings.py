"""The page on which it is told what was spent before usage was loaded."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from budgets.forms import place_refusal
from budgets.lifecycle import BudgetAction
from budgets.models import Budget
from budgets.opening_forms import OpeningForm
from budgets.operations.budgets import take_budget_step
from budgets.queries.openings import days_to_tell, openings_in_force
from budgets.rights import why_not_request
from budgets.views.budgets import CRUMBS, UNPROCESSABLE
from budgets.views.deciding import chain_for, version_of
from org.http import PageRequest
from org.queries.calendar import periods_of_year, reporting_today
from org.refusals import Invalid, NotAllowed


@require_http_methods(["GET", "HEAD", "POST"])
def opening(request: PageRequest, budget_id: int) -> HttpResponse:
    """Ask to count what was spent before, by period or by file."""
    budgets = Budget.objects.visible_to(request.user).select_related("unit")
    found = get_object_or_404(budgets, pk=budget_id)
    if (why_not := why_not_request(request.user, subject=found)) is not None:
        raise NotAllowed(why_not)
    at = timezone.now()
    form = _form(request, found, at=at)
    if form.is_valid() and _asked(request, found, form, at=at):
        messages.success(request, f"The opening balance of {found} waits for a decision.")
        return redirect("budget", budget_id=found.pk)
    context = {
        "budget": found,
        "form": form,
        "chain_ahead": chain_for(None, at=at),
        "crumbs": [*CRUMBS, (str(found), f"/budgets/{found.pk}/")],
    }
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "budgets/budget_opening.html", context, status=status)


def _form(request: PageRequest, found: Budget, *, at: datetime) -> OpeningForm:
    periods = periods_of_year(found.fiscal_year)
    return OpeningForm(
        request.POST or None,
        request.FILES or None,
        periods=periods,
        days=days_to_tell(found, periods, on=reporting_today(at)),
        standing=openings_in_force(found),
    )


def _asked(request: PageRequest, found: Budget, form: OpeningForm, *, at: datetime) -> bool:
    try:
        take_budget_step(
            budget_id=found.pk,
            action=BudgetAction.ASK_OPENING,
            by=request.user,
            reason=form.cleaned_data["reason"],
            version=version_of(request),
            at=at,
            opening=form.asked(),
        )
    except Invalid as refusal:
        place_refusal(form, refusal)
        return False
    return True
