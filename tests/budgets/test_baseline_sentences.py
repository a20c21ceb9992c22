"""The words of a baseline: those of its event table are those of the document."""

import re
from pathlib import Path

from budgets.baseline_sentences import LINES, line_of
from finops.stability.days import Rule

GATES = Path(__file__).parents[2] / "docs" / "gates.md"


def documented() -> list[tuple[str, str]]:
    """Return the lines of the event table as docs/gates.md has them."""
    text = GATES.read_text(encoding="utf-8")
    table = text.partition("| on the day | effect |\n|---|---|\n")[2].partition("\n\n")[0]
    return [
        (line, effect)
        for line, effect in re.findall(r"^\| (.+?) \| (.+?) \|$", table, re.MULTILINE)
    ]


def test_the_document_has_the_lines_in_the_order_in_which_they_apply() -> None:
    assert documented() == list(LINES.values())


def test_every_rule_has_its_line() -> None:
    assert set(LINES) == set(Rule)


def test_a_line_is_said_as_a_sentence() -> None:
    assert line_of(Rule.TRIP_TEST) == "A trip test: counts, with a note."
    assert line_of(Rule.PLAIN) == "None of its other lines: it counts."
