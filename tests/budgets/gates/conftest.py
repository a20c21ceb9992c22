"""An experiment that runs, and gates whose measures the test sets."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from budgets.models import Initiative
from org.models import Role, User
from tests.factories.budgets import granted_budget, running
from tests.factories.gates import Ledger, gates
from tests.factories.org import new_user
from tests.org_cast import Cast


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    """Make gates 1 to 3 such that they measure what the test puts here."""
    found = Ledger()
    with gates(found):
        yield found


@pytest.fixture
def drafter(cast: Cast, at: datetime) -> Initiative:
    """Return an experiment that Grace asked for and Carl approved."""
    granted_budget(cast, at=at)
    return running(cast, at=at)


@pytest.fixture
def erin(cast: Cast) -> User:
    """Return a second engineer."""
    return new_user(username="erin", person__name="Erin", roles=[Role.ENGINEER])
