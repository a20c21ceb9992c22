"""The request as the views of pages receive it."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from org.models import User


class PageRequest(HttpRequest):
    """A request past the sign-in: LoginRequiredMiddleware has let nobody else through."""

    user: User
    htmx: HtmxDetails
