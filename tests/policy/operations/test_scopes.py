"""Guardrails are set by name, kept as history, and refused in words."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from org.models import AuditEntry
from org.refusals import Invalid, NotThere
from policy.models import Cap, Scope
from policy.operations.scopes import put_scope, retire_scope
from tests.factories.policy import AT, cap, drafter_scope, org_scope, unit_scope
from tests.org_cast import Cast


def test_putting_a_scope_again_brings_it_up_to_date(cast: Cast) -> None:
    first = unit_scope(cast.support)

    again = put_scope(
        slug="unit:support", name="Help", parent_slug="org", unit=cast.support, owner="Ed", at=AT
    )

    assert again.pk == first.pk
    assert (again.name, again.owner) == ("Help", "Ed")
    assert Scope.objects.filter(unit=cast.support).count() == 1


def test_putting_a_scope_unchanged_does_nothing(cast: Cast) -> None:
    unit_scope(cast.support)
    entries = AuditEntry.objects.count()

    unit_scope(cast.support)

    assert AuditEntry.objects.count() == entries


def test_a_retired_scope_lives_again_when_it_is_put(cast: Cast) -> None:
    scope = unit_scope(cast.support)
    limit = cap(scope, "10.00")
    retire_scope(scope=scope, by=cast.ada, at=AT)
    limit.refresh_from_db()
    assert limit.retired_at == AT

    assert unit_scope(cast.support).retired_at is None


def test_a_scope_is_called_after_what_it_counts(cast: Cast) -> None:
    with pytest.raises(Invalid, match="unit:support"):
        put_scope(slug="support", name="S", parent_slug=None, unit=cast.support, at=AT)
    with pytest.raises(Invalid, match="org"):
        put_scope(slug="all", name="All", parent_slug=None, at=AT)


def test_a_parent_must_be_there_first(cast: Cast) -> None:
    with pytest.raises(NotThere, match="org"):
        put_scope(slug="unit:support", name="S", parent_slug="org", unit=cast.support, at=AT)


def test_another_limit_retires_the_cap_before_it(cast: Cast) -> None:
    scope = drafter_scope(cast.support)
    first = cap(scope, "45.00")

    second = cap(scope, "60.00")

    first.refresh_from_db()
    assert (first.retired_at, first.limit_usd) == (AT, Decimal("45.00"))
    assert [standing.pk for standing in Cap.objects.filter(retired_at=None)] == [second.pk]


def test_the_same_cap_again_is_the_same_cap(cast: Cast) -> None:
    scope = drafter_scope(cast.support)

    assert cap(scope, "45.00").pk == cap(scope, "45.00").pk


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"window": "week"}, "window"),
        ({"mode": "strict"}, "mode"),
        ({"limit_usd": "-1"}, "zero or more"),
        ({"limit_usd": "NaN"}, "zero or more"),
        ({"limit_usd": "1.005"}, "whole cents"),
        ({"ends_on": date(2026, 11, 20)}, "before it starts"),
    ],
)
def test_a_cap_that_does_not_hold_is_refused(cast: Cast, values: dict[str, Any], why: str) -> None:
    scope = org_scope()
    limit_usd = values.pop("limit_usd", "45.00")

    with pytest.raises(Invalid, match=why):
        cap(scope, limit_usd, **values)
