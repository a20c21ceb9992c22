"""The page on which somebody decides: what is asked, what it does to the money, the buttons."""

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from budgets.forms import GrantForm, place_refusal
from budgets.models import HeldDecision, Initiative
from budgets.operations.held import carry_out, undo_decision
from budgets.queries.decisions import DECIDING, Decision, decision_on
from budgets.queries.held import last_held
from budgets.rights import GRADUATION
from budgets.sentences import initiative_outlook
from budgets.terms import UNCHANGED, Change
from budgets.views.deciding import (
    decide_from_page,
    held_context,
    held_url,
    show_held,
    version_of,
)
from org.http import PageRequest
from org.models import Approval, Unit
from org.queries.calendar import company
from org.queries.signing import chain_of
from org.refusals import Invalid, Refusal

LESS = "less"  # the button that approves what its form says


@require_http_methods(["GET", "HEAD", "POST"])
def approval(request: PageRequest, approval_id: int) -> HttpResponse:
    """Show what is asked; a POST decides it."""
    at = timezone.now()
    found = get_object_or_404(_visible(request), pk=approval_id)
    if found.kind == GRADUATION:
        return redirect(found.url)  # signed at its gate: the record is its page
    held = last_held(found)
    if held is not None and held.state == HeldDecision.State.HELD and carry_out(held.pk, at=at):
        found, held = _visible(request).get(pk=approval_id), last_held(found)
    if request.htmx:
        return show_held(request, held, at=at)
    decision = decision_on(found, user=request.user, at=at)
    if decision is None:
        raise Http404(found.kind)
    form = _grant_form(request, decision)
    if request.method != "POST" or (form and form.is_bound and not form.is_valid()):
        return _show(request, found, decision, form)
    try:
        _take(request, decision, form)
    except Invalid as refusal:
        if form is None or not form.is_bound:
            return _show(request, found, decision, form, refusal=refusal)
        place_refusal(form, refusal)
        return _show(request, found, decision, form)
    return redirect("approval", approval_id=found.pk)


@require_POST
def undo(request: PageRequest, held_id: int) -> HttpResponse:
    """Take one's own decision back before it takes effect."""
    units = Unit.objects.visible_to(request.user)
    initiatives = Initiative.objects.visible_to(request.user)
    seen = Q(approval__unit__in=units) | Q(gate__initiative__in=initiatives)
    held = get_object_or_404(HeldDecision.objects.filter(seen), pk=held_id)
    undo_decision(held_id=held.pk, by=request.user, at=timezone.now())
    messages.success(request, "Your decision was taken back. Nothing was done.")
    return redirect(held_url(held))


def _grant_form(request: PageRequest, decision: Decision) -> GrantForm | None:
    """Return the form to grant less of an experiment with; sent only by its own button."""
    if decision.asked is None:
        return None
    given = request.POST if request.POST.get("action") == LESS else None
    return GrantForm(given, asked=decision.asked)


def _take(request: PageRequest, decision: Decision, form: GrantForm | None) -> None:
    if form and form.is_bound:
        _decide(request, decision, "approve", form.cleaned_data["reason"], change=form.change())
        return
    action = request.POST.get("action", "")
    if action not in DECIDING:
        raise Invalid.of("action", "Choose to approve, to reject or to ask.")
    _decide(request, decision, action, request.POST.get("reason", ""))


def _decide(
    request: PageRequest,
    decision: Decision,
    action: str,
    reason: str,
    *,
    change: Change = UNCHANGED,
) -> None:
    decide_from_page(
        request, decision.subject, action, reason=reason, version=version_of(request), change=change
    )


def _show(
    request: PageRequest,
    found: Approval,
    decision: Decision,
    form: GrantForm | None,
    *,
    refusal: Refusal | None = None,
) -> HttpResponse:
    context = {
        "approval": found,
        "decision": decision,
        "chain": chain_of(found, at=timezone.now()),
        "form": form,
        "outlook": initiative_outlook(decision.standing) if decision.standing else "",
        **held_context(request, last_held(found), at=timezone.now()),
        "zone": company().time_zone,
        "refusal": refusal,
        "typed": request.POST.get("reason", ""),
        "crumbs": [("Approvals", "/approvals/")],
    }
    is_wrong = refusal or (form and form.errors)
    return render(request, "budgets/approval.html", context, status=422 if is_wrong else 200)


def _visible(request: PageRequest) -> QuerySet[Approval]:
    return Approval.objects.filter(unit__in=Unit.objects.visible_to(request.user)).select_related(
        "unit", "requested_by__person", "decided_by__person", "decided_for__person"
    )
