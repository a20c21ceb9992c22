"""Pages of the models: the hierarchy with its history, who ranked what, and what waits."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from org.forms import show_refusal
from org.http import PageRequest
from org.queries.calendar import company, reporting_today
from org.refusals import Refusal
from policy.model_forms import RankForm
from policy.operations.hierarchy import decide_tier, rank_models
from policy.permissions import can_decide_tiers, can_rank_models, can_see_models
from policy.queries.hierarchy import Hierarchy, placements

UNPROCESSABLE = 422


@require_http_methods(["GET", "HEAD", "POST"])
def hierarchy(request: PageRequest) -> HttpResponse:
    """Show which model stands in which tier, what waits and what was; a POST ranks one."""
    check_sight(request)
    form = RankForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            [row] = rank_models(
                rankings=[form.ranking()],
                reason=form.cleaned_data["reason"],
                by=request.user,
                at=timezone.now(),
            )
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            told = "waits for a decision" if row.needs_decision else "is ranked"
            messages.success(request, f"{row.model} {told}.")
            return redirect("models-hierarchy")
    return _show_hierarchy(request, form)


@require_POST
def decide(request: PageRequest, placement_id: int) -> HttpResponse:
    """Agree to a changed tier, or refuse it with a reason."""
    check_sight(request)
    approve = request.POST.get("do") == "approve"
    try:
        decision = decide_tier(
            placement_id=placement_id,
            approve=approve,
            by=request.user,
            reason=request.POST.get("reason", ""),
            at=timezone.now(),
        )
    except Refusal as refusal:
        return _show_hierarchy(request, RankForm(), refusal=refusal)
    messages.success(request, f"{decision.title}: {decision.get_state_display().lower()}.")
    return redirect("models-hierarchy")


def _show_hierarchy(
    request: PageRequest, form: RankForm, *, refusal: Refusal | None = None
) -> HttpResponse:
    known = placements()
    context = {
        "form": form,
        "refusal": refusal,
        "rows": Hierarchy(known, day=reporting_today(timezone.now())).rows(),
        "waiting": [each for each in known if each.waits],
        "history": known,
        "may_rank": can_rank_models(request.user),
        "may_decide": can_decide_tiers(request.user),
        "zone": company().time_zone,
    }
    status = refusal.status if refusal else UNPROCESSABLE if form.errors else 200
    return render(request, "policy/hierarchy.html", context, status=status)


def check_sight(request: PageRequest) -> None:
    if not can_see_models(request.user):
        raise PermissionDenied("Models are shown to company-wide roles that work with data.")
