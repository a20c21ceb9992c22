"""Deciding in another's place: what one gave and was given, giving it, taking it back."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from org.forms import DelegationForm, show_refusal
from org.http import PageRequest
from org.operations.delegations import give_delegation, revoke_delegation
from org.permissions import has_role
from org.queries.calendar import company, reporting_today
from org.queries.deciders import DECIDING, delegations_in_sight
from org.refusals import Invalid

UNPROCESSABLE = 422


@require_http_methods(["GET", "HEAD", "POST"])
def delegations(request: PageRequest) -> HttpResponse:
    """Show the delegations; a POST gives one."""
    at = timezone.now()
    form = DelegationForm(request.POST or None, user=request.user, today=reporting_today(at))
    if form.is_valid():
        try:
            made = give_delegation(**form.cleaned_data, by=request.user, at=at)
        except Invalid as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, f"{made.taker} may decide in your place.")
            return redirect("delegations")
    context = {
        "form": form,
        "found": delegations_in_sight(request.user),
        "at": at,
        "zone": company().time_zone,
        "may_give": any(
            has_role(request.user, *DECIDING, unit=each.unit)
            for each in request.user.memberships.select_related("unit")
        ),
        "crumbs": [("Settings", reverse("settings"))],
    }
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "org/delegations.html", context, status=status)


@require_POST
def revoke(request: PageRequest, delegation_id: int) -> HttpResponse:
    found = get_object_or_404(delegations_in_sight(request.user), pk=delegation_id)
    revoke_delegation(delegation_id=found.pk, by=request.user, at=timezone.now())
    messages.success(request, f"{found.taker} does not decide in the place of {found.giver} now.")
    return redirect("delegations")
