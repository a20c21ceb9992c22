"""Notes on baselines: who may write them, until when, and which days they change."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from budgets.models import BaselineNote, Initiative
from budgets.operations.baseline_notes import (
    About,
    AlreadyWithdrawn,
    NotFrozen,
    lift_freeze,
    note_holiday,
    note_outage,
    withdraw_note,
)
from budgets.queries.baseline_standing import BaselineStanding, baseline_standing
from finops.periods import ONE_DAY
from org.models import AuditEntry, User
from org.refusals import Invalid, NotAllowed
from tests.factories.baselines import booked, gated
from tests.factories.budgets import drafted
from tests.org_cast import Cast

WHY = "Christmas: Support answers no tickets."
OUT = "Its status page: elevated errors."
FRIDAY = date(2026, 11, 20)


@pytest.fixture
def drafter(cast: Cast, at: datetime) -> Initiative:
    return gated(cast, at=at)


def holiday(
    by: User, about: About, *, at: datetime, on: date, days: int = 1, reason: str = WHY
) -> BaselineNote:
    last_on = on + ONE_DAY * (days - 1)
    return note_holiday(about=about, starts_on=on, last_on=last_on, reason=reason, by=by, at=at)


def outage(by: User, about: About, *, at: datetime, on: date, **changes: Any) -> BaselineNote:
    told: dict[str, Any] = {"provider": "openai", "hours": Decimal("3.5"), "reason": OUT} | changes
    return note_outage(about=about, on=on, by=by, at=at, **told)


def standing(initiative: Initiative, on: date) -> BaselineStanding:
    return baseline_standing(initiative, on=on, rests=False)


def rules(initiative: Initiative, on: date) -> list[str]:
    return [each.rule.value for each in standing(initiative, on).streak.judged]


def test_a_holiday_noted_before_its_day_lets_a_day_without_use_count(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    holiday(cast.ed, About(initiative=drafter), at=at, on=FRIDAY + ONE_DAY)

    after = booked(drafter, ["5.00", None, "5.00"], since=FRIDAY)

    found = standing(drafter, after)
    assert [each.rule for each in found.streak.judged[1:]] == ["holiday", "plain"]
    assert found.streak.judged[1].says == f"A holiday that was planned: {WHY}"
    assert found.streak.length == 2


def test_a_holiday_is_too_late_once_its_day_has_begun(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    with pytest.raises(
        Invalid,
        match=r"before its day begins: 20 November 2026 has begun, and the first day that can be"
        r" noted is 21 November 2026",
    ):
        holiday(cast.ed, About(initiative=drafter), at=at, on=FRIDAY)


def test_a_day_begins_by_the_clock_of_the_company(cast_in_berlin: Cast, at: datetime) -> None:
    """At 23:30 UTC on the 20th it is the 21st in Berlin."""
    night = at.replace(hour=23, minute=30)
    company = About()

    holiday(cast_in_berlin.fiona, company, at=at, on=date(2026, 11, 21))
    with pytest.raises(Invalid, match="21 November 2026 has begun"):
        holiday(cast_in_berlin.fiona, company, at=night, on=date(2026, 11, 21))


@pytest.mark.parametrize(
    ("days", "says"),
    [(0, "last day lies before the first"), (32, "A holiday lasts 31 days at most")],
)
def test_a_holiday_has_days_and_not_too_many(
    cast: Cast, at: datetime, drafter: Initiative, days: int, says: str
) -> None:
    with pytest.raises(Invalid, match=says):
        holiday(cast.ed, About(initiative=drafter), at=at, on=FRIDAY + ONE_DAY, days=days)


@pytest.mark.parametrize(
    ("hours", "rule"), [("3.99", "short_outage"), ("4", "long_outage"), ("24", "long_outage")]
)
def test_an_outage_of_four_hours_breaks_the_run_and_a_shorter_one_does_not(
    cast: Cast, at: datetime, drafter: Initiative, hours: str, rule: str
) -> None:
    after = booked(drafter, ["5.00"] * 3, since=FRIDAY)

    outage(
        cast.ed,
        About(initiative=drafter),
        at=at + ONE_DAY * 3,
        on=FRIDAY + ONE_DAY,
        hours=Decimal(hours),
    )

    assert rules(drafter, after)[1:] == [rule, "plain"]


@pytest.mark.parametrize(
    ("days_later", "says"),
    [
        (-1, "is still to come"),
        (8, "could be until 27 November 2026"),
    ],
)
def test_an_outage_is_told_within_a_week_of_its_day(
    cast: Cast, at: datetime, drafter: Initiative, days_later: int, says: str
) -> None:
    about = About(initiative=drafter)
    assert outage(cast.ed, about, at=at + timedelta(days=7), on=FRIDAY).pk

    with pytest.raises(Invalid, match=says):
        outage(cast.ed, about, at=at + timedelta(days=days_later), on=FRIDAY)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"provider": " "}, "which provider"),
        ({"hours": Decimal(0)}, "more than no hours"),
        ({"hours": Decimal("24.5")}, "at most 24"),
        ({"reason": "Down."}, "Say why in 10 characters or more"),
    ],
)
def test_an_outage_says_who_was_out_for_how_long_and_why(
    cast: Cast, at: datetime, drafter: Initiative, changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(Invalid, match=says):
        outage(cast.ed, About(initiative=drafter), at=at, on=FRIDAY, **changes)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("grace", "Only an engineer, finance or a CFO of Support"),
        ("aud", "Only an engineer, finance or a CFO of Support"),
        ("stan", "Only an engineer, finance or a CFO of Support"),
    ],
)
def test_engineers_finance_and_the_cfo_note_and_nobody_else(
    cast: Cast, at: datetime, drafter: Initiative, name: str, says: str
) -> None:
    about = About(initiative=drafter)
    for noting in (cast.ed, cast.fiona, cast.carl):
        holiday(noting, about, at=at, on=FRIDAY + ONE_DAY)

    with pytest.raises(NotAllowed, match=says):
        holiday(getattr(cast, name), about, at=at, on=FRIDAY + ONE_DAY)


def test_who_asked_for_the_experiment_notes_nothing_on_it(cast: Cast, at: datetime) -> None:
    own = drafted(cast, at=at, by=cast.fiona)

    with pytest.raises(NotAllowed, match="You asked for this experiment"):
        holiday(cast.fiona, About(initiative=own), at=at, on=FRIDAY + ONE_DAY)
    with pytest.raises(IntegrityError, match="Nobody notes anything on the baseline of what"):
        BaselineNote.objects.create(
            kind="holiday",
            initiative=own,
            starts_on=FRIDAY,
            ends_on=FRIDAY + ONE_DAY,
            reason=WHY,
            by=cast.fiona,
            at=at,
        )


@pytest.mark.parametrize("of", ["company", "acme", "operations", "support"])
def test_a_holiday_of_a_unit_or_of_everybody_holds_for_what_is_beneath(
    cast: Cast, at: datetime, drafter: Initiative, of: str
) -> None:
    about = About() if of == "company" else About(unit=getattr(cast, of))
    holiday(cast.ed, about, at=at, on=FRIDAY + ONE_DAY)
    holiday(cast.ed, About(unit=cast.claims), at=at, on=FRIDAY + ONE_DAY * 2)

    after = booked(drafter, ["5.00", None, None], since=FRIDAY)

    assert rules(drafter, after)[1:] == ["holiday", "no_use"]


def test_a_common_note_holds_for_no_experiment_that_its_author_asked_for(
    cast: Cast, at: datetime
) -> None:
    own = gated(cast, at=at)
    holiday(cast.carl, About(), at=at, on=FRIDAY + ONE_DAY)
    type(own).objects.filter(pk=own.pk).update(requested_by=cast.carl)
    own.refresh_from_db()

    after = booked(own, ["5.00", None], since=FRIDAY)

    assert rules(own, after)[1:] == ["no_use"]


def test_a_common_outage_is_that_of_a_provider_it_uses(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    after = booked(drafter, ["5.00"] * 3, since=FRIDAY)
    for on, provider in ((1, "openai"), (2, "mistral")):
        outage(
            cast.ed,
            About(),
            at=at + ONE_DAY * 3,
            on=FRIDAY + ONE_DAY * on,
            provider=provider,
            hours=Decimal(6),
        )

    assert rules(drafter, after)[1:] == ["long_outage", "plain"]


def test_a_note_is_withdrawn_once_and_nothing_is_edited(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    about = About(initiative=drafter)
    note = holiday(cast.ed, about, at=at, on=FRIDAY + ONE_DAY)
    after = booked(drafter, ["5.00", None], since=FRIDAY)

    withdrawn = withdraw_note(note=note, reason="We work on that day.", by=cast.carl, at=at)

    assert rules(drafter, after)[1:] == ["no_use"]
    assert (withdrawn.withdraws, withdrawn.person) == (note, cast.carl.person)
    with pytest.raises(AlreadyWithdrawn):
        withdraw_note(note=note, reason="We work on that day.", by=cast.carl, at=at)
    with pytest.raises(Invalid, match="Only a holiday or an outage"):
        withdraw_note(note=withdrawn, reason="A second thought.", by=cast.carl, at=at)
    for statement in (
        "UPDATE budgets_baselinenote SET reason = 'x'",
        "DELETE FROM budgets_baselinenote",
    ):
        with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement.format("budgets_baselinenote"))


def test_every_note_stands_in_the_audit_log(cast: Cast, at: datetime, drafter: Initiative) -> None:
    about = About(initiative=drafter)
    note = outage(cast.ed, about, at=at, on=FRIDAY, link="https://status.example/1")
    withdraw_note(note=note, reason="It was another provider.", by=cast.carl, at=at)

    told, taken_back = AuditEntry.objects.filter(action__startswith="baseline.").order_by("pk")
    assert (told.action, told.subject, told.actor) == (
        "baseline.outage",
        "initiative:support-drafter",
        cast.ed,
    )
    assert told.detail["hours"] == "3.5"
    assert told.detail["link"] == "https://status.example/1"
    assert (taken_back.action, taken_back.detail["withdraws"]) == ("baseline.withdrawn", note.pk)


def test_a_second_breach_freezes_and_days_count_again_from_the_day_it_is_lifted(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    booked(drafter, ["5.00", "10.01", "5.00", "12.00", "5.00", "5.00"], since=FRIDAY)
    sixth = at + ONE_DAY * 5
    frozen = standing(drafter, sixth.date())
    assert (frozen.streak.is_frozen, frozen.streak.length) == (True, 0)
    assert frozen.streak.judged[4].rule == "frozen"

    lift_freeze(
        initiative=drafter, reason="The retry loop is limited to three.", by=cast.ed, at=sixth
    )

    lifted = standing(drafter, sixth.date() + ONE_DAY)
    assert not lifted.streak.is_frozen
    assert lifted.streak.length == 1
    with pytest.raises(NotFrozen, match="is not frozen"):
        lift_freeze(initiative=drafter, reason="Once more, to be safe.", by=cast.ed, at=sixth)


@pytest.mark.parametrize(
    ("name", "reason", "refused"),
    [
        ("grace", "The retry loop is limited to three.", NotAllowed),
        ("ed", "Nineteen characters", Invalid),
    ],
)
def test_a_freeze_is_lifted_by_another_person_with_a_reason(  # noqa: PLR0917 -- fixtures
    cast: Cast,
    at: datetime,
    drafter: Initiative,
    name: str,
    reason: str,
    refused: type[Exception],
) -> None:
    after = booked(drafter, ["5.00", "10.01", "12.00"], since=FRIDAY)

    with pytest.raises(refused):
        lift_freeze(initiative=drafter, reason=reason, by=getattr(cast, name), at=at + ONE_DAY * 3)
    assert standing(drafter, after).streak.is_frozen
