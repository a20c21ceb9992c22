"""Recalculates the tables of docs/arithmetic.md about models: graded, sized, routed."""

from decimal import Decimal

from finops.complexity import band_of, complexity
from finops.gates.optimisation import Optimised, judge_optimisation
from finops.money import to_cents, usd_of
from finops.pricing import Price, PriceCard, rate_call
from finops.right_sizing import Candidate, Evidence, Work, right_size
from finops.router_economics import (
    cascade,
    is_worth_asking,
    most_escalated,
    most_on_strong,
    predictive,
)
from finops.wilson import wilson_lower
from tests.finops.document import Row

CALLS, IN, OUT = 100_000, 1500, 400
NOW = Evidence(graded=300, passed=294)


def wilson(rows: list[Row]) -> None:
    for row in rows:
        passed, graded = int(row["passed"]), int(row["graded"])
        assert f"{Decimal(passed) / graded:.3f}" == row["share"]
        assert f"{wilson_lower(passed, graded):.3f}" == row["at least"]


def _per_call(in_usd: str, out_usd: str) -> Decimal:
    prices = (Price("in_text", Decimal(in_usd)), Price("out_text", Decimal(out_usd)))
    return usd_of(rate_call({"in_text": IN, "out_text": OUT}, {}, PriceCard(prices)).pico or 0)


def _work() -> Work:
    total_usd = _per_call("10", "50") * CALLS
    return Work(calls=CALLS, total_usd=total_usd, evidence=NOW, required=Decimal("0.93"))


def right_sizing(rows: list[Row]) -> None:
    work = _work()
    for row in rows:
        total_usd = _per_call(*row["candidate's prices"].split(", ")) * CALLS
        evidence = Evidence(300, 291, Decimal(row["escalated"]), Decimal(row["verify"]), 7)
        candidate = Candidate(name="m", total_usd=total_usd, rank=2, evidence=evidence)
        sized = right_size(work, [candidate])
        assert (sized.judged[0].effective_usd or 0) / CALLS == Decimal(row["effective"])
        assert str(to_cents(sized.avoidable_usd)) == row["avoidable"]
        assert f"{sized.avoidable_usd / work.total_usd:.1%}" == row["of now"]


def evidence(rows: list[Row]) -> None:
    for row in rows:
        graded = Evidence(
            int(row["graded"]), int(row["passed"]), shadow_days=int(row["days in shadow"])
        )
        candidate = Candidate(name="m", total_usd=Decimal(1), rank=2, evidence=graded)
        [judged] = right_size(_work(), [candidate]).judged
        assert (judged.verdict, graded.confidence) == (row["verdict"], row["confidence"])


def complexities(rows: list[Row]) -> None:
    for row in rows:
        names = ("creativity", "reasoning", "constraints", "domain", "context")
        scores = {name: Decimal(row[name]) for name in names}
        found = complexity(scores | {"few_shots": Decimal(row["few-shots"])})
        assert found == Decimal(row["complexity"])
        assert band_of(found) == row["band"]


def routers(rows: list[Row]) -> None:
    for row in rows:
        own, weak, strong, share = (
            Decimal(row[name]) for name in ("router or verify", "weak", "strong", "share on strong")
        )
        if row["kind"] == "predictive":
            found = predictive(router_usd=own, weak_usd=weak, strong_usd=strong, strong_calls=share)
        else:
            found = cascade(weak_usd=weak, verify_usd=own, strong_usd=strong, escalated=share)
        assert found.usd == Decimal(row["cost"])
        assert f"{found.saved:.1%}" == row["saved"]
        assert f"{found.strong_share:.1%}" == row["strong's share of cost"]


def router_limits(rows: list[Row]) -> None:
    for row in rows:
        saving = Decimal(row["saving"])
        prices = [Decimal(price) for price in row["prices"].split(", ")]
        if row["kind"] == "price gap":
            most = most_on_strong(price_gap=prices[0], saving=saving)
        else:
            weak, verify, strong = prices
            most = most_escalated(
                weak_usd=weak, verify_usd=verify, strong_usd=strong, saving=saving
            )
        assert f"{most:.1%}" == row["at most"]


def router_skip(rows: list[Row]) -> None:
    for row in rows:
        call_usd, router_usd = Decimal(row["costs"]), Decimal(row["classifier"])
        assert f"{router_usd / call_usd:.0%}" == row["overhead"]
        asked = is_worth_asking(router_usd=router_usd, call_usd=call_usd)
        assert row["asked"] == ("yes" if asked else "no")


def optimisation(rows: list[Row]) -> None:
    for row in rows:
        known = Optimised(
            calls=42_000,
            days=30,
            unknown_calls=0,
            calls_without_latency=0,
            spend_usd=Decimal(row["spent"]) if row["spent"] else None,
            avoidable_usd=Decimal(row["avoidable"]) if row["avoidable"] else None,
            avoidable_limit=Decimal("0.10"),
            frontier_on_simple=Decimal(row["frontier on simple"]),
            fewest_graded=300,
            waived_days=int(row["waived days"]) if row["waived days"] else None,
            waiver_quarters=int(row["quarters"]),
            advice=(),
            missing=(),
        )
        share = known.avoidable_share
        assert row["share"] == ("" if share is None else f"{share:.1%}")
        assert judge_optimisation(known).outcome == row["outcome"]
