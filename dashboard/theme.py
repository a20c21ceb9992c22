"""The reader's choice of light, dark or the system's theme, kept in a cookie.

The server reads it and renders it into the page, so that nothing flashes and no
script is needed to change it.
"""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

COOKIE = "theme"
THEMES = ("light", "dark", "system")
A_YEAR_SECONDS = 365 * 24 * 3600


def theme_of(request: HttpRequest) -> str:
    """Return the theme the reader chose, or the system's."""
    chosen = request.COOKIES.get(COOKIE, "")
    return chosen if chosen in THEMES else "system"


def way_back(request: HttpRequest) -> str:
    """Return the page of ours that the reader came from, or the front page."""
    origin = request.headers.get("referer", "")
    ours = url_has_allowed_host_and_scheme(
        origin, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return origin if ours else "/"


@login_not_required
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Keep the theme that was posted and go back; a script that asks gets no page."""
    chosen = request.POST.get("theme", "")
    if chosen not in THEMES:
        return HttpResponseBadRequest(f"theme: {chosen!r} is none of {', '.join(THEMES)}.")
    wants_page = "text/html" in request.headers.get("accept", "text/html")
    answer = HttpResponseRedirect(way_back(request)) if wants_page else HttpResponse(status=204)
    answer.set_cookie(
        COOKIE, chosen, max_age=A_YEAR_SECONDS, samesite="Lax", secure=request.is_secure()
    )
    return answer
