"""What one person was told, and how much she wants to hear."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from org.forms import NoticeChoiceForm
from org.http import PageRequest
from org.operations.notices import choose_levels, mark_read
from org.queries.notices import MOST_SHOWN, levels_of, notices_of

UNPROCESSABLE = 422


@require_http_methods(["GET", "HEAD", "POST"])
def notices(request: PageRequest) -> HttpResponse:
    """List what the user was told; a POST takes what she saw of it for read."""
    if request.method == "POST":
        mark_read(user=request.user, at=timezone.now(), up_to=_number(request, "up_to"))
        return redirect("notices")
    unread_only = request.GET.get("show") == "unread"
    found = list(notices_of(request.user, unread_only=unread_only)[:MOST_SHOWN])
    context = {
        "found": found,
        "unread_only": unread_only,
        "up_to": max((each.notice_id for each in found), default=0),
        "some_unread": any(each.read_at is None for each in found),
        "most": MOST_SHOWN if len(found) == MOST_SHOWN else None,
    }
    return render(request, "org/notices.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def choices(request: PageRequest) -> HttpResponse:
    """Choose for each kind between mail, the list and nothing."""
    form = NoticeChoiceForm(request.POST or None, levels=levels_of(request.user))
    if form.is_valid():
        choose_levels(user=request.user, levels=form.cleaned_data)
        messages.success(request, "What you hear of is kept.")
        return redirect("notice-choices")
    context = {"form": form, "crumbs": [("Settings", reverse("settings"))]}
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "org/notice_choices.html", context, status=status)


def _number(request: PageRequest, name: str) -> int:
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0  # noqa: PLR2004 -- a bigint
