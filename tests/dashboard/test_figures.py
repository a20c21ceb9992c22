"""Figures: what the charts are told to draw."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

from dashboard.figures import (
    BurnDownDrawing,
    BurnDownPoint,
    burn_down,
    spend_and_cap,
    stacked_bars,
)
from dashboard.stacks import Series, Stack


def test_bars_carry_colours_by_name_and_unallocated_is_hatched() -> None:
    stack = Stack(
        ["2026-11-01"],
        [
            Series("Support", [Decimal("1.25")]),
            Series("Other", [Decimal(1)]),
            Series("Unallocated", [Decimal("0.50")]),
        ],
    )

    figure = json.loads(json.dumps(stacked_bars(stack, is_money=True)))

    assert [(bar["name"], bar["y"], bar["marker"]["color"]) for bar in figure["data"]] == [
        ("Support", [1.25], "var(--series-1)"),
        ("Other", [1.0], "var(--series-other)"),
        ("Unallocated", [0.5], "var(--series-unallocated)"),
    ]
    assert figure["data"][2]["marker"]["pattern"]["shape"] == "/"
    assert figure["layout"] == {
        "barmode": "relative",
        "yaxis": {"tickprefix": "$", "tickformat": "~s"},
    }


POINTS = [
    BurnDownPoint(date(2026, 11, 1), Decimal(90), Decimal(95), None, None, None),
    BurnDownPoint(date(2026, 11, 2), Decimal(80), None, Decimal(90), Decimal(85), Decimal(92)),
]
DRAWING = BurnDownDrawing(
    on=date(2026, 11, 2),
    points=POINTS,
    thresholds=[(50, Decimal(50)), (100, Decimal(0))],
    gone_on=date(2026, 11, 12),
    events=[(date(2026, 11, 1), "New price: gpt-5")],
)


def drawn(figure: dict[str, Any]) -> dict[str | None, list[float | None]]:
    return {trace.get("name"): list(trace["y"]) for trace in figure["data"]}


def test_a_burn_down_leaves_out_what_is_not_known() -> None:
    figure = burn_down(DRAWING._replace(gone_on=None, events=[]))

    assert drawn(figure) == {
        "Plan": [90.0, 80.0],
        None: [85.0],
        "80% range": [92.0],
        "Forecast": [90.0],
        "Left": [95.0, None],
    }


def test_a_burn_down_marks_today_thresholds_the_end_and_what_happened() -> None:
    figure = burn_down(DRAWING)

    lines = [(line["x0"], line["y0"]) for line in figure["layout"]["shapes"]]
    words = [note["text"] for note in figure["layout"]["annotations"]]
    assert lines == [(0, 50.0), (0, 0.0), (date(2026, 11, 2), 0)]
    assert words == ["50% used", "100% used", "Today"]
    assert drawn(figure)["Runs out"] == [0.0]
    [events] = [trace for trace in figure["data"] if trace.get("name") == "Price changes"]
    assert list(events["text"]) == ["New price: gpt-5"]


def test_a_burn_down_of_another_year_has_no_today() -> None:
    figure = burn_down(DRAWING._replace(on=date(2027, 1, 1)))

    assert "Today" not in [note["text"] for note in figure["layout"]["annotations"]]


def test_what_is_not_known_of_a_day_is_not_drawn_as_nothing() -> None:
    days = [
        (date(2026, 11, 1), Decimal("2.50"), Decimal(10)),
        (date(2026, 11, 2), None, Decimal(10)),
    ]

    bars, cap = spend_and_cap(days)["data"]

    assert (bars["y"], cap["y"]) == ([2.5, None], [10.0, 10.0])
