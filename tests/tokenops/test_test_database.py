"""The suite's own ground: what a test commits is gone, what migrations made is back."""

from datetime import datetime
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, connections

from ingestion.models import PriceRow
from org.models import (
    CompanyProfile,
    FiscalPeriod,
    Membership,
    Person,
    ProfileOverride,
    Unit,
    UnitVersion,
    User,
)
from tests import database
from tests.factories.org import PASSWORD
from tests.org_cast import Cast, gather

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def test_rows_of_migrations_come_back_after_a_test_that_deleted_them() -> None:
    before = set(ContentType.objects.values_list("pk", "app_label", "model"))
    assert len(before) > 10
    ContentType.objects.filter(app_label="sessions").update(model="changed")
    ContentType.objects.exclude(app_label="sessions").delete()

    database.clean()

    assert set(ContentType.objects.values_list("pk", "app_label", "model")) == before


def test_both_aliases_reach_the_one_test_database() -> None:
    names = {alias: connections[alias].settings_dict["NAME"] for alias in ("default", "owner")}

    assert names["default"] == names["owner"]
    assert names["default"].startswith("tokenops_test_")


@pytest.mark.parametrize("count", [1, database.MANY + 1])
def test_few_rows_and_many_are_gone_and_the_price_list_is_not(count: int) -> None:
    prices = PriceRow.objects.count()
    assert prices > 0
    gather()
    Person.objects.bulk_create(
        Person(name=f"Person {number}", email=f"{number}@example.net") for number in range(count)
    )

    database.clean()

    assert not any(model.objects.exists() for model in (Person, User, Unit, UnitVersion))
    assert PriceRow.objects.count() == prices


def test_a_guarded_row_is_taken_out_and_its_guard_stands_again(at: datetime) -> None:
    gather()
    FiscalPeriod.objects.update(booked_at=at)  # such a period may not be deleted

    database.clean()

    assert not FiscalPeriod.objects.exists()
    gather()
    FiscalPeriod.objects.update(booked_at=at)
    with pytest.raises(IntegrityError, match="its days stay"):
        FiscalPeriod.objects.all().delete()


def company_of(cast: Cast) -> dict[str, object]:
    """Return what there is, by names instead of keys."""
    users = User.objects.order_by("username")
    return {
        "passwords": [user.check_password(PASSWORD) for user in users],
        "units": list(Unit.objects.order_by("slug").values_list("slug", "parent__slug", "name")),
        "versions": UnitVersion.objects.count(),
        "periods": list(
            FiscalPeriod.objects.order_by("starts_on").values_list("starts_on", "ends_on")
        ),
        "people": list(users.values_list("username", "email", "person__name")),
        "roles": sorted(Membership.objects.values_list("user__username", "role", "unit__slug")),
        "profile": list(
            CompanyProfile.objects.values_list("people", "starts_on", "recorded_by__username")
        ),
        "overrides": sorted(ProfileOverride.objects.values_list("setting", "value")),
        "zone": cast.company.time_zone,
    }


@pytest.mark.parametrize("given", [{}, {"time_zone": "Europe/Berlin"}, {"profiled": False}])
def test_a_cast_put_back_is_the_cast_made_anew(given: dict[str, Any]) -> None:
    put_back = gather(**given)
    for one in (put_back.carl, put_back.support, put_back.company):
        stored = type(one).objects.values().get(pk=one.pk)
        assert {name: getattr(one, name) for name in stored} == stored
    remembered = company_of(put_back)
    database.clean()

    made = gather.make(**given)

    assert made.carl.pk != put_back.carl.pk
    assert company_of(made) == remembered


def test_no_two_tables_count_alike() -> None:
    cast = gather()

    keys = {cast.carl.pk, cast.carl.person_id, cast.acme.pk}

    assert len(keys) == 3
