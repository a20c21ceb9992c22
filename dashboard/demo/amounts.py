"""What calls of a shape cost, and the round figures that people plan with."""

from datetime import datetime
from decimal import ROUND_UP, Decimal

from dashboard.demo.calls import PREFIX
from dashboard.demo.catalogue import MODELS
from dashboard.demo.history import History
from dashboard.demo.workflows import Shape, Workload
from finops.money import usd_of
from finops.pricing import card_at, rate_call
from ingestion.queries.prices import PricedModel, cards_for, price_book_version

CENT = Decimal("0.01")
_SMALLEST_EXPONENT = -2


def usd_per_call(workload: Workload, *, passed: float, at: datetime) -> Decimal:
    """Return the average cost of the workload's calls; 0 for what has no price."""
    mix = workload.models_at(passed)
    costs = (
        _usd_of_shape(workload.shape, name, account=workload.account, at=at) * weight
        for name, weight in mix.items()
    )
    return sum(costs, Decimal(0)) / sum(mix.values())


def round_figure(usd: Decimal) -> Decimal:
    """Round up to two leading digits, and to whole cents."""
    exponent = max(usd.adjusted() - 1, _SMALLEST_EXPONENT)
    return max(usd.quantize(Decimal(1).scaleb(exponent), ROUND_UP).quantize(CENT), CENT)


def scaled(usd: Decimal, history: History) -> Decimal:
    """Return a figure written for the reference volume, as this history's volume asks."""
    return round_figure(usd * history.scale)


def _usd_of_shape(shape: Shape, name: str, *, account: str, at: datetime) -> Decimal:
    model = MODELS[name]
    priced = PricedModel(model.provider, name, account or model.account, "standard")
    cards = cards_for(priced, version=price_book_version())
    card = card_at(cards.effective, at) if cards else None
    if card is None:
        return Decimal(0)
    tokens = _mean_tokens(shape, writes=model.charges_cache_writes)
    fee = rate_call({}, {"web_searches": 1}, card).pico or 0
    search_usd = usd_of(fee) * Decimal(str(shape.searches))
    return usd_of(rate_call(tokens, {}, card).pico or 0) + search_usd


def _mean_tokens(shape: Shape, *, writes: bool) -> dict[str, int]:
    prefix = shape.context * PREFIX if shape.hit else 0.0
    read = round(prefix * shape.hit)
    write = round(prefix) - read if writes else 0
    return {
        "in_text": shape.context - read - write,
        "in_cache_read": read,
        "in_cache_write_1h" if shape.long_cache else "in_cache_write_5m": write,
        "out_text": shape.out,
        "out_reasoning": shape.reasoning,
    }
