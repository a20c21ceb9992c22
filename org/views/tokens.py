"""API tokens: the list, making one, revoking one."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from org.forms import TokenForm, show_refusal
from org.http import PageRequest
from org.models import ApiToken
from org.operations.tokens import issue_token, revoke_token
from org.permissions import can_manage_people
from org.queries.tokens import tokens_visible_to
from org.refusals import Invalid

UNPROCESSABLE = 422


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: PageRequest) -> HttpResponse:
    """Show the tokens; a POST makes one and shows its secret in the answer, this once."""
    at = timezone.now()
    form = TokenForm(request.POST or None, user=request.user)
    if request.method != "POST":
        return _show(request, form=form, at=at)
    made = _make(request, form=form, at=at) if form.is_valid() else None
    if made is None:
        return _show(request, form=form, at=at, status=UNPROCESSABLE)
    token, secret = made
    fresh = TokenForm(user=request.user)
    return _show(request, form=fresh, at=at, made=token, secret=secret)


@require_POST
def revoke(request: PageRequest, token_id: int) -> HttpResponse:
    token = get_object_or_404(tokens_visible_to(request.user), pk=token_id)
    revoke_token(token=token, by=request.user, at=timezone.now())
    if request.htmx:
        return _show(request, form=TokenForm(user=request.user), at=timezone.now())
    messages.success(request, f"{token.name} was revoked. Nothing can use it any more.")
    return redirect("tokens")


def _make(request: PageRequest, *, form: TokenForm, at: datetime) -> tuple[ApiToken, str] | None:
    given = form.cleaned_data
    try:
        return issue_token(
            user=request.user,
            name=given["name"],
            scopes=given["scopes"],
            expires_at=at + timedelta(days=given["days"]),
            by=request.user,
            at=at,
        )
    except Invalid as refusal:
        show_refusal(form, refusal)
        return None


def _show(
    request: PageRequest, *, form: TokenForm, at: datetime, status: int = 200, **made: Any
) -> HttpResponse:
    context = made | {
        "form": form,
        "tokens": tokens_visible_to(request.user),
        "shows_accounts": can_manage_people(request.user),
        "at": at,
        "crumbs": [("Settings", reverse("settings"))],
        "host": f"{request.scheme}://{request.get_host()}",
    }
    template = "org/_tokens.html" if request.htmx else "org/tokens.html"
    return render(request, template, context, status=status)
