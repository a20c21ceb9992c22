"""The sweep: what comes due by the clock, found as often as it is asked."""

from datetime import date, datetime, timedelta

import pytest
from django.utils import timezone

from budgets.models import CoreReview, Initiative
from budgets.tasks import sweep, sweep_core, watch_core
from tests.factories.budgets import granted_budget, pool_of, running
from tests.org_cast import Cast


@pytest.mark.django_db
def test_the_sweep_has_nothing_to_do_before_the_company_is_set_up() -> None:
    sweep()

    assert Initiative.objects.count() == 0


def test_the_sweep_ends_what_is_due_once_however_often_it_runs(
    cast: Cast, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    granted_budget(cast, at=at)
    running(cast, ends_on=date(2026, 11, 25), at=at)
    monkeypatch.setattr(timezone, "now", lambda: at + timedelta(days=5))

    sweep()
    sweep()

    made = Initiative.objects.get()
    assert made.state == "expired"
    assert made.steps.filter(action="expire").count() == 1
    assert pool_of(cast) == 500


@pytest.mark.django_db
def test_core_has_nothing_to_watch_before_the_company_is_set_up() -> None:
    watch_core()
    sweep_core()

    assert CoreReview.objects.count() == 0
