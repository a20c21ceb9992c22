"""The trial of a trip test: a scope beneath the tested one with a copy of its daily cap."""

from datetime import datetime

from policy.models import Cap, Scope, TripTest
from policy.queries.meters import today_at


def open_trial(test: TripTest, *, at: datetime) -> Scope:
    """Put the trial into the policy; whoever calls publishes.

    The cap is copied as it is. It need not be scaled down: the loop's dollars are synthetic.
    """
    trial = Scope.objects.create(
        slug=f"test:{test.pk}",
        name=str(test),
        parent=test.scope,
        trial_of=test.scope,
        owner=str(test.asked_by),
        contact=test.asked_by.email,
        since=at,
    )
    Cap.objects.create(
        scope=trial,
        window=Cap.Window.DAY,
        mode=Cap.Mode.HARD,
        limit_usd=test.cap_usd,
        starts_on=today_at(at).on,
        set_by=test.asked_by,
    )
    return trial


def close_trial(trial: Scope, *, at: datetime) -> None:
    """Take the trial out of the policy; its steps and its cap stay to be explained."""
    Scope.objects.filter(pk=trial.pk, retired_at__isnull=True).update(retired_at=at)
    Cap.objects.filter(scope=trial, retired_at__isnull=True).update(retired_at=at)
