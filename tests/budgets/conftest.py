"""Fixtures of the pages and the API: the clock stands at the moment tests happen."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client
from django.utils import timezone

from org.models import User

SignIn = Callable[[User], Client]


@pytest.fixture
def _clock(at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: at)


@pytest.fixture
def as_user(_clock: None) -> SignIn:
    """Return a function that signs a user in."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in
