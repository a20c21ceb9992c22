"""Rows that every test of a module reads: made once, and rolled back after the last of them."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from pytest_django import DjangoDbBlocker


@contextmanager
def kept(blocker: DjangoDbBlocker) -> Iterator[None]:
    """Keep what is written within; what a test adds is rolled back after that test.

    For what takes seconds to make. A test that commits cannot be among them.
    """
    with blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)
