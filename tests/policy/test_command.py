"""`manage.py policy` prints exact bytes."""

from datetime import datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from policy.models import PolicyRevision, SigningKey
from policy.operations.publish import publish
from tests.factories.policy import cap, unit_scope
from tests.org_cast import Cast


def printed(**options: Any) -> bytes:
    out = StringIO()
    call_command("policy", stdout=out, **options)
    return out.getvalue().encode()


def test_a_revision_is_printed_byte_for_byte(cast: Cast, at: datetime) -> None:
    publish(cause="First.", by=None, at=at)
    cap(unit_scope(cast.support), "45.00")
    publish(cause="Second.", by=None, at=at)

    assert printed() == bytes(PolicyRevision.objects.get(pk=2).body)
    assert printed(revision=1) == bytes(PolicyRevision.objects.get(pk=1).body)


def test_a_revision_that_is_not_there_is_said_so(cast: Cast, at: datetime) -> None:
    with pytest.raises(CommandError, match="No revision"):
        printed()
    publish(cause="First.", by=None, at=at)
    with pytest.raises(CommandError, match="no revision 9"):
        printed(revision=9)


def test_the_key_is_changed_on_demand(cast: Cast, at: datetime) -> None:
    publish(cause="First.", by=None, at=at)

    printed(rotate_key=True)

    assert SigningKey.objects.count() == 2
    assert PolicyRevision.objects.get(pk=2).key == SigningKey.objects.latest("not_before")
