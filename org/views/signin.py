"""Signing in and out."""

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

TEMPLATE = "org/signin.html"
TOO_MANY_REQUESTS = 429


class SignIn(LoginView):
    """Signs in and goes on to the page asked for, as long as it is one of this host."""

    template_name = TEMPLATE
    redirect_authenticated_user = True


class SignOut(LogoutView):
    next_page = "signin"


def locked_out(request: HttpRequest, *_: Any) -> HttpResponse:
    """Answer in the place of the sign-in once an account was tried too often."""
    context = {"form": AuthenticationForm(request), "is_locked": True}
    return render(request, TEMPLATE, context, status=TOO_MANY_REQUESTS)
