"""What each person may use: calls of engineers a day, and dollars of everybody a month."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from functools import partial

from dashboard.demo.cast import Cast
from dashboard.demo.history import History, Scene
from finops.periods import ONE_DAY
from policy.operations.quotas import QuotaDraft, put_quota

CALLS_A_DAY, MORE_CALLS_A_DAY = Decimal(60), Decimal(80)
USD_A_MONTH = Decimal(250)


def scenes(history: History, cast: Cast) -> Iterator[Scene]:
    yield Scene(history.at(history.start + ONE_DAY * 20, "10:20"), partial(_watch_people, cast))
    yield Scene(history.ago(66, "09:40"), partial(_limit_engineers, cast, CALLS_A_DAY))
    yield Scene(history.ago(35, "11:05"), partial(_limit_engineers, cast, MORE_CALLS_A_DAY))


def _watch_people(cast: Cast, at: datetime) -> None:
    """Let finance hear of people who use much; nobody is stopped by it."""
    draft = QuotaDraft(
        scope="org",
        metric="usd",
        window="month",
        per="person",
        limit=USD_A_MONTH,
        mode="alert",
        is_prorated=True,
    )
    reason = "To speak with people who use much before anything is refused."
    put_quota(draft=draft, reason=reason, by=cast.users["finance"], at=at)


def _limit_engineers(cast: Cast, limit: Decimal, at: datetime) -> None:
    """Set how often each engineer may call a day, and later allow more."""
    draft = QuotaDraft(
        scope="unit:engineering", metric="calls", window="day", per="person", limit=limit
    )
    reason = (
        "An editor's plug-in looped for a night on one account."
        if limit == CALLS_A_DAY
        else "Reviews by agents take more calls, and none of them loops."
    )
    put_quota(draft=draft, reason=reason, by=cast.users["engineer"], at=at)
