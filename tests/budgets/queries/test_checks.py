"""Which conditions may tell the calls of an experiment."""

from typing import Any

import pytest

from budgets.queries.checks import match_problems

WHOLE_COMPANY = "holds for every call of the company"


@pytest.mark.parametrize(
    "match",
    [
        [],
        [{"workflow": "support-drafter"}],
        [{"key": ["a", "b*"], "environment": "prod"}, {"tag.team": "cx"}],
        [{"environment": "*", "workflow": "x"}],
    ],
)
def test_conditions_that_name_something_are_admitted(match: Any) -> None:
    assert match_problems(match) == []


@pytest.mark.parametrize(
    ("match", "pointer", "words"),
    [
        ("workflow=x", "/match", "must be a list"),
        ([{}], "/match/0", WHOLE_COMPANY),
        ([{"key": "a"}, {"workflow": "*"}], "/match/1", WHOLE_COMPANY),
        ([{"workflow": ["x", "*?"]}], "/match/0", WHOLE_COMPANY),
        ([{"workflow": ""}], "/match/0", "every call without it"),
        ([{"workflo": "x"}], "/match/0", "Did you mean `workflow`?"),
        ([{"workflow": 5}], "/match/0", "must be a text or a list"),
        ([["workflow"]], "/match/0", "must be an object"),
    ],
)
def test_conditions_that_would_catch_too_much_or_nothing_are_refused(
    match: Any, pointer: str, words: str
) -> None:
    problem = match_problems(match)[0]

    assert problem.pointer == pointer
    assert words in problem.detail
