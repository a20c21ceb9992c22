"""The pages of the company's profile: two questions, what follows, and what is decided by hand."""

from datetime import datetime

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from org.forms import show_refusal
from org.http import PageRequest
from org.operations.profile import answer_profile, lift_override, override_setting
from org.permissions import can_manage_profile, can_see_profile
from org.profile_form import OverrideForm, ProfileForm, as_asked
from org.profile_wording import changed_rows, decision_in_words, described, row_of, rows_of
from org.queries.calendar import reporting_today
from org.queries.profile import (
    EffectiveProfile,
    decisions_on,
    profile_on,
    profile_version,
)
from org.refusals import NotAllowed, NotThere, Refusal

UNPROCESSABLE = 422
SETTINGS_CRUMB, PROFILE_CRUMB = ("Settings", "/settings/"), ("Profile", "/settings/profile/")


@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: PageRequest) -> HttpResponse:
    """Show the profile and what other answers would change; a POST gives them."""
    found = _found(request)
    form = ProfileForm(request.POST or request.GET or None, initial=as_asked(found))
    preview, refusal = _preview(form, found), None
    if request.method == "POST":
        _check_right(request)
        refusal = _answered(request, form) if preview else None
        if preview and refusal is None:
            return redirect("profile")
    context = {
        "form": form,
        "found": found,
        "described": described(found),
        "rows": rows_of(found),
        "may_change": can_manage_profile(request.user),
        "crumbs": [SETTINGS_CRUMB],
        **preview,
    }
    template = "org/_profile_change.html" if request.htmx else "org/profile.html"
    return render(request, template, context, status=_status(form, refusal))


@require_http_methods(["GET", "HEAD", "POST"])
def setting(request: PageRequest, name: str) -> HttpResponse:
    """Show one setting with its history; a POST holds it at another value or lifts that."""
    found = _found(request)
    if name not in found.held:
        raise NotThere(f"The profile has no setting “{name}”.")
    row = row_of(found, name)
    initial = {"value": row.held.setting.kind.write(row.held.value)}
    form = OverrideForm(request.POST or None, setting=row.held.setting, initial=initial)
    refusal = None
    if request.method == "POST":
        _check_right(request)
        refusal = _decided(request, form, name)
        if form.is_valid():
            return redirect("profile")
    context = {
        "form": form,
        "row": row,
        "decisions": [(each, decision_in_words(each)) for each in decisions_on(name)],
        "version": profile_version(),
        "may_change": can_manage_profile(request.user),
        "crumbs": [SETTINGS_CRUMB, PROFILE_CRUMB],
    }
    return render(request, "org/profile_setting.html", context, status=_status(form, refusal))


def _found(request: PageRequest) -> EffectiveProfile:
    if not can_see_profile(request.user):
        raise NotThere("There is nothing here, or not for you.")
    return profile_on(reporting_today(timezone.now()))


def _check_right(request: PageRequest) -> None:
    if not can_manage_profile(request.user):
        raise NotAllowed("Only a CFO or an Administrator changes the company's profile.")


def _preview(form: ProfileForm, found: EffectiveProfile) -> dict[str, object]:
    if not form.is_valid():
        return {}
    answers, answer = form.answers(), found.answer
    then = found.answered(**answers)
    return {
        "then": described(then),
        "changes": changed_rows(found, then),
        "is_same": answer is not None
        and answers == {"people": answer.people, "gm_target": answer.gm_target},
        "asked": {name: form.data[name] for name in form.fields},
        "version": profile_version(),
    }


def _answered(request: PageRequest, form: ProfileForm) -> Refusal | None:
    try:
        answer_profile(
            **form.answers(), version=_version(request), by=request.user, at=timezone.now()
        )
    except Refusal as refusal:
        show_refusal(form, refusal)
        return refusal
    messages.success(request, "The profile follows from these answers from today on.")
    return None


def _decided(request: PageRequest, form: OverrideForm, name: str) -> Refusal | None:
    at, is_lift = timezone.now(), request.POST.get("do") == "lift"
    if is_lift:
        form.fields["value"].required = False
    if not form.is_valid():
        return None
    try:
        _decide(request, form, name, is_lift=is_lift, at=at)
    except Refusal as refusal:
        show_refusal(form, refusal)
        return refusal
    messages.success(request, "It holds from today on; the audit log keeps who decided it.")
    return None


def _decide(
    request: PageRequest, form: forms.Form, name: str, *, is_lift: bool, at: datetime
) -> None:
    reason, version = form.cleaned_data["reason"], _version(request)
    if is_lift:
        lift_override(name=name, reason=reason, version=version, by=request.user, at=at)
        return
    override_setting(
        name=name,
        value=form.cleaned_data["value"],
        reason=reason,
        version=version,
        by=request.user,
        at=at,
    )


def _version(request: PageRequest) -> int:
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdigit() else -1


def _status(form: forms.Form, refusal: Refusal | None) -> int:
    if refusal is not None:
        return refusal.status
    return UNPROCESSABLE if form.errors else 200
