"""The demo company in a test's database: played once for a module and taken back after it."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.db import transaction
from pytest_django import DjangoDbBlocker

from dashboard.demo.story import Summary, play

NOW = datetime(2026, 11, 20, 16, 30, tzinfo=UTC)  # a Friday
CALLS = 2_000
PASSWORD = "demo-password-of-tests"


@pytest.fixture(scope="module")
def demo(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Summary]:
    """Play the story once in an empty database, and take it back after the module."""
    before = settings.TOKENOPS_DEMO_PASSWORD
    settings.TOKENOPS_DEMO_PASSWORD = PASSWORD
    with django_db_blocker.unblock(), transaction.atomic():
        yield play(now=NOW, years=1, calls=CALLS)
        transaction.set_rollback(True)
    settings.TOKENOPS_DEMO_PASSWORD = before
