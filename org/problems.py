"""Refusals and errors as `application/problem+json` (RFC 9457), for everything under the API."""

import math
import re
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views import defaults
from rest_framework import exceptions
from rest_framework.settings import api_settings

from org.refusals import FieldError, Invalid, Refusal

MEDIA_TYPE = "application/problem+json"
# OTLP exporters send to a path of their own beside the API's.
API_PREFIXES = ("/api/", "/v1/")
NOT_THERE = "There is nothing here, or not for you."
TITLES = {
    400: "Malformed request",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    413: "Too large",
    415: "Unsupported media type",
    429: "Too many requests",
    500: "Server error",
}
TOO_LARGE = 413


def problem(
    *,
    status: int,
    detail: str,
    title: str | None = None,
    kind: str = "about:blank",
    errors: tuple[FieldError, ...] = (),
    extra: dict[str, object] | None = None,
) -> JsonResponse:
    """Answer with a problem; `extra` members stand beside the usual ones."""
    content: dict[str, object] = {
        "type": kind,
        "title": title or TITLES.get(status, "Refused"),
        "status": status,
        "detail": detail,
    }
    if errors:
        content["errors"] = [error._asdict() for error in errors]
    return JsonResponse(content | (extra or {}), status=status, content_type=MEDIA_TYPE)


def of_refusal(refusal: Refusal) -> JsonResponse:
    return problem(
        status=refusal.status,
        title=refusal.title,
        detail=refusal.detail,
        kind=kind_of(type(refusal)),
        errors=refusal.errors,
        extra=refusal.extra,
    )


def kind_of(refusal: type[Refusal]) -> str:
    """Return what a program tells refusals apart by: `urn:tokenops:self-approval`."""
    return "urn:tokenops:" + re.sub(r"(?<=[a-z])(?=[A-Z])", "-", refusal.__name__).lower()


def handle(exc: Exception, context: dict[str, Any]) -> HttpResponseBase | None:  # noqa: ARG001 — the framework's signature
    """Answer what a view of the API raised; None leaves the unexpected to the server's log."""
    if isinstance(exc, Http404):
        exc = exceptions.NotFound(NOT_THERE)
    if isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied(*exc.args)
    if isinstance(exc, exceptions.ValidationError):
        exc = _as_refusal(exc)
    if isinstance(exc, Refusal):
        return of_refusal(exc)
    if isinstance(exc, exceptions.APIException):
        return _of_api_exception(exc)
    return None


def _of_api_exception(exc: exceptions.APIException) -> JsonResponse:
    answer = problem(status=exc.status_code, detail=str(exc.detail))
    if challenge := getattr(exc, "auth_header", None):
        answer["WWW-Authenticate"] = challenge
    if wait := getattr(exc, "wait", None):
        answer["Retry-After"] = str(math.ceil(wait))
    return answer


def _as_refusal(exc: exceptions.ValidationError) -> Invalid:
    errors = tuple(_field_errors(exc.detail, pointer=""))
    sentences = [f"{error.pointer}: {error.detail}".removeprefix(": ") for error in errors]
    return Invalid(" ".join(sentences), errors=errors)


def _field_errors(detail: Any, *, pointer: str) -> Iterator[FieldError]:
    """Yield an error per sentence, its JSON pointer (RFC 6901) being the way down to it."""
    if isinstance(detail, dict):
        for key, below in detail.items():
            step = str(key).replace("~", "~0").replace("/", "~1")
            of_whole = key == api_settings.NON_FIELD_ERRORS_KEY
            yield from _field_errors(below, pointer=pointer if of_whole else f"{pointer}/{step}")
    elif isinstance(detail, list):
        for index, below in enumerate(detail):
            of_item = isinstance(below, dict | list)
            yield from _field_errors(below, pointer=f"{pointer}/{index}" if of_item else pointer)
    else:
        yield FieldError(pointer, str(detail))


def is_of_api(request: HttpRequest) -> bool:
    return request.path.startswith(API_PREFIXES)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if not is_of_api(request):
        return defaults.bad_request(request, exception)
    status = TOO_LARGE if isinstance(exception, RequestDataTooBig) else 400
    return problem(status=status, detail="The request could not be read.")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if not is_of_api(request):
        return defaults.permission_denied(request, exception)
    return problem(status=403, detail=str(exception) or "Your roles do not include this.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if not is_of_api(request):
        return defaults.page_not_found(request, exception)
    return problem(status=404, detail=NOT_THERE)


def server_error(request: HttpRequest) -> HttpResponse:
    if not is_of_api(request):
        return defaults.server_error(request)
    detail = "Something went wrong here; it is in the log under this request's X-Request-ID."
    return problem(status=500, detail=detail)
