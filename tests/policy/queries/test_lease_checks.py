"""Routers that say less or more than their usage shows stand out, by day and by name."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from finops.periods import Period
from policy.models import Cap
from policy.queries.lease_checks import by_day, by_router, stray_use, unseen_sentence
from tests.factories.leases import leased, led_to, settled, used
from tests.factories.org import new_token
from tests.factories.policy import cap, drafter_scope
from tests.org_cast import Cast

NOVEMBER = Period(date(2026, 11, 1), date(2026, 12, 1))


@pytest.fixture
def daily(cast: Cast, at: datetime) -> Cap:
    """Let an honest router, one that says less and one that says more each lease $10."""
    scope = drafter_scope(cast.support)
    led_to(scope, by=cast.fiona, at=at)
    daily = cap(scope, "100.00")
    for name, said, shown in (("honest", "4", "4"), ("less", "1", "6"), ("more", "9", "2")):
        lease = leased(daily, "10", by=cast.ed, at=at, sidecar=name)
        used(name, shown, by=cast.ed, at=at, lease=lease)
        settled(lease, said, by=cast.ed, at=at)
    used("without", "0.50", by=cast.ed, at=at)
    used("stray", "0.25", by=cast.ed, at=at, lease="no-such-lease")
    return daily


def test_routers_whose_words_differ_most_come_first(cast: Cast, daily: Cap) -> None:
    rows = by_router(NOVEMBER)

    assert [(row.name, row.unseen_usd, row.untold_usd, row.held_usd) for row in rows] == [
        ("more", Decimal(7), Decimal(0), Decimal(7)),  # held until usage shows it
        ("less", Decimal(0), Decimal(5), Decimal(0)),  # usage holds
        ("honest", Decimal(0), Decimal(0), Decimal(0)),
    ]


def test_a_days_leases_stand_beside_all_that_was_spent(cast: Cast, daily: Cap) -> None:
    [day] = by_day(NOVEMBER)

    assert (day.on, day.sums.leases) == (date(2026, 11, 20), 3)
    assert (day.sums.granted_usd, day.sums.told_usd, day.sums.seen_usd) == (
        Decimal(30),
        Decimal(14),
        Decimal(12),
    )
    assert (day.spent_usd, day.unleased_usd) == (Decimal("12.75"), Decimal("0.75"))


def test_what_is_reported_and_not_seen_is_said(cast: Cast, daily: Cap, at: datetime) -> None:
    assert unseen_sentence(at=at) == (
        "Routers reported $7.00 on 1 lease that no usage shows. It is held until usage comes,"
        " or somebody writes it off."
    )


def test_nothing_is_said_where_usage_shows_all(cast: Cast, at: datetime) -> None:
    assert unseen_sentence(at=at) == ""


def test_usage_of_no_such_lease_is_listed(cast: Cast, daily: Cap) -> None:
    [stray] = stray_use(NOVEMBER)

    assert (stray.kind, stray.example, stray.usd) == ("unknown", "no-such-lease", Decimal("0.25"))


def test_the_api_tells_it_to_company_wide_roles(cast: Cast) -> None:
    def asked_by(name: str, days: str = "30") -> tuple[int, object]:
        secret = f"tok_{name}_{days}"
        user = getattr(cast, name)
        new_token(secret=secret, user=user, scopes=["lease:write"], created_at=timezone.now())
        client = Client(headers={"Authorization": f"Bearer {secret}"})
        answer = client.get(f"/api/v1/leases/checks?days={days}")
        return answer.status_code, answer.json()

    assert asked_by("fiona") == (200, {"days": [], "routers": [], "stray": []})
    assert asked_by("grace")[0] == 403
    assert asked_by("fiona", "0")[0] == 422
    assert asked_by("fiona", "1x")[0] == 422
