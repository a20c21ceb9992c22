"""Plotly figures. Money turns to float here, for drawing only, and never comes back.

Colours are names of the page's own: `var(--series-1)` is looked up when it is drawn, so
that one figure serves light and dark.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import plotly.graph_objects as go

from dashboard.stacks import NAME_OF_UNALLOCATED, OTHER, Amount, Stack

MONEY_AXIS = {"tickprefix": "$", "tickformat": "~s"}
DAY_MS, FEW_DAYS = 86_400_000, 10
COUNT_AXIS = {"tickformat": "~s"}
HATCH = {
    "shape": "/",
    "bgcolor": "var(--surface)",
    "fgcolor": "var(--series-unallocated)",
    "size": 6,
    "solidity": 0.4,
}


NOTE = {
    "showarrow": False,
    "xanchor": "left",
    "yanchor": "top",
    "font": {"size": 11, "color": "var(--text-2)"},
}
WHOLE = 100


class BurnDownPoint(NamedTuple):
    """The end of a day; None where a figure is not known or not of that day."""

    day: date
    plan_usd: Decimal
    left_usd: Decimal | None
    forecast_usd: Decimal | None
    low_usd: Decimal | None
    high_usd: Decimal | None


class BurnDownDrawing(NamedTuple):
    """A burn-down and what is marked on it.

    `thresholds` have the percent that is used and what is left then, `events` a day and
    words; `gone_on` is the day the money is expected to be gone, None where it lasts.
    """

    on: date
    points: Sequence[BurnDownPoint]
    thresholds: Sequence[tuple[int, Decimal]]
    gone_on: date | None
    events: Sequence[tuple[date, str]]


def stacked_bars(stack: Stack, *, is_money: bool) -> dict[str, Any]:
    """Return bars per step, a layer per series."""
    figure = go.Figure(
        layout={"barmode": "relative", "yaxis": MONEY_AXIS if is_money else COUNT_AXIS}
    )
    for number, series in enumerate(stack.series, start=1):
        figure.add_bar(
            x=list(stack.steps),
            y=[float(value) for value in series.values],
            name=series.name,
            marker=_marker(series.name, number),
            hovertemplate="%{y:$,.2f}" if is_money else "%{y:,}",
        )
    return plain(figure)


def burn_down(drawing: BurnDownDrawing) -> dict[str, Any]:
    """Return what is left day by day: actual, plan, and the forecast within its range."""
    points = drawing.points
    figure = go.Figure(layout={"yaxis": MONEY_AXIS | {"rangemode": "normal"}})
    ahead = [point for point in points if point.forecast_usd is not None]
    figure.add_scatter(
        x=[point.day for point in points],
        y=[float(point.plan_usd) for point in points],
        name="Plan",
        line={"dash": "dash", "width": 1.5, "color": "var(--text-3)"},
    )
    if ahead:
        _add_forecast(figure, ahead)
    figure.add_scatter(
        x=[point.day for point in points],
        y=[_float(point.left_usd) for point in points],
        name="Left",
        line={"width": 2.5, "color": "var(--series-1)"},
    )
    _add_thresholds(figure, drawing.thresholds)
    _add_days(figure, drawing)
    return plain(figure)


def spend_and_cap(days: Sequence[tuple[date, Decimal | None, Decimal | None]]) -> dict[str, Any]:
    """Return a bar for what each day spent beside the cap of the day, where there is one."""
    # A few days are ticked one by one: left alone the axis would tick hours.
    ticks = {"dtick": DAY_MS} if len(days) <= FEW_DAYS else {}
    figure = go.Figure(layout={"yaxis": MONEY_AXIS, "xaxis": {"tickformat": "%-d %b"} | ticks})
    x = [day for day, _, _ in days]
    figure.add_bar(
        x=x,
        y=[_float(spent) for _, spent, _ in days],
        name="Spent",
        marker={"color": "var(--series-1)"},
        hovertemplate="%{y:$,.2f}",
    )
    figure.add_scatter(
        x=x,
        y=[_float(cap) for _, _, cap in days],
        name="Daily cap",
        mode="lines",
        line={"shape": "hvh", "dash": "dot", "width": 1.5, "color": "var(--danger)"},
    )
    return plain(figure)


def plain(figure: go.Figure) -> dict[str, Any]:
    """Return the figure as JSON can write it, without plotly's own template."""
    found: dict[str, Any] = figure.to_plotly_json()
    found.get("layout", {}).pop("template", None)
    return found


def _add_forecast(figure: go.Figure, ahead: Sequence[BurnDownPoint]) -> None:
    days = [point.day for point in ahead]
    unseen = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    figure.add_scatter(x=days, y=[_float(p.low_usd) for p in ahead], showlegend=False, **unseen)
    figure.add_scatter(
        x=days,
        y=[_float(p.high_usd) for p in ahead],
        name="80% range",
        fill="tonexty",
        fillcolor="var(--band)",
        **unseen,
    )
    figure.add_scatter(
        x=days,
        y=[_float(p.forecast_usd) for p in ahead],
        name="Forecast",
        line={"dash": "dot", "width": 2, "color": "var(--series-1)"},
    )


def _add_thresholds(figure: go.Figure, thresholds: Sequence[tuple[int, Decimal]]) -> None:
    for used, left_usd in thresholds:
        color = "var(--danger)" if used == WHOLE else "var(--border-strong)"
        figure.add_hline(
            y=float(left_usd),
            line={"color": color, "width": 1.5 if used == WHOLE else 1, "dash": "dot"},
            annotation={"text": f"{used}% used", "font": {"size": 11, "color": "var(--text-2)"}},
            annotation_position="top left",
        )


def _add_days(figure: go.Figure, drawing: BurnDownDrawing) -> None:
    """Mark today, the day the money is gone, and what happened on the way."""
    days = [point.day for point in drawing.points]
    if days and days[0] <= drawing.on <= days[-1]:
        figure.add_vline(x=drawing.on, line={"color": "var(--text-3)", "width": 1})
        figure.add_annotation(x=drawing.on, y=1, yref="paper", text="Today", **NOTE)
    if drawing.gone_on is not None:
        figure.add_scatter(
            x=[drawing.gone_on],
            y=[0],
            name="Runs out",
            mode="markers",
            marker={"symbol": "x", "size": 10, "color": "var(--danger)"},
        )
    if drawing.events:
        figure.add_scatter(
            x=[day for day, _ in drawing.events],
            y=[float(drawing.thresholds[-1][1])] * len(drawing.events),
            text=[text for _, text in drawing.events],
            name="Price changes",
            mode="markers",
            hovertemplate="%{text}<extra></extra>",
            marker={
                "symbol": "line-ns-open",
                "size": 12,
                "color": "var(--series-4)",
                "line": {"width": 2, "color": "var(--series-4)"},
            },
        )


def _marker(name: str, number: int) -> dict[str, Any]:
    if name == NAME_OF_UNALLOCATED:
        return {"color": "var(--series-unallocated)", "pattern": HATCH}
    return {"color": "var(--series-other)" if name == OTHER else f"var(--series-{number})"}


def _float(value: Amount | None) -> float | None:
    return None if value is None else float(value)
