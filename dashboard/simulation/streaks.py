"""The run of days of the experiment, as gate 4 would measure it."""

from datetime import date

from budgets.models import Initiative
from budgets.queries.baseline import Asked, histories_of
from finops.stability.streak import NEEDED_DAYS, Streak, final_part
from org.queries.profile import profile_on


def streak_on(found: Initiative, on: date) -> Streak:
    """Return the runs as they are known on the morning of a day."""
    history = histories_of([Asked(found, on, rests=False)])[found.pk]
    return history.streak(on=on, lag_days=_lag_days(on))


def is_complete(found: Initiative, on: date) -> bool:
    """Test whether thirty days of the present run are final."""
    final = final_part(streak_on(found, on).current, today=on, lag_days=_lag_days(on))
    return len(final.counted) >= NEEDED_DAYS


def _lag_days(on: date) -> int:
    return profile_on(on).profile.data_lag_days
