"""Middleware: a number for each request, refusals as pages, and what htmx needs to know."""

import re
import uuid
from collections.abc import Callable
from urllib.parse import urlencode

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from org import problems
from org.refusals import Refusal

GetResponse = Callable[[HttpRequest], HttpResponseBase]
# What a proxy numbered keeps its number, as long as a log can hold it on a line.
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_id(get_response: GetResponse) -> GetResponse:
    """Give each request a number that stands in every line of its log and in the answer."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-ID", "")
        number = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        with structlog.contextvars.bound_contextvars(request_id=number):
            response = get_response(request)
        response["X-Request-ID"] = number
        return response

    return middleware


class Refusals:
    """Show a refusal that a page's view raised, under its own status."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, Refusal):
            return None
        if problems.is_of_api(request):
            return problems.of_refusal(exception)
        template = "org/_refusal.html" if _asks_for_part(request) else "org/refusal.html"
        return render(request, template, {"refusal": exception}, status=exception.status)


def htmx(get_response: GetResponse) -> GetResponse:
    """Keep pages and their parts apart in caches, and never swap the sign-in into a page."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        patch_vary_headers(response, ["HX-Request"])
        if _asks_for_part(request) and _leads_to_signin(response):
            return _signin_in_full(request)
        return response

    return middleware


def _asks_for_part(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


def _leads_to_signin(response: HttpResponseBase) -> bool:
    return response.get("Location", "").partition("?")[0] == settings.LOGIN_URL


def _signin_in_full(request: HttpRequest) -> HttpResponse:
    """Send the whole browser to the sign-in, and afterwards back to the page it shows."""
    details = getattr(request, "htmx", None)
    page = (details and details.current_url_abs_path) or "/"
    answer = HttpResponse(status=204)
    answer["HX-Redirect"] = f"{settings.LOGIN_URL}?{urlencode({'next': page})}"
    return answer
