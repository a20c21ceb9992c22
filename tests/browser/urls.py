"""Urls of the gallery and of a few answers that htmx must handle well."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from dashboard.theme import choose


@login_not_required
def answer(request: HttpRequest) -> HttpResponse:
    """Answer with the status that was asked for."""
    status = int(request.GET["status"])
    return HttpResponse(f"<p id='answer'>answered {status}</p>", status=status)


@login_not_required
def told(_request: HttpRequest) -> HttpResponse:
    trigger = '{"toast": {"text": "Saved.", "tone": "ok"}}'
    return HttpResponse("<p>done</p>", headers={"HX-Trigger": trigger})


urlpatterns = [
    path("_ui/", include("dashboard.urls_gallery")),
    path("answer/", answer, name="answer"),
    path("told/", told, name="told"),
    path("settings/theme/", choose, name="theme"),
]
