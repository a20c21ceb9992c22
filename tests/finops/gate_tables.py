"""The tables of gates in docs/arithmetic.md, recalculated."""

from dataclasses import replace
from decimal import Decimal

from finops.gates.breaker import RATES, Protection, TripTest, judge_breaker, overshoot
from finops.gates.changes import Configuration, material_changes, token_drift
from finops.gates.criteria import Criterion, Unit, Verdict, judgement
from finops.gates.worth import (
    CustomerWork,
    InternalWork,
    Known,
    judge_customer,
    judge_internal,
)
from finops.unit_economics import roi
from tests.finops.document import Row

NOTHING = Configuration(
    cap_usd=Decimal(1), daily_cap_usd=Decimal(1), match=[], models=[], median_tokens=None
)
ALL_KNOWN = Known(
    outcomes=Decimal(1000), coverage=Decimal(1), unpriced_calls=0, is_projection=False
)


def judgements(rows: list[Row]) -> None:
    for row in rows:
        fatal, other, unknown = (
            int(row[name]) for name in ("fatal missed", "other missed", "unknown")
        )
        criteria = [
            *[_criterion("fatal", Verdict.MISSED)] * fatal,
            *[_criterion("other", Verdict.MISSED)] * other,
            *[_criterion("unknown", Verdict.UNKNOWN)] * unknown,
            _criterion("met", Verdict.MET),
        ]
        found = judgement(criteria, failing={"fatal"})
        assert (found.outcome, str(len(found.reasons))) == (row["outcome"], row["reasons"])


def drifts(rows: list[Row]) -> None:
    for row in rows:
        then, now = (Decimal(row[name]) if row[name] else None for name in ("then", "now"))
        drift = token_drift(then, now)
        changes = material_changes(
            replace(NOTHING, median_tokens=then), replace(NOTHING, median_tokens=now)
        )
        assert ("" if drift is None else f"{drift:.1%}") == row["drift"]
        assert bool(changes) == (row["material"] == "yes")


def internal(rows: list[Row]) -> None:
    for row in rows:
        benefit, cost = Decimal(row["benefit"]), Decimal(row["cost"])
        work = InternalWork(benefit_usd=benefit, cost_usd=cost, hurdle=Decimal(row["hurdle"]))
        returned = roi(benefit=benefit, cost=cost)
        assert judge_internal(ALL_KNOWN, work).outcome == row["outcome"]
        assert f"{returned:.0%}" == row["return"]


def customer(rows: list[Row]) -> None:
    for row in rows:
        work = CustomerWork(
            price_usd=Decimal(row["price"]),
            other_usd=Decimal(row["other"]),
            p50_usd=Decimal(row["P50"]),
            p90_usd=Decimal(row["P90"]),
            waste=Decimal(row["waste"]),
            target=Decimal(row["target"]),
            floor=Decimal(row["floor"]),
        )
        found = judge_customer(ALL_KNOWN, work)
        measured = {each.code: each.measured for each in found.criteria}
        assert found.outcome == row["outcome"]
        assert f"{measured['target']:.0%}" == row["margin at P50"]
        assert f"{measured['floor']:.0%}" == row["margin at P90"]


def breaker(rows: list[Row]) -> None:
    for row in rows:
        cap, stopped = Decimal(row["daily cap"]), row["stopped at"]
        test = TripTest(cap_usd=cap, stopped_usd=Decimal(stopped), days_ago=1) if stopped else None
        known = Protection(
            revision=1,
            daily_cap_usd=cap,
            expected_usd=Decimal(row["P95 day"]),
            left_usd=Decimal(row["left"]),
            rates=RATES,
            blocks_when_stale=True,
            routers=1,
            acknowledging=1,
            owner="Grace",
            on_call="Ed",
            trip_test=test,
        )
        assert judge_breaker(known).outcome == row["outcome"]
        assert (f"{overshoot(test):.1%}" if test else "") == row["overshoot"]


def _criterion(code: str, verdict: Verdict) -> Criterion:
    return Criterion(
        code=code,
        label=code,
        measured=None,
        limit=None,
        unit=Unit.WORD,
        verdict=verdict,
        says=code,
    )
