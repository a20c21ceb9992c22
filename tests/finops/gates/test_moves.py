"""Figures of a pass that moved: by more than a tenth either way, as far as both are known."""

from decimal import Decimal

import pytest

from finops.gates.moves import moved

D = Decimal


@pytest.mark.parametrize(
    ("then", "now", "says"),
    [
        (D(100), D(110), None),
        (D(100), D("110.1"), "+10.1%"),
        (D(100), D("89.9"), "-10.1%"),
        (D("-0.10"), D("-0.20"), "-100.0%"),
        (D(0), D(5), None),
        (None, D(5), None),
        (D(5), None, None),
    ],
)
def test_more_than_a_tenth_is_a_move(then: D | None, now: D | None, says: str | None) -> None:
    found = moved({"The price": then}, {"The price": now})

    assert found == ([] if says is None else [f"The price moved by {says}, where 10% is the most."])


def test_every_figure_that_moved_is_named_in_its_place() -> None:
    then = {"Price": D(1), "Volume": D(10), "Margin": D("0.5")}
    now = {"Price": D(2), "Volume": D(10), "Margin": D("0.4")}

    assert [each.split()[0] for each in moved(then, now)] == ["Price", "Margin"]
