"""Outcomes count once, conflicts are kept, and what cannot be used is told in a sentence."""

from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from ingestion.models import Outcome, OutcomeConflict, OutcomeTerms
from ingestion.operations.definitions import revise_outcome
from ingestion.operations.outcomes import OutcomeResult, record_outcomes
from org.models import FiscalPeriod, User
from tests.factories.outcomes import defined, some_terms, told
from tests.org_cast import Cast, gather
from tests.races import race


def record(*records: Any, by: User, at: datetime) -> OutcomeResult:
    return record_outcomes(records=records, by=by, at=at)


def test_an_outcome_is_kept_with_its_terms_and_its_day(cast_in_berlin: Cast, at: datetime) -> None:
    definition = defined(cast_in_berlin, at=at)

    result = record(told("1", at="2026-11-18T23:30:00Z", value="1.25"), by=cast_in_berlin.ed, at=at)

    outcome = Outcome.objects.get()
    assert result == OutcomeResult(1, 0, 0, [])
    assert outcome.terms == definition.versions.get()
    assert (outcome.reporting_day, outcome.value_usd) == (date(2026, 11, 19), Decimal("1.25"))


def test_the_same_outcome_again_counts_once(cast: Cast, at: datetime) -> None:
    defined(cast, at=at)
    record(told("1"), told("2", value="1.50"), by=cast.ed, at=at)

    again = record(told("2", value="1.5"), told("1"), told("3"), told("3"), by=cast.ed, at=at)

    assert again == OutcomeResult(1, 3, 0, [])
    assert Outcome.objects.count() == 3


def test_an_id_with_other_content_is_a_conflict_kept_once_and_never_counted(
    cast: Cast, at: datetime
) -> None:
    defined(cast, at=at)
    record(told("1"), by=cast.ed, at=at)

    for _ in range(2):
        other = record(told("1", outcome="failure"), by=cast.ed, at=at)

    assert other == OutcomeResult(0, 0, 1, [])
    assert Outcome.objects.get().result == "success"
    assert OutcomeConflict.objects.get().content["outcome"] == "failure"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"workflow": "mystery"},
            ("workflow: no outcome definition covers 'mystery'. Define what its unit of work is "
            "before outcomes are sent."),
        ),
        (
            {"definition": "other"},
            "definition: 'support-drafter' is counted by 'ticket-answered', not by 'other'.",
        ),
        ({"id": ""}, "id: is missing."),
        ({"id": True}, "id: is no text."),
        ({"outcome": "solved"}, ("outcome: is 'solved', and not one of success, failure, "
            "escalated, abandoned.")),
        ({"at": "yesterday"}, "at: 'yesterday' names no time: write it as 2026-11-20T10:00:00Z."),
        ({"value": "12,5"}, ("value: '12,5' has a separator: write a dot for decimals and nothing "
            "for thousands.")),
        ({"value": "0.1234567"}, "value: has more than 6 digits after the dot."),
        ({"task": "x" * 201}, "task: is longer than 200 characters."),
    ],
)  # fmt: skip
def test_a_record_that_cannot_be_used_is_told_why_and_the_others_are_kept(
    cast: Cast, at: datetime, changes: dict[str, Any], sentence: str
) -> None:
    defined(cast, at=at)

    result = record(told("1"), told("2") | changes, by=cast.ed, at=at)

    (rejected,) = result.rejected
    assert (result.accepted, rejected.index, rejected.detail) == (1, 1, sentence)


def test_a_record_that_is_no_object_is_rejected(cast: Cast, at: datetime) -> None:
    result = record(["no object"], by=cast.ed, at=at)

    assert result.rejected[0].detail == "An outcome is an object, not \"['no object']\"."


def test_a_changed_definition_leaves_old_outcomes_their_terms(cast: Cast, at: datetime) -> None:
    definition = defined(cast, at=at)
    record(told("1"), by=cast.ed, at=at)

    revise_outcome(
        definition_id=definition.pk,
        terms=some_terms(cast, success="The ticket is closed."),
        version=1,
        by=cast.fiona,
        at=at,
    )
    record(told("2"), by=cast.ed, at=at)

    assert list(Outcome.objects.order_by("outcome_id").values_list("terms__number", flat=True)) == [
        1, 2,
    ]  # fmt: skip


def test_a_closed_period_takes_no_outcome_and_neither_does_the_database(
    cast: Cast, at: datetime
) -> None:
    definition = defined(cast, at=at)
    FiscalPeriod.objects.containing(date(2026, 10, 5)).update(state="closed")

    result = record(told("1", at="2026-10-05T10:00:00Z"), by=cast.ed, at=at)

    assert result.rejected[0].detail == (
        "at: period FY2026 P10 is closed: its figures cannot change."
    )
    with pytest.raises(IntegrityError, match="FY2026 P10 is closed"):
        Outcome.objects.create(
            definition=definition,
            terms=definition.versions.get(),
            outcome_id="1",
            workflow="support-drafter",
            at=at,
            reporting_day=date(2026, 10, 5),
            result="success",
            received_at=at,
            received_by=cast.ed,
        )


def test_outcomes_and_terms_are_never_edited(cast: Cast, at: datetime) -> None:
    defined(cast, at=at)
    record(told("1"), by=cast.ed, at=at)

    for change in (
        lambda: Outcome.objects.update(result="failure"),
        lambda: Outcome.objects.all().delete(),
        lambda: OutcomeTerms.objects.update(success="anything"),
    ):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            change()


@pytest.mark.django_db(transaction=True)
def test_of_two_that_tell_of_one_task_at_once_one_is_kept(at: datetime) -> None:
    cast = gather()
    defined(cast, at=at)

    for number in range(10):
        name = str(number)
        results = race(
            partial(record, told(name), by=cast.ed, at=at),
            partial(record, told(name), by=cast.fiona, at=at),
            partial(record, told(name, outcome="failure"), by=cast.ada, at=at),
        )

        assert sum(result.accepted for result in results) == 1
        assert sum(result.duplicate + result.conflict for result in results) == 2
    assert Outcome.objects.count() == 10
