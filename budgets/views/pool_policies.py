"""The page that holds the policy of a pool against those that were not chosen."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from budgets.budget_forms import PolicyForm
from budgets.models import Budget
from budgets.queries.pool_comparison import compare_policies, offered_terms
from budgets.views.budgets import CRUMBS, UNPROCESSABLE
from org.http import PageRequest
from org.queries.calendar import reporting_today


@require_safe
def pool_policies(request: PageRequest, budget_id: int) -> HttpResponse:
    """Show what other policies would have allowed the experiments of a pool."""
    visible = Budget.objects.visible_to(request.user).select_related("unit")
    budget = get_object_or_404(visible, pk=budget_id)
    offered = offered_terms(budget, request.user)
    form = PolicyForm(request.GET or None, offered=offered)
    asked = form.cleaned_data if form.is_valid() else {}
    by_slug = {terms.definition.slug: terms for terms in offered}
    found = compare_policies(
        budget,
        terms=by_slug.get(asked.get("results", "")) or next(iter(offered), None),
        usd_a_result=asked.get("usd_a_result"),
        on=reporting_today(timezone.now()),
    )
    crumbs = [*CRUMBS, (str(budget), f"/budgets/{budget.pk}/")]
    context = {"budget": budget, "form": form, "offered": offered, "found": found, "crumbs": crumbs}
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "budgets/pool_policies.html", context, status=status)
