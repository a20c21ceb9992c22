"""What happened to an experiment, people's steps and the breaker's moves in one line."""

from datetime import datetime, timedelta

from django.db.models import Q

from budgets.models import Initiative
from budgets.queries.history import Happening, history_of
from org.models import User
from policy.models import Scope
from policy.operations.breaker import judge_scopes
from tests.factories.budgets import drafted, granted_budget, running, spend, stepped
from tests.org_cast import Cast


def told(initiative: Initiative) -> list[tuple[str, User | None]]:
    return [(line.action, line.by) for line in history_of(initiative, scope=scope_of(initiative))]


def scope_of(initiative: Initiative) -> Scope | None:
    return initiative.cost_object.scope if initiative.cost_object else None


def test_a_draft_has_no_breaker_and_tells_its_own_steps(cast: Cast, at: datetime) -> None:
    made = drafted(cast, at=at)

    assert history_of(made, scope=None) == [Happening("draft", at, cast.grace, "")]


def test_a_trip_stands_between_the_approval_and_the_end(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at)
    made = running(cast, at=at)
    spend(cast.support, at.date(), "10.40", cost_object=made.cost_object)
    tripped_at = at + timedelta(minutes=1)
    judge_scopes(Q(cost_object=made.cost_object), at=tripped_at)
    ended_at = at + timedelta(days=30)
    stepped(made, "expire", by=None, at=ended_at)

    assert told(made) == [
        ("draft", cast.grace),
        ("submit", cast.grace),
        ("approve", cast.carl),
        ("scope_open", None),
        ("expire", None),
        ("release", None),
    ]
    trip = history_of(made, scope=scope_of(made))[3]
    assert trip.at == tripped_at
    assert trip.reason.startswith("Spend of $10.40 on 20 November 2026 passed the daily cap")


def test_the_end_is_told_once_in_words(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at)
    made = running(cast, at=at)

    stepped(made, "expire", by=None, at=at + timedelta(days=30))

    actions = [action for action, _ in told(made)]
    assert actions == ["draft", "submit", "approve", "expire", "release"]
    scope = Scope.objects.get(cost_object=made.cost_object)
    assert scope.reason_text == "The experiment ended on 20 December 2026, as agreed."
