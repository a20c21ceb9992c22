"""What gate 1 was passed on, held against the same figures now: price, volume, margin."""

from datetime import date
from decimal import Decimal

from budgets.gates.rule import Gathered, Measures, number_in
from budgets.gates.worth_figures import CUSTOMER
from finops.gates.moves import moved
from finops.money import ROUNDED, calculated_in
from finops.unit_economics import margin_after, roi


def moved_since(then: Gathered, now: Gathered) -> list[str]:
    """Say which of price, volume and margin moved; a projection is not compared with facts."""
    if then.measures["is_projection"] or now.measures["is_projection"]:
        return []
    return moved(_watched(then), _watched(now))


@calculated_in(ROUNDED)
def _watched(found: Gathered) -> dict[str, Decimal | None]:
    measures = found.measures
    outcomes, ai_usd = number_in(measures["outcomes"]), number_in(measures["ai_usd"])
    start, until = (date.fromisoformat(found.window[name]) for name in ("from", "until"))
    figures = {
        "The number of results a day": outcomes / (until - start).days if outcomes else None,
        "The AI cost of a result": ai_usd / outcomes if outcomes and ai_usd is not None else None,
    }
    if measures["kind"] != CUSTOMER:
        return figures | {"The return": _return(measures)}
    sold = ("price_usd", "other_usd", "p50_usd")
    price, other, p50 = (number_in(measures[name]) for name in sold)
    margin = None
    if price and other is not None and p50 is not None:
        margin = margin_after(
            price_usd=price, other_usd=other, ai_usd=p50, waste=Decimal(measures["waste"])
        )
    return figures | {"The price of a piece": price, "The gross margin": margin}


def _return(measures: Measures) -> Decimal | None:
    benefit, cost = number_in(measures["benefit_usd"]), number_in(measures["cost_usd"])
    return roi(benefit=benefit, cost=cost) if benefit is not None and cost is not None else None
