"""One line of time of an experiment: people, money, gates, policy, and who stood in for whom."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Q

from budgets.gate_lifecycle import GateAction
from budgets.models import GateEvidence, Initiative
from budgets.operations.held import hold_decision, undo_decision
from budgets.operations.initiatives import revise_initiative
from budgets.operations.watch import watch_thresholds
from budgets.queries.activity import Entry, activity_of
from budgets.queries.amendments import amended_in_words
from budgets.templatetags.gates import gate_step_word
from org.operations.delegations import give_delegation
from policy.models import PolicyRevision, Scope
from policy.operations.breaker import judge_scopes
from policy.operations.publish import publish
from tests.factories.budgets import (
    drafted,
    extended,
    granted_budget,
    requested,
    running,
    some_terms,
    spend,
    stepped,
)
from tests.factories.gates import Ledger, gates, passed
from tests.org_cast import Cast


def told(initiative: Initiative) -> list[Entry]:
    return activity_of(
        initiative, scope=Scope.objects.filter(cost_object__initiative=initiative).first()
    )


def titled(entries: list[Entry], title: str) -> Entry:
    [found] = [entry for entry in entries if entry.title == title]
    return found


def test_an_amendment_says_what_became_of_each_term(cast: Cast, at: datetime) -> None:
    draft = drafted(cast, at=at)
    terms = replace(
        some_terms(cast),
        cap_usd=Decimal("80.00"),
        ends_on=date(2026, 12, 10),
        stop_loss_pct=50,
        on_call=cast.ed,
    )
    revise_initiative(
        initiative_id=draft.pk, terms=terms, by=cast.fiona, version=1, at=at + timedelta(hours=1)
    )

    newest = told(draft)[0]

    assert (newest.title, newest.who) == ("Revised", "Fiona")
    assert newest.text == (
        "On call from nothing to “ed”; cap from $100.00 to $80.00; end date from 20 Dec 2026 to"
        " 10 Dec 2026; stop-loss, in percent of the cap, from nothing to 50."
    )


def test_lists_and_conditions_are_written_as_people_say_them() -> None:
    then = {"models": [], "match": [{"workflow": "a"}], "version": 1}
    now = {"models": ["gpt-5", "gpt-5-mini"], "match": [{"workflow": ["a", "b"]}], "version": 2}

    assert amended_in_words(then, now) == (
        "Models from nothing to gpt-5, gpt-5-mini; conditions of its calls from workflow is a to"
        " workflow is a or b."
    )
    assert amended_in_words(now, now) == ""


def test_a_decision_in_anothers_place_names_both(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at)
    asked = requested(cast, at=at)
    give_delegation(
        taker=cast.ed,
        unit=None,
        starts_on=at.date(),
        ends_on=at.date() + timedelta(days=7),
        reason="On leave.",
        by=cast.carl,
        at=at,
    )

    stepped(asked, "approve", by=cast.ed, at=at)

    asked.refresh_from_db()
    assert titled(told(asked), "Approved").who == "Ed for Carl"


def test_money_caps_blocks_and_thresholds_stand_in_it_the_newest_first(
    cast: Cast, at: datetime
) -> None:
    granted_budget(cast, at=at)
    made = running(cast, at=at, daily_cap_usd=Decimal("90.00"))
    later = at + timedelta(hours=1)
    spend(cast.support, at.date(), "91.00", cost_object=made.cost_object)
    judge_scopes(Q(cost_object=made.cost_object), at=later)
    publish(cause="", by=None, at=later)
    watch_thresholds(at=later + timedelta(minutes=1))

    entries = told(made)

    assert [entry.at for entry in entries] == sorted((e.at for e in entries), reverse=True)
    assert entries[0].title == "90% of the cap of Support drafter is spent"
    blocked = titled(entries, "Calls blocked")
    assert blocked.who == "TokenOps"
    assert blocked.text.startswith("Spend of $91.00 on 20 November 2026 passed the daily cap")
    newest = PolicyRevision.objects.latest("number").number
    revision = titled(entries, f"Policy revision {newest}")
    assert revision.text.startswith("Support drafter is blocked: Spend of $91.00")
    assert revision.link == f"/policy/revisions/{newest}/"
    [money] = [entry for entry in entries if entry.icon == "wallet"]
    assert "$100.00" in money.text


def test_gate_steps_carry_the_hash_of_their_evidence(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at)
    made = running(cast, at=at)
    with gates(Ledger()):
        passed(made, by=cast.grace, signers=[cast.ed, cast.fiona], at=at)
        found = titled(told(made), "Gate 1: Some gate: passed")

    evidence = GateEvidence.objects.get()
    assert found.link_text == f"Evidence {evidence.sha256[:16]}…"
    assert found.link == f"/initiatives/support-drafter/gates/evidence/{evidence.pk}.json"
    assert found.text == "Signed by platform and finance."


def test_every_step_of_a_gate_has_its_words() -> None:
    assert all(gate_step_word(action) for action in GateAction.values)


def test_more_time_and_a_decision_taken_back_are_told(cast: Cast, at: datetime) -> None:
    granted_budget(cast, at=at)
    made = extended(running(cast, at=at), by=cast.grace, at=at, ends_on=date(2027, 1, 10))
    held = hold_decision(
        subject=made,
        action="reject_extension",
        by=cast.carl,
        reason="Too long.",
        version=made.version,
        at=at + timedelta(minutes=1),
    )
    undo_decision(held_id=held.pk, by=cast.carl, at=at + timedelta(minutes=1, seconds=5))
    stepped(made, "grant_extension", by=cast.carl, at=at + timedelta(minutes=2))

    granted, undone, *before = told(made)
    asked = titled(before, "Asked for more time")

    assert (granted.title, granted.text) == ("Given more time", "It ends on 10 Jan 2027 now.")
    assert (undone.title, undone.who, undone.text) == (
        "Decision taken back",
        "Carl",
        "To reject extension.",
    )
    assert asked.text.startswith("Until 10 Jan 2027 instead of 20 Dec 2026.")
