"""Which limit an experiment meets first: its own caps, those above it, or its end."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from budgets.binding_sentences import binding_check, first_limit_sentence
from budgets.models import Initiative
from budgets.queries.binding import first_limit_of
from budgets.queries.experiments import initiative_standing
from org.models import User
from policy.models import Scope
from policy.operations.scopes import put_cap
from tests.factories.budgets import granted_budget, running, some_terms, spend
from tests.org_cast import Cast

ON = date(2026, 11, 27)


def capped(cast: Cast, slug: str, usd: str, *, at: datetime, window: str = "day") -> None:
    put_cap(
        scope=Scope.objects.get(slug=slug),
        window=window,
        limit_usd=Decimal(usd),
        mode="hard",
        starts_on=at.date(),
        ends_on=None,
        by=cast.carl,
        at=at,
    )


def experiment(cast: Cast, *, at: datetime, daily: list[str], **terms: object) -> Initiative:
    """Let an experiment run from 20 Nov to 20 Dec, and spend on its first days."""
    granted_budget(cast, at=at)
    made = running(cast, at=at, **terms)
    for number, usd in enumerate(daily):
        spend(cast.support, at.date() + timedelta(days=number), usd, cost_object=made.cost_object)
    return made


def said(made: Initiative, *, user: User, on: date = ON) -> str:
    found = Initiative.objects.select_related("unit", "cost_object__scope").get(pk=made.pk)
    at = datetime.fromisoformat(f"{on.isoformat()}T12:00:00+00:00")
    standing = initiative_standing(initiative=found, on=on)
    return first_limit_sentence(
        first_limit_of(standing, user=user, at=at), on=on, ends_on=found.ends_on, unit="Support"
    )


def test_the_cap_in_total_binds_where_the_pace_uses_it_up(cast: Cast, at: datetime) -> None:
    made = experiment(cast, at=at, daily=["4.00"] * 7)

    # $100.00 less $28.00 lasts 18 days of $4.00, 27 November among them.
    assert said(made, user=cast.grace) == (
        "$400.00 of the pool of Support is left. Its cap in total binds first: at the pace of the"
        " last known 7 days, $4.00 a day, it is reached on 14 December 2026; then the breaker"
        " blocks new runs."
    )


def test_the_daily_cap_binds_where_a_day_fills_it(cast: Cast, at: datetime) -> None:
    made = experiment(cast, at=at, daily=["1.00"] * 2 + ["10.00"] * 5 + ["14.00"] * 2)

    assert (
        "Its daily cap binds first: at the pace of the last known 7 days, $11.14 a day, it is"
        in (said(made, user=cast.grace, on=date(2026, 11, 29)))
    )


def test_no_cap_binds_what_ends_before(cast: Cast, at: datetime) -> None:
    made = experiment(cast, at=at, daily=["0.50"])

    assert said(made, user=cast.grace, on=date(2026, 11, 21)).endswith(
        "No cap binds: at the pace of the last known day, $0.50 a day, none is reached before it"
        " ends on 20 December 2026."
    )


def test_a_cap_above_binds_first_for_those_who_see_it(cast: Cast, at: datetime) -> None:
    made = experiment(cast, at=at, daily=["4.00"] * 7)
    spend(cast.claims, date(2026, 11, 26), "350.00")
    capped(cast, "unit:operations", "50.00", at=at)

    of_auditor, of_manager = said(made, user=cast.aud), said(made, user=cast.grace)

    # Operations spent 7 * $4.00 + $350.00 in seven days: $54.00 a day.
    assert "The daily cap of Operations binds first" in of_auditor
    assert "it is reached today" in of_auditor
    assert "Its cap in total binds first" in of_manager


def test_without_a_known_day_nobody_can_say(cast: Cast, at: datetime) -> None:
    made = experiment(cast, at=at, daily=[])

    assert said(made, user=cast.grace).endswith(
        "No day of spending is known yet, so nobody can say which limit binds first."
    )


def test_what_is_used_up_binds_already(cast: Cast, at: datetime) -> None:
    made = experiment(cast, at=at, daily=["60.00", "45.00"])

    assert "Its cap in total binds: it is reached already" in said(
        made, user=cast.grace, on=date(2026, 11, 22)
    )


@pytest.mark.parametrize(
    ("daily", "says"),
    [
        # $100.00 at $10.00 a day are ten days from 20 November.
        (
            "10.00",
            (
                "Its cap in total binds first: with its daily cap spent every day it is reached"
                " on 29 November 2026; then the breaker blocks new runs."
            ),
        ),
        (
            "3.00",
            (
                "None: even with its daily cap spent every day it ends on 20 December 2026"
                " before its cap in total is reached."
            ),
        ),
    ],
)
def test_a_request_says_what_it_would_meet_first(
    cast: Cast, at: datetime, daily: str, says: str
) -> None:
    granted_budget(cast, at=at)

    check = binding_check(some_terms(cast, daily_cap_usd=Decimal(daily)), at=at)

    assert (check.ok, check.detail) == (True, says)


def test_a_request_says_that_a_cap_above_binds_before_its_own(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at)
    capped(cast, "unit:support", "8.00", at=at)

    check = binding_check(some_terms(cast), at=at)

    assert check.detail.startswith("The daily cap of Support binds first")
