"""The suite's own ground: what a test commits is gone, what migrations made is back."""

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connections

from tests import database

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
