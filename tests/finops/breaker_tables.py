"""The tables of docs/arithmetic.md about breakers, and the margins they are judged by."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from finops.breaker import Cooling, Readings, Standing, State, Terms, Watch, step
from finops.breaker_readings import Probe
from finops.cap import ClockWindow, clock_window
from finops.rolling_margin import Accrued, gross_margin
from tests.finops.document import Row

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
CLOCKS: dict[str, ClockWindow] = {"minute": "minute", "hour": "hour"}


def clock_windows(rows: list[Row]) -> None:
    for row in rows:
        window = clock_window(CLOCKS[row["window"]], _utc(row["at (UTC)"]))
        assert window == (_utc(row["from"]), _utc(row["starts anew"]))


def rolling_margins(rows: list[Row]) -> None:
    for row in rows:
        brought_in = Accrued(Decimal(row["revenue"]), Decimal(row["other costs"]))
        margin = gross_margin(ai_usd=Decimal(row["AI cost"]), accrued=brought_in)
        assert (f"{margin:.4f}" if margin is not None else "") == row["margin"]


def shares(rows: list[Row]) -> None:
    for row in rows:
        minutes = row["calm for (min)"]
        calm_since = AT - timedelta(minutes=int(minutes)) if minutes else None
        before = State(row["before"])
        standing = Standing(before, 1, "cap_day", watch=Watch(calm_since=calm_since))
        readings = Readings(day_share=Decimal(row["spent"]) / Decimal(row["cap"]))
        move = step(standing, readings, Terms(), AT)
        assert (move.to if move else before) == row["after"]


def cool_downs(rows: list[Row]) -> None:
    for row in rows:
        lasts = timedelta(minutes=int(row["cooled down for (min)"]))
        half_open = Standing(State.HALF_OPEN, 1, "loop", until=AT, cooling=Cooling("loop", lasts))
        calls = 10 if row["the test"] == "bad" else 0
        probe = Probe(calls=calls, allowed=10, is_fine=False if calls else None)
        move = step(half_open, Readings(probe=probe), Terms(), AT)
        assert move is not None
        assert move.until == AT + timedelta(minutes=int(row["next (min)"]))


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
