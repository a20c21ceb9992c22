"""Looking rules up finds what trying them one by one finds."""

from hypothesis import given
from hypothesis import strategies as st

from tokenops_sidecar.match import Assignment, Rule, is_like

WORDS = st.text(alphabet="ab*?", max_size=3)
RULES = st.builds(
    Rule,
    when=st.dictionaries(
        st.sampled_from(["key", "model", "tag.team"]),
        st.lists(WORDS, max_size=3).map(tuple),
        max_size=3,
    ),
    scope=st.sampled_from(["x", "y", "z"]),
)
CALLS = st.dictionaries(
    st.sampled_from(["key", "model", "tag.team"]), st.text(alphabet="ab", max_size=3) | st.none()
)


@given(st.lists(RULES, max_size=12), CALLS)
def test_the_first_rule_that_holds_is_found(rules: list[Rule], call: dict[str, str | None]) -> None:
    found = Assignment(rules).place(call)

    assert found == next((at for at, rule in enumerate(rules) if rule.holds(call)), None)


def test_a_glob_made_to_try_every_split_is_answered_at_once() -> None:
    assert not is_like("a" * 5_000, "*a" * 100 + "b")
