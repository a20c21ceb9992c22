"""The pipeline: the stage of each experiment, its money, and for whom it waits."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from budgets.pipeline_sentences import pipeline_sentence
from budgets.queries.pipeline import Card, Stage, pipeline
from org.models import User
from tests.factories.budgets import (
    drafted,
    extended,
    granted_budget,
    requested,
    running,
    spend,
    stepped,
)
from tests.factories.gates import Ledger, gate_step, gates, passed, reviewed
from tests.org_cast import Cast

TODAY = date(2026, 11, 20)


@pytest.fixture(autouse=True)
def ledger() -> Iterator[Ledger]:
    found = Ledger()
    with gates(found):
        yield found


def stages(user: User, *, on: date = TODAY, stuck_only: bool = False) -> dict[str, list[str]]:
    """Return the names of the experiments in each stage that has any."""
    return {
        stage.key: [card.standing.initiative.name for card in stage.cards]
        for stage in pipeline(user=user, on=on, stuck_only=stuck_only)
        if stage.cards
    }


def card_of(user: User, name: str, *, on: date = TODAY) -> Card:
    [found] = [
        card
        for stage in pipeline(user=user, on=on)
        for card in stage.cards
        if card.standing.initiative.name == name
    ]
    return found


def test_each_stands_in_the_column_of_its_next_gate_and_only_what_one_may_see_does(
    cast: Cast, at: datetime
) -> None:
    granted_budget(cast, at=at)
    drafted(cast, at=at, name="Draft")
    requested(cast, at=at, name="Asked")
    running(cast, at=at, name="First")
    second = running(cast, at=at, name="Second")
    passed(second, by=cast.grace, signers=[cast.ed, cast.fiona], at=at)
    third = running(cast, at=at, name="Third")
    for number in (1, 2, 3):
        passed(third, by=cast.grace, signers=[cast.ed, cast.fiona], at=at, number=number)
    stepped(running(cast, at=at, name="Over"), "stop", by=cast.grace, at=at, reason="Enough of it.")
    drafted(cast, name="Of Claims", unit=cast.claims, by=cast.greta, at=at)

    assert stages(cast.aud) == {
        "proposed": ["Of Claims", "Asked", "Draft"],
        "gate-1": ["First"],
        "gate-2": ["Second"],
        "graduating": ["Third"],
        "closed": ["Over"],
    }
    assert stages(cast.greta) == {"proposed": ["Of Claims"]}


def test_each_says_for_whom_it_waits(cast: Cast, at: datetime, ledger: Ledger) -> None:
    granted_budget(cast, at=at, pool="900.00")
    drafted(cast, at=at, name="Draft")
    requested(cast, at=at, name="Asked")
    running(cast, at=at, name="New")
    gathered = running(cast, at=at, name="Gathered")
    gate_step(gathered, "gather", by=cast.grace, at=at)
    signed = running(cast, at=at, name="Signed")
    reviewed(signed, by=cast.grace, at=at)
    gate_step(signed, "sign", by=cast.ed, at=at)
    longer = running(cast, at=at, name="Longer")
    extended(longer, by=cast.grace, at=at, ends_on=date(2027, 1, 10))
    ledger.value = None
    reviewed(running(cast, at=at, name="Deferred"), by=cast.grace, at=at)

    assert {
        name: card_of(cast.aud, name).waits_for
        for name in ("Draft", "Asked", "New", "Gathered", "Signed", "Longer", "Deferred")
    } == {
        "Draft": "Waits for Grace to ask for it",
        "Asked": "Waits for a CFO of Support to decide",
        "New": "Waits for Grace to gather evidence",
        "Gathered": "Waits for Grace to submit its evidence",
        "Signed": "Waits for finance to sign",
        "Longer": "Waits for a CFO of Support to decide on more time",
        "Deferred": "Deferred until 4 Dec 2026; then Grace again",
    }


def test_days_count_from_the_last_gate_and_more_than_thirty_are_stuck(
    cast: Cast, at: datetime
) -> None:
    granted_budget(cast, at=at)
    days = {"starts_on": TODAY, "ends_on": date(2027, 2, 1)}
    old = running(cast, at=at, name="Old", **days)
    passed(old, by=cast.grace, signers=[cast.ed, cast.fiona], at=at + timedelta(days=5))
    running(cast, at=at, name="Older", **days)
    on = TODAY + timedelta(days=31)

    assert (card_of(cast.aud, "Old", on=on).days, card_of(cast.aud, "Older", on=on).days) == (
        26,
        31,
    )
    assert stages(cast.aud, on=on, stuck_only=True) == {"gate-1": ["Older"]}


def test_a_column_adds_up_its_money_and_the_sentence_tells_all_of_it(
    cast: Cast, at: datetime
) -> None:
    granted_budget(cast, at=at)
    first = running(cast, at=at, name="First", starts_on=date(2026, 11, 19))
    running(cast, at=at, name="Second")
    requested(cast, at=at, name="Asked")
    signed = running(cast, at=at, name="Signed")
    reviewed(signed, by=cast.grace, at=at)
    spend(cast.support, date(2026, 11, 19), "12.50", cost_object=first.cost_object)
    spend(cast.support, TODAY, "1.00", cost_object=first.cost_object)

    found = pipeline(user=cast.aud, on=TODAY)
    [stage] = [each for each in found if each.key == "gate-1"]

    assert (stage.cap_usd, stage.spent_usd, stage.month_usd) == (
        Decimal("300.00"),
        Decimal("13.50"),
        Decimal("13.50"),
    )
    assert pipeline_sentence(found) == (
        "3 experiments run: $13.50 of $300.00 spent, $13.50 of it in the last 30 days. 1 waits"
        " for a decision, 1 waits for signatures."
    )
    assert pipeline_sentence([Stage(key="closed", label="Closed", cards=[])]) == (
        "No experiment runs."
    )


def test_three_experiments_ask_as_many_questions_as_one(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at, pool="900.00")
    counts = []
    for name in ("One", "Two", "Three"):
        reviewed(running(cast, at=at, name=name), by=cast.grace, at=at)
        with CaptureQueriesContext(connection) as asked:
            pipeline(user=cast.aud, on=TODAY)
        counts.append(len(asked))

    assert counts[0] == counts[2] <= 16
