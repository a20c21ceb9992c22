"""The evaluator of conditions: shared vectors, globs, explanations, refusals."""

import json
from fnmatch import fnmatchcase
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.rules import Condition, Rule, explain, first_match, matches, validate_when

VECTORS = Path(__file__).parent.parent / "vectors" / "assign.json"
CASES: list[dict[str, Any]] = json.loads(VECTORS.read_text(encoding="utf-8"))["cases"]
KNOWN = ("provider", "account", "model", "key", "person", "project", "workflow", "environment")


@pytest.mark.parametrize("case", CASES, ids=[case["why"] for case in CASES])
def test_the_shared_vectors_hold(case: dict[str, Any]) -> None:
    rules = [Rule(rule["when"], rule["scope"]) for rule in case["rules"]]

    found = first_match(rules, case["call"])

    assert (found.scope if found else None) == case["scope"]


def test_there_are_enough_vectors_and_each_says_something_else() -> None:
    assert len(CASES) >= 30
    assert len({case["why"] for case in CASES}) == len(CASES)


@given(
    st.text(alphabet="ab*?", max_size=8),
    st.text(alphabet="ab\n", max_size=8),
)
def test_globs_agree_with_the_shells_on_stars_and_question_marks(pattern: str, text: str) -> None:
    assert matches({"key": pattern}, {"key": text}) == fnmatchcase(text, pattern)


@given(st.text(max_size=20))
def test_a_text_without_wildcards_holds_for_itself_alone(text: str) -> None:
    plain = text.replace("*", "").replace("?", "")

    assert matches({"key": plain}, {"key": plain})
    assert not matches({"key": plain}, {"key": plain + "x"})


def test_a_hostile_glob_takes_no_longer_than_a_kind_one() -> None:
    started = perf_counter()

    assert not matches({"key": "*a" * 30 + "b"}, {"key": "a" * 5_000})

    assert perf_counter() - started < 1


def test_an_explanation_shows_each_condition_beside_what_the_call_has() -> None:
    when = {"workflow": "support-*", "environment": ["prod", "stage"], "tag.team": "cx"}
    call = {"workflow": "support-drafter", "environment": "dev", "model": "gpt-5"}

    assert explain(when, call) == [
        Condition("workflow", ("support-*",), "support-drafter", ok=True),
        Condition("environment", ("prod", "stage"), "dev", ok=False),
        Condition("tag.team", ("cx",), "", ok=False),
    ]


@given(
    st.dictionaries(st.sampled_from(KNOWN), st.sampled_from(["a", "b", "*", "?", ""])),
    st.dictionaries(st.sampled_from(KNOWN), st.sampled_from(["a", "b", ""])),
)
def test_a_rule_holds_exactly_where_all_of_its_explanation_does(
    when: dict[str, str], call: dict[str, str]
) -> None:
    assert matches(when, call) == all(condition.ok for condition in explain(when, call))


@pytest.mark.parametrize(
    "when",
    [{}, {"key": "k1"}, {"key": ["k1", "k*"], "tag.team": "cx"}, {"workflow": ""}],
)
def test_a_sound_when_has_no_problems(when: object) -> None:
    assert validate_when(when, KNOWN) == []


@pytest.mark.parametrize(
    ("when", "problems"),
    [
        ([], ["`when` must be an object of attributes, not []."]),
        ("key=k1", ["`when` must be an object of attributes, not 'key=k1'."]),
        (
            {"worflow": "x"},
            ["`worflow` is not an attribute of a call. Did you mean `workflow`?"],
        ),
        (
            {"zzz": "x"},
            ["`zzz` is not an attribute of a call. A tag is written `tag.NAME`."],
        ),
        ({"tag.": "x"}, ["`tag.` is not an attribute of a call. A tag is written `tag.NAME`."]),
        ({3: "x"}, ["An attribute's name must be text, not 3."]),
        ({"key": 7}, ["`key` must be a text or a list of texts, not 7."]),
        ({"key": b"k"}, ["`key` must be a text or a list of texts, not b'k'."]),
        ({"key": []}, ["`key` is an empty list, which no call can satisfy."]),
        ({"key": ["a", None]}, ["`key` must be compared with text, not None."]),
        ({"key": "x" * 501}, ["`key` is compared with more than 500 characters."]),
    ],
)
def test_each_thing_wrong_with_a_when_is_a_sentence(when: object, problems: list[str]) -> None:
    assert validate_when(when, KNOWN) == problems


def test_all_problems_of_a_when_are_told_at_once() -> None:
    assert len(validate_when({"keyy": [], "model": 4}, KNOWN)) == 3
