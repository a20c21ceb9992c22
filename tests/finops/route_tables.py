"""Recalculates the tables of docs/arithmetic.md about where a kind of work goes."""

from decimal import Decimal

from finops.right_sizing import Evidence
from finops.routing import Option, choose, mapped_rank
from tests.finops.document import Row

TIERS = ("local", "economy", "mid", "frontier")
REQUIRED = Decimal("0.93")


def mapped(rows: list[Row]) -> None:
    for row in rows:
        rank = mapped_rank(row["task type"], row["complexity"], row["risk"])
        assert TIERS[rank] == row["tier"]


def choices(rows: list[Row]) -> None:
    for row in rows:
        chosen = choose(
            [
                Option("mini", 1, Decimal("0.001"), _graded(row, "mini")),
                Option("mid-1", 2, Decimal("0.01"), _graded(row, "mid-1")),
                Option("top", 3, Decimal("0.035")),
            ],
            mapped=TIERS.index(row["mapped"]),
            floor=TIERS.index(row["floor"]),
            required=REQUIRED,
            is_high_risk=row["risk"] == "high",
        )
        assert chosen is not None
        assert TIERS[chosen.rank] == row["tier"]
        assert ", ".join(chosen.models) == row["models"]
        assert chosen.why.value == row["by"]


def _graded(row: Row, name: str) -> Evidence | None:
    passed = row[f"{name} passed of 300"]
    if not passed:
        return None
    return Evidence(300, int(passed), Decimal(row.get(f"{name} escalated") or 0))
