"""Rule books: whole versions, first match first, spend restated and never lost."""

from datetime import date, datetime

import pytest
from django.db import ProgrammingError, connection, transaction

from ingestion.models import Assignment, Rule, RuleBook, UnitDay
from ingestion.operations.rules import (
    RuleDraft,
    add_rules_first,
    current_drafts,
    end_rules_of,
    publish_rules,
)
from ingestion.queries import proof
from ingestion.queries.rules import book_in_force
from org.models import CostObject
from org.refusals import Invalid
from tests.ingestion.conftest import Deliver
from tests.org_cast import Cast

HEADER = "id,started_at,provider,model,workflow,in_text\n"
CALLS = HEADER + "".join(
    f"r{day},2026-11-{day:02}T10:00:00Z,openai,gpt-4o,drafter,1000\n" for day in range(1, 20)
)


def units_by_day() -> dict[date, int | None]:
    return dict(UnitDay.objects.values_list("reporting_day", "unit"))


def test_publishing_makes_the_next_version_and_keeps_the_one_before(
    cast: Cast, at: datetime
) -> None:
    publish_rules(drafts=[RuleDraft("a", {}, cast.support.pk)], reason="one", by=cast.fiona, at=at)
    publish_rules(drafts=[RuleDraft("b", {}, cast.claims.pk)], reason="two", by=cast.fiona, at=at)

    numbers = [(rule.book.number, rule.name) for rule in Rule.objects.order_by("book__number")]
    assert numbers == [(1, "a"), (2, "b")]
    assert [draft.name for draft in current_drafts()] == ["b"]


def test_a_rule_on_an_attribute_that_does_not_exist_is_refused_by_name(
    cast: Cast, at: datetime
) -> None:
    drafts = [RuleDraft("typo", {"workflw": "x"}, cast.support.pk)]

    with pytest.raises(Invalid) as refusal:
        publish_rules(drafts=drafts, reason="typo", by=cast.fiona, at=at)

    (error,) = refusal.value.errors
    assert error.pointer == "/rules/0/when"
    assert "workflw" in error.detail
    assert book_in_force() is None


def test_an_experiments_rules_go_first_for_its_days_and_end_when_it_ends(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    drafter = CostObject.objects.create(slug="drafter", name="Drafter", unit=cast.support)
    publish_rules(drafts=[RuleDraft("all", {}, cast.claims.pk)], reason="all", by=cast.fiona, at=at)
    deliver(CALLS)

    add_rules_first(
        drafts=[
            RuleDraft(
                "drafter",
                {"workflow": "drafter"},
                cast.support.pk,
                drafter.pk,
                date(2026, 11, 5),
                date(2026, 12, 1),
            )
        ],
        reason="approved",
        by=cast.carl,
        at=at,
    )
    end_rules_of(
        cost_object=drafter, ends_on=date(2026, 11, 10), reason="stopped", by=cast.grace, at=at
    )

    support_days = [day.day for day, unit in units_by_day().items() if unit == cast.support.pk]
    assert sorted(support_days) == [5, 6, 7, 8, 9]
    assert len(units_by_day()) == 19
    assert proof.unit_days_equal_slice_days() is None
    assert proof.assignments_cover_all_days() is None


def test_ending_rules_before_they_began_takes_them_out(cast: Cast, at: datetime) -> None:
    thing = CostObject.objects.create(slug="thing", name="Thing", unit=cast.support)
    draft = RuleDraft("t", {"workflow": "t"}, cast.support.pk, thing.pk, date(2026, 12, 1))
    publish_rules(drafts=[draft], reason="one", by=cast.fiona, at=at)

    end_rules_of(cost_object=thing, ends_on=date(2026, 11, 20), reason="off", by=None, at=at)

    assert current_drafts() == []


def test_ending_rules_that_are_over_publishes_nothing(cast: Cast, at: datetime) -> None:
    thing = CostObject.objects.create(slug="thing", name="Thing", unit=cast.support)

    book = end_rules_of(cost_object=thing, ends_on=date(2026, 11, 20), reason="", by=None, at=at)

    assert book is None
    assert not RuleBook.objects.exists()


def test_an_initiative_of_another_unit_is_refused(cast: Cast, at: datetime) -> None:
    thing = CostObject.objects.create(slug="thing", name="Thing", unit=cast.support)
    draft = RuleDraft("t", {"workflow": "t"}, cast.claims.pk, thing.pk)

    with pytest.raises(Invalid, match="not published"):
        publish_rules(drafts=[draft], reason="wrong", by=cast.fiona, at=at)


def test_a_slice_whose_answer_stays_keeps_its_assignment(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    drafts = [RuleDraft("all", {}, cast.claims.pk)]
    publish_rules(drafts=drafts, reason="one", by=cast.fiona, at=at)
    deliver(CALLS)
    before = Assignment.objects.get().pk

    publish_rules(
        drafts=[RuleDraft("new", {"workflow": "else"}, cast.support.pk), *drafts],
        reason="two",
        by=cast.fiona,
        at=at,
    )

    assert Assignment.objects.get().pk == before


def test_a_published_rule_is_never_edited(cast: Cast, at: datetime) -> None:
    publish_rules(drafts=[RuleDraft("a", {}, cast.support.pk)], reason="one", by=cast.fiona, at=at)

    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        connection.cursor().execute("UPDATE ingestion_rule SET name = 'b'")
