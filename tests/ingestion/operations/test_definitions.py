"""What a unit of work is: who may say it, what must be said, and that versions stay."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError

from ingestion.operations.definitions import revise_outcome
from ingestion.queries.definitions import products, terms_in_force, terms_of, versions_of
from org.models import AuditEntry
from org.refusals import Invalid, NotAllowed, Stale
from tests.factories.outcomes import defined, some_terms
from tests.org_cast import Cast


def test_a_definition_begins_with_its_first_version_and_is_audited(
    cast: Cast, at: datetime
) -> None:
    definition = defined(cast, at=at, value_usd=Decimal("3.10"))

    terms = terms_of(definition)
    assert (definition.slug, terms.number, terms.value_usd) == (
        "ticket-answered", 1, Decimal("3.10"),
    )  # fmt: skip
    entry = AuditEntry.objects.latest("pk")
    assert (entry.action, entry.subject) == ("outcome.define", "outcome:ticket-answered")


def test_a_change_is_a_new_version_and_the_old_one_stays(cast: Cast, at: datetime) -> None:
    definition = defined(cast, at=at)

    revise_outcome(
        definition_id=definition.pk,
        terms=some_terms(cast, name="Ticket solved"),
        version=1,
        by=cast.ada,
        at=at,
    )

    assert [(row.number, row.name) for row in versions_of(definition)] == [
        (2, "Ticket solved"),
        (1, "Ticket answered"),
    ]
    assert [terms.number for terms in terms_in_force()] == [2]


def test_who_read_an_older_version_is_told_so(cast: Cast, at: datetime) -> None:
    definition = defined(cast, at=at)
    change: dict[str, Any] = {
        "definition_id": definition.pk,
        "terms": some_terms(cast),
        "by": cast.fiona,
        "at": at,
    }
    revise_outcome(version=1, **change)

    with pytest.raises(Stale, match="it is at version 2, and you read version 1"):
        revise_outcome(version=1, **change)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"workflows": []}, "Name at least one workflow"),
        ({"workflows": [" "]}, "Name at least one workflow"),
        ({"kind": "customer"}, "names the product"),
        ({"product": "assist"}, "belongs to no product"),
        ({"minutes_saved": Decimal(4)}, "go together"),
        ({"minutes_basis": "survey"}, "go together"),
        ({"name": "…"}, "needs a letter"),
    ],
)
def test_terms_that_do_not_hold_are_refused(
    cast: Cast, at: datetime, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Invalid, match=sentence):
        defined(cast, at=at, **changes)


def test_a_workflow_is_counted_by_one_definition(cast: Cast, at: datetime) -> None:
    defined(cast, at=at)

    with pytest.raises(Invalid, match="'support-drafter' is counted by “Ticket answered” already"):
        defined(cast, at=at, name="Another", workflows=["other", "support-drafter"])


def test_a_name_is_given_once(cast: Cast, at: datetime) -> None:
    defined(cast, at=at)

    with pytest.raises(Invalid, match="There is an outcome called 'ticket-answered' already"):
        defined(cast, at=at, workflows=["other"])


def test_a_manager_who_spends_does_not_say_what_counts(cast: Cast, at: datetime) -> None:
    definition = defined(cast, at=at)

    for person in (cast.grace, cast.carl, cast.ed, cast.aud, cast.stan):
        with pytest.raises(NotAllowed, match="FinOps analysts and administrators"):
            revise_outcome(
                definition_id=definition.pk, terms=some_terms(cast), version=1, by=person, at=at
            )


def test_products_are_those_that_definitions_name(cast: Cast, at: datetime) -> None:
    defined(cast, at=at)
    defined(cast, at=at, name="Answer", workflows=["qa"], kind="customer", product="assist")

    assert products() == ["assist"]


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"kind": "customer"}, "work_for_customers_names_its_product"),
        ({"product": "assist"}, "work_for_customers_names_its_product"),
        ({"minutes_saved": 4}, "minutes_saved_say_how_they_are_known"),
        ({"workflows": []}, "definition_covers_a_workflow"),
        ({"number": 1}, "terms_are_numbered_once"),
    ],
)
def test_the_database_keeps_the_same_rules(
    cast: Cast, at: datetime, changes: dict[str, Any], constraint: str
) -> None:
    terms = terms_of(defined(cast, at=at))
    terms.pk, terms.number = None, 2
    for name, value in changes.items():
        setattr(terms, name, value)

    with pytest.raises(IntegrityError, match=constraint):
        terms.save(force_insert=True)
