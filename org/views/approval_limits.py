"""The page of the approval limits: who signs which amount."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from org.forms import show_refusal
from org.http import PageRequest
from org.limit_forms import LimitsReasonForm, limit_forms, limits_typed
from org.operations.signing import set_limits
from org.permissions import can_manage_profile, can_see_profile
from org.queries.calendar import company, reporting_today
from org.queries.signing import limits_on, tables_of_limits
from org.refusals import Invalid, NotAllowed, NotThere
from org.signing_wording import limits_in_words, parts_in_words

UNPROCESSABLE = 422


@require_http_methods(["GET", "HEAD", "POST"])
def approval_limits(request: PageRequest) -> HttpResponse:
    """Show who signs which amount; a POST sets it otherwise."""
    if not can_see_profile(request.user):
        raise NotThere("There is nothing here, or not for you.")
    may_set = can_manage_profile(request.user)
    if request.method == "POST" and not may_set:
        raise NotAllowed("Only a CFO or an Administrator of the company sets who signs what.")
    found, data = limits_on(reporting_today(timezone.now())), request.POST or None
    lines, form = limit_forms(data, limits=found.limits), LimitsReasonForm(data)
    if request.method == "POST" and lines.is_valid() and form.is_valid():
        try:
            set_limits(
                limits=limits_typed(lines),
                reason=form.cleaned_data["reason"],
                version=_version(request),
                by=request.user,
                at=timezone.now(),
            )
        except Invalid as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, "Who signs what holds for every request from now on.")
            return redirect("approval-limits")
    context = {
        "found": found,
        "sentence": limits_in_words(found),
        "steps": [(amount, parts_in_words(parts)) for amount, parts in found.steps],
        "history": tables_of_limits(),
        "lines": lines,
        "form": form,
        "may_set": may_set,
        "version": request.POST.get("version", found.version),
        "zone": company().time_zone,
        "crumbs": [("Settings", "/settings/")],
    }
    is_wrong = form.errors or any(lines.errors)
    status = UNPROCESSABLE if is_wrong else 200
    return render(request, "org/approval_limits.html", context, status=status)


def _version(request: PageRequest) -> int:
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdigit() else -1
