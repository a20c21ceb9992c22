"""Webhooks: the list, adding one, what was sent to one, testing it, ending it."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from org.forms import WebhookForm, show_refusal
from org.http import PageRequest
from org.models import Dispatch, Webhook
from org.operations.webhooks import add_webhook, end_webhook, send_test, try_again
from org.permissions import can_manage_webhooks
from org.queries.notices import log_of, mail_given_up, webhooks
from org.refusals import Invalid, NotAllowed

UNPROCESSABLE = 422
MOST_SHOWN = 50


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def listing(request: PageRequest) -> HttpResponse:
    """Show the webhooks; a POST adds one and shows its secret in the answer, this once."""
    _check_right(request)
    form = WebhookForm(request.POST or None)
    if request.method != "POST":
        return _show(request, form=form)
    made = _add(request, form, at=timezone.now()) if form.is_valid() else None
    if made is None:
        return _show(request, form=form, status=UNPROCESSABLE)
    return _show(request, form=WebhookForm(), made=made[0], secret=made[1])


@require_safe
def detail(request: PageRequest, webhook_id: int) -> HttpResponse:
    """Show what was sent to one webhook and what it answered."""
    _check_right(request)
    found = get_object_or_404(webhooks(), pk=webhook_id)
    context = {
        "webhook": found,
        "log": log_of(found)[:MOST_SHOWN],
        "crumbs": [("Settings", reverse("settings")), ("Webhooks", reverse("webhooks"))],
    }
    return render(request, "org/webhook.html", context)


@require_POST
def test(request: PageRequest, webhook_id: int) -> HttpResponse:
    found = get_object_or_404(Webhook, pk=webhook_id)
    send_test(webhook_id=found.pk, by=request.user, at=timezone.now())
    messages.success(request, f"A test is on its way to {found.name}: reload to see the answer.")
    return redirect("webhook", webhook_id=found.pk)


@require_POST
def end(request: PageRequest, webhook_id: int) -> HttpResponse:
    found = get_object_or_404(Webhook, pk=webhook_id)
    end_webhook(webhook_id=found.pk, by=request.user, at=timezone.now())
    messages.success(request, f"{found.name} is told nothing any more.")
    return redirect("webhooks")


@require_POST
def again(request: PageRequest, dispatch_id: int) -> HttpResponse:
    found = get_object_or_404(Dispatch, pk=dispatch_id)
    try_again(dispatch_id=found.pk, by=request.user, at=timezone.now())
    messages.success(request, "It is sent once more.")
    if found.webhook_id is None:
        return redirect("webhooks")
    return redirect("webhook", webhook_id=found.webhook_id)


def _check_right(request: PageRequest) -> None:
    if not can_manage_webhooks(request.user):
        raise NotAllowed("Only an Administrator or a FinOps analyst manages webhooks.")


def _add(request: PageRequest, form: WebhookForm, *, at: datetime) -> tuple[Webhook, str] | None:
    try:
        return add_webhook(**form.cleaned_data, by=request.user, at=at)
    except Invalid as refusal:
        show_refusal(form, refusal)
        return None


def _show(
    request: PageRequest, *, form: WebhookForm, status: int = 200, **made: Any
) -> HttpResponse:
    context = made | {
        "form": form,
        "webhooks": webhooks(),
        "mails": mail_given_up()[:MOST_SHOWN],
        "crumbs": [("Settings", reverse("settings"))],
    }
    return render(request, "org/webhooks.html", context, status=status)
