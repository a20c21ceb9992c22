"""The page on which a revision of a budget in force is asked for."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from budgets.budget_forms import RevisionForm
from budgets.forms import place_refusal
from budgets.lifecycle import BudgetAction
from budgets.models import Budget
from budgets.operations.budgets import take_budget_step
from budgets.queries.planned_periods import revised_periods
from budgets.queries.standing import standing_of
from budgets.rights import why_not_request
from budgets.views.budgets import CRUMBS, UNPROCESSABLE
from budgets.views.deciding import chain_for, version_of
from org.http import PageRequest
from org.queries.calendar import reporting_today
from org.refusals import Invalid, NotAllowed


@require_http_methods(["GET", "HEAD", "POST"])
def revise(request: PageRequest, budget_id: int) -> HttpResponse:
    """Ask for a revision; the button that shows its plan stores nothing."""
    budgets = Budget.objects.visible_to(request.user).select_related("unit")
    found = get_object_or_404(budgets, pk=budget_id)
    if (why_not := why_not_request(request.user, subject=found)) is not None:
        raise NotAllowed(why_not)
    at = timezone.now()
    form = RevisionForm(request.POST or None, budget=found)
    is_preview = request.POST.get("do") == "preview"
    if form.is_valid() and not is_preview and _asked(request, found, form, at=at):
        messages.success(request, f"The revision of {found} waits for a decision.")
        return redirect("budget", budget_id=found.pk)
    return _show(request, found, form, at=at)


def _asked(request: PageRequest, found: Budget, form: RevisionForm, *, at: datetime) -> bool:
    try:
        take_budget_step(
            budget_id=found.pk,
            action=BudgetAction.ASK_REVISION,
            by=request.user,
            reason=form.cleaned_data["reason"],
            version=version_of(request),
            at=at,
            amounts=form.amounts(),
        )
    except Invalid as refusal:
        place_refusal(form, refusal)
        return False
    return True


def _show(request: PageRequest, found: Budget, form: RevisionForm, *, at: datetime) -> HttpResponse:
    standing = standing_of(budget=found, on=reporting_today(at))
    core_usd = getattr(form, "cleaned_data", {}).get("core_usd")
    context = {
        "budget": found,
        "form": form,
        "planned": revised_periods(standing, core_usd) if core_usd is not None else [],
        "chain_ahead": chain_for(form.moved_usd(found), at=at),
        "crumbs": [*CRUMBS, (str(found), f"/budgets/{found.pk}/")],
    }
    template = "budgets/_revision_form.html" if request.htmx else "budgets/budget_revise.html"
    status = UNPROCESSABLE if form.errors else 200
    return render(request, template, context, status=status)
