"""For which units one may ask, and how conditions are written as lines."""

from datetime import datetime
from typing import Any

import pytest
from django import forms

from budgets.forms import MatchField, units_to_ask_for
from org.models import Unit
from org.permissions import can_request_for
from tests.org_cast import Cast


@pytest.mark.parametrize("name", ["carl", "fiona", "grace", "greta", "ed", "aud", "ada", "stan"])
def test_the_units_offered_are_exactly_those_one_may_ask_for(cast: Cast, name: str) -> None:
    user = getattr(cast, name)

    offered = set(units_to_ask_for(user))

    assert offered == {u for u in Unit.objects.all() if can_request_for(user, unit=u)}


def test_a_retired_unit_is_not_offered(cast: Cast, at: datetime) -> None:
    cast.support.retired_on = at.date()
    cast.support.save()

    assert list(units_to_ask_for(cast.grace)) == []


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", []),
        ("workflow=a", [{"workflow": "a"}]),
        (
            "  workflow = a , key = b*  \n\n tag.team=cx|ops ",
            [{"workflow": "a", "key": "b*"}, {"tag.team": ["cx", "ops"]}],
        ),
        ("key=sha256:ab=c", [{"key": "sha256:ab=c"}]),
    ],
)
def test_conditions_are_read_from_lines_and_written_back(text: str, match: Any) -> None:
    field = MatchField(required=False)

    assert field.clean(text) == match
    assert field.clean(field.prepare_value(match)) == match


@pytest.mark.parametrize("text", ["workflow", "workflow=", "=a", "key=a,,", "a=1\nb"])
def test_a_line_that_is_no_condition_is_named(text: str) -> None:
    with pytest.raises(forms.ValidationError, match=r"Line [12]: write attribute=value"):
        MatchField(required=False).clean(text)
