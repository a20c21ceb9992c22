"""Leases under anything that may happen to them, in any order; the drill does it for longer."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from ingestion.operations.slices import forget_slices
from tests.policy.lease_machine import LeaseMachine

pytestmark = pytest.mark.long


class Undone(LeaseMachine):
    """Each run in a transaction of its own, which is taken back at its end."""

    def __init__(self) -> None:
        super().__init__()
        self._transaction = transaction.atomic()
        self._transaction.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self._transaction.__exit__(None, None, None)
        forget_slices()


@pytest.fixture
def clean(db: None) -> Iterator[None]:
    forget_slices()
    yield
    forget_slices()


def test_no_cap_is_passed_whatever_happens(clean: None, request: Any) -> None:
    run_state_machine_as_test(
        Undone,
        settings=settings(
            max_examples=30,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
