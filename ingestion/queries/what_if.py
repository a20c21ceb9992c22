"""What calls would have cost on another model, at that model's prices of their own day."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction

from finops.money import PICO_PER_USD, usd_of
from finops.pricing import TOKENS_PER_PRICE, PriceCard, card_at, price_of
from ingestion.queries.call_profiles import CallPart
from ingestion.queries.prices import Name, PricedModel, cards_for


def usd_on(parts: Iterable[CallPart], *, name: Name, at_home: str, version: int) -> Decimal | None:
    """Return what parts of calls cost on a model, exactly, to a pico-dollar.

    At the account's own prices where the model is of the provider `at_home`, at list
    prices elsewhere. None where a token has no price at its time, or where a price goes by
    the hour or by shares of a bracket, which sums of calls cannot tell.
    """
    total = Fraction(0)
    for part in parts:
        account = part.account if name.provider == at_home else ""
        priced = PricedModel(*name, account, part.service_tier, part.region)
        cards = cards_for(priced, version=version)
        card = card_at(cards.effective, part.at) if cards else None
        usd = _usd(part, card) if card else None
        if usd is None:
            return None
        total += usd
    return usd_of(round(total * PICO_PER_USD))


def _usd(part: CallPart, card: PriceCard) -> Fraction | None:
    if card.hours is not None or card.bracket_marginal:
        return None
    tokens = _tokens_usd(part.tokens, part.context_tokens, card)
    if tokens is None:
        return None
    fees = {fee.counter: fee for fee in card.fees}
    fee = fees.get("web_searches")
    return tokens + (Fraction(fee.usd) * part.web_searches / fee.units if fee else 0)


def _tokens_usd(tokens: Mapping[str, int], context_tokens: int, card: PriceCard) -> Fraction | None:
    total = Fraction(0)
    for name, count in tokens.items():
        price = price_of(name, context_tokens, card)
        if price is None:
            return None
        total += Fraction(price) * count / TOKENS_PER_PRICE
    return total
