"""The inbox: what waits for me, for others, and what was decided."""

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from org.models import Approval, Unit, User
from org.operations.approvals import record_decision, request_decision
from tests.org_cast import Cast

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def ask(number: int, *, unit: Unit, by: User, amount_usd: Decimal | None = None) -> Approval:
    return request_decision(
        kind="budget",
        subject_id=number,
        title=f"Budget {number}",
        url=f"/approvals/{number}/",
        unit=unit,
        terms={"core_usd": "100.00"},
        amount_usd=amount_usd,
        by=by,
        at=AT,
    )


def sections(client: Client, user: User) -> dict[str, list[str]]:
    """Return the titles that each part of the page lists."""
    client.force_login(user)
    parts = re.split(r"<h2>([^<]*)</h2>", client.get("/approvals/").text)[1:]
    return {
        name: sorted(set(re.findall(r"<b>(Budget \d+)</b>", body)))
        for name, body in zip(parts[::2], parts[1::2], strict=True)
    }


def test_a_request_waits_for_the_cfo_and_for_others_to_who_asked(
    cast: Cast, client: Client
) -> None:
    ask(1, unit=cast.support, by=cast.grace)
    ask(2, unit=cast.claims, by=cast.carl)

    assert sections(client, cast.carl) == {
        "Waits for you": ["Budget 1"],
        "Waits for others": ["Budget 2"],
        "Decided": [],
    }
    assert sections(client, cast.grace) == {
        "Waits for you": [],
        "Waits for others": ["Budget 1"],
        "Decided": [],
    }


def test_a_decision_is_kept_with_who_took_it(cast: Cast, client: Client) -> None:
    ask(1, unit=cast.support, by=cast.grace)
    record_decision(
        kind="budget", subject_id=1, approve=False, by=cast.carl, reason="Too much.", at=AT
    )
    client.force_login(cast.grace)

    text = client.get("/approvals/").text

    assert sections(client, cast.grace)["Decided"] == ["Budget 1"]
    assert "by Carl" in text
    assert "Too much." in text
    assert sections(client, cast.greta)["Decided"] == []


def test_a_decision_that_granted_less_names_both_amounts(cast: Cast, client: Client) -> None:
    ask(1, unit=cast.support, by=cast.grace, amount_usd=Decimal("1200.00"))
    record_decision(
        kind="budget",
        subject_id=1,
        approve=True,
        by=cast.carl,
        reason="Start small.",
        at=AT,
        granted_usd=Decimal("800.00"),
    )
    client.force_login(cast.grace)

    assert "Approved, $800.00 of $1,200.00 asked, Support. Start small." in (
        client.get("/approvals/").text
    )


def test_an_empty_inbox_says_so(cast: Cast, client: Client) -> None:
    client.force_login(cast.carl)

    assert "Nothing waits for you." in client.get("/approvals/").text


@pytest.mark.parametrize("count", [1, 3])
def test_three_requests_take_as_many_queries_as_one(
    cast: Cast, client: Client, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        ask(number, unit=cast.support, by=cast.grace)
    client.force_login(cast.carl)

    with django_assert_num_queries(18):
        client.get("/approvals/")
