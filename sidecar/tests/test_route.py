"""Which line of the routes is for a call."""

from hypothesis import given
from hypothesis import strategies as st

from tokenops_sidecar.policy import Route, Routes

WORDS = st.sampled_from(["a", "b", "*", "a*", "?"])
LINES = st.lists(st.tuples(WORDS, WORDS, WORDS), max_size=12)
ACTUAL = st.sampled_from(["a", "b", "ab", ""])


@given(LINES, ACTUAL, ACTUAL, ACTUAL)
def test_the_first_line_that_holds_is_found_however_it_is_looked_up(
    lines: list[tuple[str, str, str]], task_type: str, complexity: str, risk: str
) -> None:
    listed = [Route(*line, f"tier-{place}", (), "sync") for place, line in enumerate(lines)]
    labels = task_type, complexity, risk

    found = Routes(listed).line(*labels)

    assert found == next((line for line in listed if line.holds(*labels)), None)
